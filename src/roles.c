/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role table.
 */
#include "gate/gate.h"
#include "key/key.h"
#include "proc/child.h"
#include "store/store.h"
#include "worker/worker.h"

/* Many times what a gate and one of its handshakes were seen to take. */
#define GATE_BYTES           ((size_t)256 * 1024 * 1024)
#define GATE_HANDSHAKE_BYTES ((size_t)256 * 1024)

/* Two keys, and a request of each gate. */
#define KEY_BYTES       ((size_t)64 * 1024 * 1024)
#define KEY_DESCRIPTORS 256

static unsigned int
count_gates(const struct config *config)
{
	return role_count_or_cores(config->processes.gates);
}

static unsigned int
count_keys(const struct config *config)
{
	(void)config;
	return 1;
}

static unsigned int
count_stores(const struct config *config)
{
	(void)config;
	return 1;
}

static unsigned int
count_workers(const struct config *config)
{
	return role_count_or_cores(config->processes.workers);
}

const struct role role_table[] = {
	{
	    .id = IPC_ROLE_STORE,
	    .name = "store",
	    .count = count_stores,
	    .peers = IPC_ROLE_WORKER,
	    .is_last = true,
	    .needs = { .calls = ROLE_NEEDS_FILES | ROLE_NEEDS_THREADS },
	    .run = store_run,
	},
	{
	    .id = IPC_ROLE_KEY,
	    .name = "key",
	    .count = count_keys,
	    .peers = IPC_ROLE_GATE,
	    .credentials = IPC_CREDENTIAL_BIT(IPC_CREDENTIAL_PRIVATE_KEY),
	    .needs = { .descriptors = KEY_DESCRIPTORS,
		.memory_bytes = KEY_BYTES },
	    .run = key_run,
	},
	{
	    .id = IPC_ROLE_GATE,
	    .name = "gate",
	    .count = count_gates,
	    .peers = IPC_ROLE_WORKER | IPC_ROLE_KEY,
	    .has_listeners = true,
	    .credentials = IPC_CREDENTIAL_BIT(IPC_CREDENTIAL_CERTIFICATE) |
			   IPC_CREDENTIAL_BIT(IPC_CREDENTIAL_CLIENT_CA),
	    .needs = { .calls = ROLE_NEEDS_ACCEPT | ROLE_NEEDS_STREAMS,
		.memory_bytes = GATE_BYTES,
		.handshake_bytes = GATE_HANDSHAKE_BYTES },
	    .run = gate_run,
	},
	{
	    .id = IPC_ROLE_WORKER,
	    .name = "worker",
	    .count = count_workers,
	    .peers = IPC_ROLE_GATE | IPC_ROLE_WORKER | IPC_ROLE_STORE,
	    .needs = { .calls = ROLE_NEEDS_STREAMS },
	    .run = worker_run,
	},
	{ .name = NULL },
};
