/* SPDX-License-Identifier: Apache-2.0 */
#include "check_files.h"

#include "gate/credentials.h"
#include "proc/confined.h"

#define LINE_MAX_BYTES 4096

struct checked {
	const struct config *config;
	struct proc_credentials *credentials;
};

static void
forget_key(void *context)
{
	struct checked *checked = context;

	buffer_wipe(&checked->credentials->private_key);
}

static int
check_trust(void *context, struct buffer *text)
{
	struct checked *checked = context;

	return trust_credentials_check(checked->config, checked->credentials,
	    text);
}

/* They may be larger than all that the role key may have. */
static void
forget_crls(void *context)
{
	struct checked *checked = context;

	proc_credentials_forget_crls(checked->credentials);
}

static int
check_key(void *context, struct buffer *text)
{
	struct checked *checked = context;
	char why[LINE_MAX_BYTES] = "";
	int status = gate_credentials_check(checked->credentials, why,
	    sizeof(why));

	if (status > 0)
		buffer_append(text, BYTES_LITERAL(TRUST_WARNING));
	buffer_append(text, bytes_of_string(why));
	return status;
}

int
check_files(const struct config *config, struct proc_credentials *credentials,
    struct buffer *text)
{
	struct checked checked = { config, credentials };
	struct proc_confined_work trust = { forget_key, check_trust, &checked };
	struct proc_confined_work key = { forget_crls, check_key, &checked };
	struct buffer said = { NULL, 0, 0 };
	size_t len = text->len;
	int of_key = 0, status = proc_confined_run(role_find(IPC_ROLE_TRUST),
			    config, &trust, text);

	if (status >= 0)
		of_key = proc_confined_run(role_find(IPC_ROLE_KEY), config,
		    &key, &said);
	/* Of what ends both tell. */
	if (of_key < 0 || (of_key > 0 && status == 0)) {
		if (text->len > len)
			buffer_append(text, BYTES_LITERAL("\n"));
		buffer_append(text, buffer_view(&said));
		status = of_key;
	}
	buffer_done(&said);
	proc_credentials_wipe(credentials);
	return status;
}
