/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate's line to the key process: one request at a time, for whose answer
 * the gate waits, as mbedTLS cannot go on without it.
 */
#ifndef SIGNET_GATE_SIGN_REQUEST_H
#define SIGNET_GATE_SIGN_REQUEST_H

#include "gate/signer.h"
#include "proc/child.h"

struct sign_request {
	struct proc_child *child;
	struct proc_peer *peer; /* the key process; NULL: it is not there */
	uint64_t timeout_ms;
	uint32_t number; /* of the last request */
	bool is_awaited; /* its answer has not come */
	enum ipc_sign_status status;
	size_t len;
	uint8_t signature[IPC_SIGNATURE_MAX];
};

/* child: borrowed. timeout_ms: for an answer. */
void sign_request_init(struct sign_request *request, struct proc_child *child,
    uint64_t timeout_ms);

/* The key process came, or has gone (NULL). */
void sign_request_set_peer(struct sign_request *request,
    struct proc_peer *peer);

/* Its answer: 0, or -EBADMSG. */
int sign_request_on_signature(struct sign_request *request,
    struct bytes payload);

/*
 * A signer_ask, whose context is a struct sign_request. If an answer does not
 * come in time, the next requests fail at once until it does: a key process
 * that hangs costs the gate one wait.
 */
signer_ask sign_request_ask;

#endif
