/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/sign_request.h"

#include <errno.h>

#include "lib/clock.h"

static const char *const faults[] = {
	[IPC_SIGN_DONE] = NULL,
	[IPC_SIGN_UNKNOWN_KEY] = "key-unknown",
	[IPC_SIGN_UNFIT_KEY] = "key-unfit",
	[IPC_SIGN_FAILED] = "signing-failed",
};

void
sign_request_init(struct sign_request *request, struct proc_child *child,
    uint64_t timeout_ms)
{
	*request = (struct sign_request){
		.child = child,
		.timeout_ms = timeout_ms,
	};
}

void
sign_request_set_peer(struct sign_request *request, struct proc_peer *peer)
{
	request->peer = peer;
	request->is_awaited = false;
}

int
sign_request_on_signature(struct sign_request *request, struct bytes payload)
{
	struct ipc_signature answer;

	if (ipc_signature_decode(payload, &answer) != 0 ||
	    !request->is_awaited || answer.number != request->number)
		return -EBADMSG;
	request->is_awaited = false;
	request->status = answer.status;
	request->len = answer.signature.len;
	if (answer.signature.len > 0)
		memcpy(request->signature, answer.signature.data,
		    answer.signature.len);
	return 0;
}

static void
push(struct sign_request *request, const struct ipc_sign *sign)
{
	struct buffer payload = { NULL, 0, 0 };
	struct ipc_sign numbered = *sign;

	numbered.number = ++request->number;
	request->is_awaited = true;
	ipc_sign_encode(&numbered, &payload);
	proc_peer_push(request->child, request->peer, IPC_SIGN,
	    buffer_view(&payload), -1, false);
	buffer_done(&payload);
}

/* NULL once it is answered. */
static const char *
await(struct sign_request *request, uint64_t timeout_ms)
{
	uint64_t deadline_ms = clock_monotonic_ms() + timeout_ms;

	while (request->is_awaited) {
		uint64_t now_ms = clock_monotonic_ms();
		int error = proc_peer_await(request->child, request->peer,
		    now_ms < deadline_ms ? deadline_ms - now_ms : 0);

		if (error == -ETIMEDOUT)
			return "key-process-late";
		if (error != 0)
			return "key-process-down";
	}
	return NULL;
}

const char *
sign_request_ask(void *context, const struct ipc_sign *sign,
    uint8_t signature[IPC_SIGNATURE_MAX], size_t *len)
{
	struct sign_request *request = context;
	const char *fault;

	if (request->peer == NULL)
		return "key-process-down";
	/* One that was given up: has its answer come since? */
	fault = await(request, 0);
	if (fault != NULL)
		return fault;
	push(request, sign);
	fault = await(request, request->timeout_ms);
	if (fault == NULL)
		fault = faults[request->status];
	if (fault != NULL)
		return fault;
	memcpy(signature, request->signature, request->len);
	*len = request->len;
	return NULL;
}
