/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role table.
 */
#include "gate/gate.h"
#include "key/key.h"
#include "metrics/metrics.h"
#include "proc/child.h"
#include "reader/reader.h"
#include "rights/rights.h"
#include "store/store.h"
#include "trust/trust.h"
#include "worker/worker.h"

/* Many times what a gate and one of its handshakes were seen to take. */
#define GATE_BYTES           ((size_t)256 * 1024 * 1024)
#define GATE_HANDSHAKE_BYTES ((size_t)256 * 1024)
/* Several times what CRLs with a million entries take. */
#define TRUST_BYTES ((size_t)2 * 1024 * 1024 * 1024)

/* Two keys, and a request of each gate. */
#define KEY_BYTES       ((size_t)64 * 1024 * 1024)
#define KEY_DESCRIPTORS 256

/* Some requests at a time, and the page for each. */
#define METRICS_BYTES       ((size_t)64 * 1024 * 1024)
#define METRICS_DESCRIPTORS 256

static unsigned int
count_gates(const struct config *config)
{
	return role_count_or_cores(config->processes.gates);
}

static unsigned int
count_one(const struct config *config)
{
	(void)config;
	return 1;
}

static unsigned int
count_metrics(const struct config *config)
{
	return config->metrics.enabled ? 1 : 0;
}

static unsigned int
count_workers(const struct config *config)
{
	return role_count_or_cores(config->processes.workers);
}

static int
run_reader(struct proc_child *child)
{
	return reader_run(child, rights_check_config);
}

const struct role role_table[] = {
	{
	    .id = IPC_ROLE_READER,
	    .name = "reader",
	    .count = count_one,
	    .is_reader = true,
	    .needs = { .calls = ROLE_NEEDS_READING },
	    .run = run_reader,
	},
	{
	    .id = IPC_ROLE_STORE,
	    .name = "store",
	    .count = count_one,
	    .peers = IPC_ROLE_WORKER,
	    .is_last = true,
	    .needs = { .calls = ROLE_NEEDS_FILES | ROLE_NEEDS_THREADS },
	    .prepare = store_prepare,
	    .run = store_run,
	},
	{
	    .id = IPC_ROLE_KEY,
	    .name = "key",
	    .count = count_one,
	    .peers = IPC_ROLE_GATE,
	    .credentials = IPC_CREDENTIAL_BIT(IPC_CREDENTIAL_PRIVATE_KEY),
	    .needs = { .descriptors = KEY_DESCRIPTORS,
		.memory_bytes = KEY_BYTES },
	    .run = key_run,
	},
	{
	    .id = IPC_ROLE_TRUST,
	    .name = "trust",
	    .count = count_one,
	    .needs = { .calls = ROLE_NEEDS_ALL, .memory_bytes = TRUST_BYTES },
	    .run = trust_run,
	},
	{
	    .id = IPC_ROLE_GATE,
	    .name = "gate",
	    .count = count_gates,
	    .peers = IPC_ROLE_GATE | IPC_ROLE_WORKER | IPC_ROLE_KEY,
	    .has_listeners = true,
	    .credentials = IPC_CREDENTIAL_BIT(IPC_CREDENTIAL_CERTIFICATE) |
			   IPC_CREDENTIAL_BIT(IPC_CREDENTIAL_CLIENT_CA),
	    .has_trust = true,
	    .has_ticket_keys = true,
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
	    .has_trust = true,
	    .has_heartbeat = true,
	    .needs = { .calls = ROLE_NEEDS_STREAMS | ROLE_NEEDS_DATAGRAMS },
	    .run = worker_run,
	},
	{
	    .id = IPC_ROLE_METRICS,
	    .name = "metrics",
	    .count = count_metrics,
	    .has_metrics_listener = true,
	    .needs = { .calls = ROLE_NEEDS_ACCEPT | ROLE_NEEDS_STREAMS,
		.descriptors = METRICS_DESCRIPTORS,
		.memory_bytes = METRICS_BYTES },
	    .prepare = metrics_prepare,
	    .run = metrics_run,
	},
	{ .name = NULL },
};
