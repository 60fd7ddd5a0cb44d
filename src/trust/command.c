/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/command.h"

#include <errno.h>
#include <stdlib.h>

#include "ipc/trust_date.h"
#include "lib/clock.h"
#include "lib/memory.h"
#include "trust/check.h"
#include "x509/compat.h"

static int
verdict_of(const struct ipc_trust_date *date, int64_t refused_at, int64_t now)
{
	if (date->kind == IPC_TRUST_DATE_SERVER && now >= date->ends_at)
		return -EINVAL;
	return now >= refused_at ? TRUST_LOCKS_OUT : TRUST_ENDS;
}

static void
add_line(struct buffer *text, bool is_warning, const char *line)
{
	if (text->len > 0)
		buffer_append(text, BYTES_LITERAL("\n"));
	if (is_warning)
		buffer_append(text, BYTES_LITERAL(TRUST_WARNING));
	buffer_append(text, bytes_of_string(line));
}

/* Every date that is to be told of. */
static int
tell_dates(const struct buffer *bytes, int64_t now, struct buffer *text)
{
	char line[IPC_TRUST_DATE_TEXT_MAX];
	struct ipc_trust_index index;
	struct ipc_trust_date date;
	int status = TRUST_GOOD;
	size_t pos = 0;

	if (ipc_trust_index_open(buffer_view(bytes), &index) != 0)
		panic("an index that was made can be read");
	while (ipc_trust_date_next(&index, &pos, &date)) {
		int64_t refused_at = ipc_trust_date_refused_at(&index, &date);
		int one;

		if (now < date.tell_from)
			continue;
		one = verdict_of(&date, refused_at, now);
		ipc_trust_date_text(&date, refused_at, now, line);
		add_line(text, one == TRUST_ENDS, line);
		if (one < 0 || (status >= 0 && one > status))
			status = one;
	}
	return status;
}

static int
check_files(const struct config *config, const struct trust_files *files,
    struct buffer *text)
{
	uint32_t grace = config->tls.crl_grace_seconds;
	const struct ipc_trust_check check = {
		.generation = 1,
		.needs_all_crls = config->tls.crl_required ==
				  CONFIG_CRL_REQUIRED_ALL,
		.grace_seconds = grace == CONFIG_CRL_GRACE_FOR_EVER
				     ? IPC_TRUST_GRACE_FOR_EVER
				     : grace,
	};
	struct trust_result *result = memory_new(1, sizeof(*result));
	int64_t now = clock_realtime_seconds();
	int status = trust_check(files, &check, now, result);

	if (status == 0)
		status = tell_dates(&result->index, now, text);
	else
		add_line(text, false, result->text);
	trust_result_done(result);
	free(result);
	return status;
}

int
trust_credentials_check(const struct config *config,
    const struct proc_credentials *credentials, struct buffer *text)
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
	status = check_files(config, &files, text);
	free(crls);
	return status;
}
