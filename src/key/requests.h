/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gates ask for and has not been answered: one request of each, served
 * in turn, and none sooner than the rate allows that holds for each gate. The
 * clock is an argument.
 */
#ifndef SIGNET_KEY_REQUESTS_H
#define SIGNET_KEY_REQUESTS_H

#include <sys/queue.h>

#include "ipc/signing.h"

struct request {
	struct ipc_sign sign; /* its digest is the one below */
	uint8_t digest[IPC_DIGEST_MAX];
};

/* One who asks. */
struct requester {
	TAILQ_ENTRY(requester) link;
	void *context;
	bool is_waiting;
	bool is_held; /* the one that waits has waited for the rate */
	struct request request;
	uint64_t credit_milli; /* thousandths of signatures */
	uint64_t credited_ms;
};

TAILQ_HEAD(requester_list, requester);

struct requests {
	uint32_t per_second; /* for each requester, and at once after a pause */
	struct requester_list requesters; /* who was served last comes last */
};

/* per_second: 1... */
void requests_init(struct requests *requests, uint32_t per_second);

/* context: for the user. now_ms: CLOCK_MONOTONIC, and so below.
 * Returned, free with requester_free(). */
struct requester *requester_new(struct requests *requests, void *context,
    uint64_t now_ms);
/* Together with what waits; NULL is allowed. */
void requester_free(struct requests *requests, struct requester **requester);

/*
 * Take a request in, which is copied. 0; -EBADMSG if one of this requester
 * waits: it has to have its answer before it asks again.
 */
int requests_push(struct requests *requests, struct requester *requester,
    const struct ipc_sign *sign);

/*
 * Take out the next that the rate allows, of whom has waited longest since
 * served.
 *
 * request: filled; its digest points into it, so it may not be copied.
 * wait_ms: if none is returned, after how many milliseconds one may be;
 * UINT64_MAX if none waits.
 * Returns whose it is, and whether it was held; or NULL.
 */
struct requester *requests_pop(struct requests *requests, uint64_t now_ms,
    struct request *request, uint64_t *wait_ms);

#endif
