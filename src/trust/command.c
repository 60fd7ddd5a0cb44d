/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ipc/trust_date.h"
#include "lib/clock.h"
#include "lib/memory.h"
#include "trust/check.h"
#include "x509/compat.h"

/* The first date that is to be told of. */
static int
tell_date(const struct buffer *bytes, int64_t now, char *why, size_t size)
{
	char text[IPC_TRUST_DATE_TEXT_MAX];
	struct ipc_trust_index index;
	struct ipc_trust_date date;
	size_t pos = 0;

	if (ipc_trust_index_open(buffer_view(bytes), &index) != 0)
		panic("an index that was made can be read");
	while (ipc_trust_date_next(&index, &pos, &date)) {
		if (now < date.tell_from)
			continue;
		ipc_trust_date_text(&date, now, text);
		snprintf(why, size, "%s", text);
		return date.kind == IPC_TRUST_DATE_SERVER && now >= date.ends_at
			   ? -EINVAL
			   : 1;
	}
	return 0;
}

static int
check_files(const struct config *config, const struct trust_files *files,
    char *why, size_t size)
{
	const struct ipc_trust_check check = {
		.generation = 1,
		.needs_all_crls = config->tls.crl_required ==
				  CONFIG_CRL_REQUIRED_ALL,
		.grace_seconds = IPC_TRUST_GRACE_FOR_EVER,
	};
	struct trust_result *result = memory_new(1, sizeof(*result));
	int64_t now = clock_realtime_seconds();
	int status = trust_check(files, &check, now, result);

	if (status == 0)
		status = tell_date(&result->index, now, why, size);
	else
		snprintf(why, size, "%s", result->text);
	trust_result_done(result);
	free(result);
	return status;
}

int
trust_credentials_check(const struct config *config,
    const struct proc_credentials *credentials, char *why, size_t size)
{
	struct trust_file *crls = memory_new(credentials->crl_count + 1,
	    sizeof(*crls));
	const struct trust_files files = {
		.certificate = { config->tls.certificate,
		    buffer_view(&credentials->certificate) },
		.client_ca = { config->tls.client_ca,
		    buffer_view(&credentials->client_ca) },
		.crl_count = credentials->crl_count,
		.crls = crls,
	};
	int status;

	for (size_t i = 0; i < files.crl_count; i++)
		crls[i] = (struct trust_file){ config->tls.crl.items[i],
			buffer_view(&credentials->crls[i]) };
	compat_start();
	status = check_files(config, &files, why, size);
	free(crls);
	return status;
}
