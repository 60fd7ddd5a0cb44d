/* SPDX-License-Identifier: Apache-2.0 */
#include "key/requests.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"

#define MILLI 1000

void
requests_init(struct requests *requests, uint32_t per_second)
{
	requests->per_second = per_second;
	TAILQ_INIT(&requests->requesters);
}

struct requester *
requester_new(struct requests *requests, void *context, uint64_t now_ms)
{
	struct requester *requester = memory_new(1, sizeof(*requester));

	requester->context = context;
	requester->credit_milli = (uint64_t)requests->per_second * MILLI;
	requester->credited_ms = now_ms;
	TAILQ_INSERT_TAIL(&requests->requesters, requester, link);
	return requester;
}

void
requester_free(struct requests *requests, struct requester **requester)
{
	if (*requester == NULL)
		return;
	TAILQ_REMOVE(&requests->requesters, *requester, link);
	free(*requester);
	*requester = NULL;
}

int
requests_push(struct requests *requests, struct requester *requester,
    const struct ipc_sign *sign)
{
	struct request *request = &requester->request;

	(void)requests;
	if (requester->is_waiting)
		return -EBADMSG;
	request->sign = *sign;
	memcpy(request->digest, sign->digest.data, sign->digest.len);
	requester->is_waiting = true;
	requester->is_held = false;
	return 0;
}

/*
 * A token bucket: full after a second without a request. Returns 0, or how
 * many milliseconds are to be waited.
 */
static uint64_t
take_credit(const struct requests *requests, struct requester *requester,
    uint64_t now_ms)
{
	uint64_t full = (uint64_t)requests->per_second * MILLI;
	uint64_t elapsed_ms = now_ms - requester->credited_ms;

	if (elapsed_ms >= MILLI)
		requester->credit_milli = full;
	else
		requester->credit_milli += elapsed_ms * requests->per_second;
	if (requester->credit_milli > full)
		requester->credit_milli = full;
	requester->credited_ms = now_ms;
	if (requester->credit_milli < MILLI)
		return (MILLI - requester->credit_milli + requests->per_second -
			   1) /
		       requests->per_second;
	requester->credit_milli -= MILLI;
	return 0;
}

struct requester *
requests_pop(struct requests *requests, uint64_t now_ms,
    struct request *request, uint64_t *wait_ms)
{
	struct requester *requester;

	*wait_ms = UINT64_MAX;
	TAILQ_FOREACH(requester, &requests->requesters, link)
	{
		uint64_t wait;

		if (!requester->is_waiting)
			continue;
		wait = take_credit(requests, requester, now_ms);
		if (wait == 0)
			break;
		requester->is_held = true;
		if (wait < *wait_ms)
			*wait_ms = wait;
	}
	if (requester == NULL)
		return NULL;
	*request = requester->request;
	request->sign.digest.data = request->digest;
	requester->is_waiting = false;
	TAILQ_REMOVE(&requests->requesters, requester, link);
	TAILQ_INSERT_TAIL(&requests->requesters, requester, link);
	return requester;
}
