/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the reader gives: gathered, and compared with what is in use.
 */
#include <errno.h>
#include <unistd.h>

#include "config/change.h"
#include "master/reload_internal.h"

#define CONFIGURATION_BYTES_MAX (64 * 1024 * 1024)
/* More than tls.crl can name. */
#define CRLS_MAX 10000

static const char *const credential_settings[] = { "tls.certificate",
	"tls.private_key", "tls.client_ca" };

static void
add_file(struct reload *reload, const char *setting)
{
	struct buffer *files = &reload->report.files;

	if (files->len > 0)
		buffer_append(files, BYTES_LITERAL(", "));
	buffer_append(files, bytes_of_string(setting));
}

/* The name of each file whose bytes are others. */
static void
compare_files(struct reload *reload)
{
	struct state_files *now = &reload->master->supplies.files;

	for (size_t i = 0; i < STATE_CREDENTIALS; i++) {
		if (now->hashes[i] != reload->next.hashes[i])
			add_file(reload, credential_settings[i]);
	}
	if (now->crls_hash != reload->next.crls_hash)
		add_file(reload, "tls.crl");
	reload->is_other_key = now->hashes[IPC_CREDENTIAL_PRIVATE_KEY - 1] !=
			       reload->next
				   .hashes[IPC_CREDENTIAL_PRIVATE_KEY - 1];
	/* also if this state is not taken up for another reason */
	if (!reload->is_other_key)
		now->private_key_state = reload->next.private_key_state;
}

static bool
is_complete(const struct state_files *files)
{
	for (size_t i = 0; i < STATE_CREDENTIALS; i++)
		if (files->credentials[i] < 0)
			return false;
	return files->configuration >= 0;
}

/* What the reader gave becomes what can be proposed. 0 or -errno. */
int
reload_complete(struct reload *reload)
{
	const struct config *now = reload->master->config;
	struct buffer text = { NULL, 0, 0 };
	struct config_error fault;
	int error;

	if (!is_complete(&reload->next))
		return -EBADMSG;
	error = ipc_sealed_memory_read(reload->next.configuration,
	    CONFIGURATION_BYTES_MAX, &text);
	if (error == 0)
		error = config_parse("configuration", buffer_view(&text),
		    &reload->next_config, &fault);
	if (error == 0 &&
	    reload->next_config->tls.crl.count != reload->next.crl_count)
		error = -EBADMSG;
	text.len = 0;
	if (error == 0) {
		config_compare(now, reload->next_config,
		    CONFIG_APPLIED_BY_RESTART, &reload->report.restart);
		config_keep_restart(reload->next_config, now);
		config_compare(now, reload->next_config,
		    CONFIG_APPLIED_BY_RELOAD, &reload->report.settings);
		config_print(reload->next_config, false, &text);
		close(reload->next.configuration);
		reload->next.configuration = ipc_sealed_memory("configuration",
		    buffer_view(&text));
		if (reload->next.configuration < 0)
			error = -ENOMEM;
	}
	buffer_done(&text);
	if (error == 0)
		compare_files(reload);
	return error;
}

int
reload_on_configuration(struct reload *reload, struct ipc_message *message)
{
	if (reload->stage != RELOAD_READING)
		return 0;
	if (reload->next.configuration >= 0)
		return -EBADMSG;
	reload->next.configuration = message->fd;
	message->fd = -1;
	return 0;
}

int
reload_on_file(struct reload *reload, struct ipc_message *message)
{
	struct ipc_file file;
	size_t index;

	if (ipc_file_decode(message->payload, &file) != 0)
		return -EBADMSG;
	if (reload->stage != RELOAD_READING)
		return 0;
	if (file.which == IPC_FILE_CRL) {
		if (reload->next.crl_count >= CRLS_MAX)
			return -EBADMSG;
		state_files_add_crl(&reload->next, message->fd, file.hash);
		message->fd = -1;
		return 0;
	}
	index = file.which - 1u;
	if (reload->next.credentials[index] >= 0)
		return -EBADMSG;
	reload->next.credentials[index] = message->fd;
	reload->next.hashes[index] = file.hash;
	if (file.which == IPC_CREDENTIAL_PRIVATE_KEY)
		reload->next.private_key_state = file.state;
	message->fd = -1;
	return 0;
}
