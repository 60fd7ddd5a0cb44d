/* SPDX-License-Identifier: Apache-2.0 */
#include "changes.h"

void
put_session(struct rig_worker *worker, uint64_t session, struct bytes key)
{
	rig_change(worker,
	    &(struct ipc_store_change){ .type = IPC_STORE_SESSION_PUT,
		.session = session,
		.expires_at = IPC_STORE_NEVER,
		.key = key,
		.value = BYTES_LITERAL("head") });
}

void
remove_session(struct rig_worker *worker, uint64_t session)
{
	rig_change(worker,
	    &(struct ipc_store_change){ .type = IPC_STORE_SESSION_REMOVE,
		.session = session });
}

void
put_subscription(struct rig_worker *worker, uint64_t session,
    struct bytes filter)
{
	rig_change(worker,
	    &(struct ipc_store_change){ .type = IPC_STORE_SUBSCRIPTION_PUT,
		.session = session,
		.key = filter,
		.value = BYTES_LITERAL("options") });
}

void
put_received(struct rig_worker *worker, uint64_t session, uint16_t packet_id)
{
	rig_change(worker,
	    &(struct ipc_store_change){ .type = IPC_STORE_RECEIVED_PUT,
		.session = session,
		.packet_id = packet_id });
}

/* message: none, or of one that is put besides. */
void
put_entry(struct rig_worker *worker, uint64_t session, uint64_t sequence,
    uint64_t message, int64_t expires_at)
{
	rig_change(worker,
	    &(struct ipc_store_change){ .type = IPC_STORE_QUEUE_PUT,
		.session = session,
		.sequence = sequence,
		.message = message,
		.total = 100 * sequence,
		.len = 100,
		.expires_at = expires_at,
		.value = BYTES_LITERAL("value"),
		.body = message == 0 ? BYTES_LITERAL("body") : BYTES_NONE });
}

void
remove_entry(struct rig_worker *worker, uint64_t session, uint64_t sequence,
    uint64_t message)
{
	rig_change(worker,
	    &(struct ipc_store_change){ .type = IPC_STORE_QUEUE_REMOVE,
		.session = session,
		.sequence = sequence,
		.message = message });
}

void
put_message(struct rig_worker *worker, uint64_t message, uint32_t references)
{
	rig_change(worker,
	    &(struct ipc_store_change){ .type = IPC_STORE_MESSAGE_PUT,
		.message = message,
		.references = references,
		.expires_at = IPC_STORE_NEVER,
		.body = BYTES_LITERAL("shared body") });
}
