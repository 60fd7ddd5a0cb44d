/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processes are given at their start: the files of the state in use,
 * in sealed memory.
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/memory.h"
#include "master/member.h"
#include "master/reload.h"

unsigned int
members_count(const struct master *master, enum ipc_role role)
{
	unsigned int count = 0;

	for (size_t i = 0; i < master->member_count; i++)
		count += master->members[i].role->id == role;
	return count;
}

/* Sealed memory or the end: without it there is no daemon. */
static int
seal(const char *name, struct bytes content)
{
	int fd = ipc_sealed_memory(name, content);

	if (fd < 0)
		fatal("sealed memory: %s", strerror(-fd));
	return fd;
}

static void
supply_file(struct master *master, enum ipc_credential which,
    const struct buffer *content)
{
	struct state_files *files = &master->supplies.files;

	files->credentials[which - 1] = seal("file", buffer_view(content));
	files->hashes[which - 1] = hash_keyed(&master->reload->key,
	    buffer_view(content));
}

void
supplies_open(struct master *master, struct proc_credentials *credentials)
{
	struct supplies *supplies = &master->supplies;
	struct buffer text = { NULL, 0, 0 };

	supply_file(master, IPC_CREDENTIAL_CERTIFICATE,
	    &credentials->certificate);
	supplies->files.hashes[IPC_CREDENTIAL_PRIVATE_KEY - 1] = hash_keyed(
	    &master->reload->key, buffer_view(&credentials->private_key));
	supplies->files.private_key_state = proc_file_state_hash(
	    &credentials->private_key_state, &master->reload->key);
	signing_keys_open(&master->keys, master, &credentials->private_key);
	supply_file(master, IPC_CREDENTIAL_CLIENT_CA, &credentials->client_ca);
	for (size_t i = 0; i < credentials->crl_count; i++)
		state_files_add_crl(&supplies->files,
		    seal("crl", buffer_view(&credentials->crls[i])),
		    hash_keyed(&master->reload->key,
			buffer_view(&credentials->crls[i])));
	proc_credentials_wipe(credentials);

	config_print(master->config, false, &text);
	supplies->files.configuration = seal("configuration",
	    buffer_view(&text));
	buffer_done(&text);

	supplies->start.started_ms = clock_monotonic_ms();
	supplies->start.worker_count = (uint16_t)members_count(master,
	    IPC_ROLE_WORKER);
	supplies->start.gate_count = (uint16_t)members_count(master,
	    IPC_ROLE_GATE);
	supplies->listener_count = master->config->listen.count;
}

void
supplies_close(struct supplies *supplies)
{
	state_files_close(&supplies->files);
	for (size_t i = 0; i < supplies->listener_count; i++)
		close(supplies->listeners[i]);
	free(supplies->listeners);
	if (supplies->metrics_listener >= 0)
		close(supplies->metrics_listener);
}
