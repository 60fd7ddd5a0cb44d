/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gives way when all places are taken. Whoever sends nothing holds a place
 * for as long as a handshake may take; so the places could be held by somebody
 * who does nothing else.
 */
#include <errno.h>
#include <sys/socket.h>

#include "gate/handshake_internal.h"

/* A refused client has at least so long to read the alert. */
#define DRAIN_LEAST_MS 100
/* Without a step for so long, a handshake gives way. A small device may need
 * most of it to compute a signature. */
#define STALLED_MS 1000
/* Of so many of the oldest one is chosen. */
#define CANDIDATES_MAX 16

void
handshake_wait_no_more(struct handshake *handshake)
{
	if (handshake->waits_in == NULL)
		return;
	TAILQ_REMOVE(handshake->waits_in, handshake, waiting);
	handshake->waits_in = NULL;
}

static void
wait_in(struct handshake *handshake, struct handshake_list *list)
{
	handshake_wait_no_more(handshake);
	TAILQ_INSERT_TAIL(list, handshake, waiting);
	handshake->waits_in = list;
	handshake->step_ms = uv_now(handshake->owner->loop);
	handshake->step_count = handshake->framing.record_count;
}

/* A whole record is a step; a byte now and then is none. */
void
handshake_wait(struct handshake *handshake)
{
	struct handshakes *owner = handshake->owner;
	struct handshake_list *list = handshake->framing.byte_count == 0
					  ? &owner->silent
					  : &owner->heard;

	if (handshake->waits_in != list ||
	    handshake->framing.record_count != handshake->step_count)
		wait_in(handshake, list);
}

/* Is something there that we have not read, because others came first? */
static bool
has_input(const struct handshake *handshake)
{
	uint8_t byte;
	ssize_t len;

	do
		len = recv(handshake->fd, &byte, sizeof(byte),
		    MSG_PEEK | MSG_DONTWAIT);
	while (len < 0 && errno == EINTR);
	return len > 0;
}

static uint32_t
weigh(const struct handshake *handshake)
{
	struct handshakes *owner = handshake->owner;

	return owner->events->weigh(owner->context, &handshake->address);
}

/*
 * Of the first of a list, the one that weighs most; of several such, the
 * oldest. before_ms: only those whose last step was then or earlier.
 */
static struct handshake *
choose(struct handshake_list *list, uint64_t before_ms)
{
	struct handshake *handshake, *chosen = NULL;
	uint32_t weight, most = 0;
	unsigned int count = 0;

	TAILQ_FOREACH(handshake, list, waiting)
	{
		if (handshake->step_ms > before_ms || count++ == CANDIDATES_MAX)
			break;
		weight = weigh(handshake);
		if ((chosen != NULL && weight <= most) || has_input(handshake))
			continue;
		chosen = handshake;
		most = weight;
	}
	return chosen;
}

static struct handshake *
find_drained(struct handshakes *handshakes, uint64_t now)
{
	struct handshake *head = TAILQ_FIRST(&handshakes->draining);

	if (head == NULL || head->deadline_ms > now + DRAIN_MS - DRAIN_LEAST_MS)
		return NULL;
	return head;
}

/* Who gives way; NULL: nobody. */
static struct handshake *
find(struct handshakes *handshakes)
{
	uint64_t now = uv_now(handshakes->loop);
	struct handshake *found = find_drained(handshakes, now);

	if (found == NULL)
		found = choose(&handshakes->silent, now);
	if (found == NULL && now >= STALLED_MS)
		found = choose(&handshakes->heard, now - STALLED_MS);
	return found;
}

bool
handshakes_can_displace(struct handshakes *handshakes)
{
	return find(handshakes) != NULL;
}

bool
handshakes_displace(struct handshakes *handshakes,
    struct sockaddr_storage *address)
{
	struct handshake *found = find(handshakes);

	if (found == NULL)
		return false;
	address->ss_family = AF_UNSPEC;
	if (found->stage != STAGE_DRAINING)
		*address = found->address;
	handshake_end_and_close(found);
	return true;
}
