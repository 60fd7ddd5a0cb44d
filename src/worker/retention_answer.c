/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answering: other workers ask for what a filter matches, page by page.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "mqtt/topic.h"
#include "worker/retention_internal.h"

static struct retention_answer *
answer_find(struct retention *retention, const struct proc_peer *peer,
    uint64_t number)
{
	struct retention_answer *answer;

	TAILQ_FOREACH(answer, &retention->answers, next)
	if (answer->peer == peer && answer->number == number)
		return answer;
	return NULL;
}

void
retention_answer_free(struct retention *retention,
    struct retention_answer *answer)
{
	TAILQ_REMOVE(&retention->answers, answer, next);
	retained_walk_free(&answer->walk);
	free(answer);
}

void
retention_answer_peer_down(struct retention *retention,
    const struct proc_peer *peer)
{
	struct retention_answer *answer, *next;

	for (answer = TAILQ_FIRST(&retention->answers); answer != NULL;
	     answer = next) {
		next = TAILQ_NEXT(answer, next);
		if (answer->peer == peer)
			retention_answer_free(retention, answer);
	}
}

int
on_retained_query(struct retention *retention, struct proc_peer *peer,
    struct bytes payload)
{
	struct retention_answer *answer;
	struct ipc_retained_query query;
	int error = ipc_retained_query_decode(payload, &query);

	if (error != 0)
		return error;
	if (!mqtt_topic_filter_is_valid(query.topic_filter) ||
	    answer_find(retention, peer, query.number) != NULL)
		return -EBADMSG;
	answer = memory_new(1, sizeof(*answer));
	answer->peer = peer;
	answer->number = query.number;
	answer->left = RETENTION_PAGE;
	answer->walk = retained_walk_new(retention->retained,
	    query.topic_filter, query.until_ns);
	TAILQ_INSERT_TAIL(&retention->answers, answer, next);
	return 0;
}

int
on_retained_more(struct retention *retention, struct proc_peer *peer,
    struct bytes payload)
{
	struct retention_answer *answer;
	struct ipc_interest more;
	int error = ipc_interest_decode(payload, &more);

	if (error != 0)
		return error;
	answer = answer_find(retention, peer, more.number);
	if (answer == NULL || answer->left > 0)
		return -EBADMSG;
	answer->left = RETENTION_PAGE;
	return 0;
}

int
on_retained_cancel(struct retention *retention, struct proc_peer *peer,
    struct bytes payload)
{
	struct retention_answer *answer;
	struct ipc_interest cancel;
	int error = ipc_interest_decode(payload, &cancel);

	if (error != 0)
		return error;
	answer = answer_find(retention, peer, cancel.number);
	if (answer != NULL) /* else the last page has crossed it */
		retention_answer_free(retention, answer);
	return 0;
}

static void
send_found(struct worker *worker, const struct retention_answer *answer,
    const struct message *message)
{
	struct bytes pieces[IPC_RETAINED_PART_COUNT];
	uint8_t head[IPC_RETAINED_HEAD_LEN];

	ipc_retained_parts(answer->number, message_parts(message), head,
	    pieces);
	proc_peer_push_parts(worker->child, answer->peer, IPC_RETAINED_MESSAGE,
	    pieces, IPC_RETAINED_PART_COUNT, -1, false);
}

static void
send_page(struct worker *worker, const struct retention_answer *answer)
{
	worker->scratch.len = 0;
	ipc_retained_status_encode(answer->number,
	    retained_walk_is_done(answer->walk), &worker->scratch);
	proc_peer_push(worker->child, answer->peer, IPC_RETAINED_PAGE,
	    buffer_view(&worker->scratch), -1, false);
}

/* Some more of a page; the answer is freed behind its last. */
static void
answer_turn(struct retention *retention, struct retention_answer *answer,
    unsigned int *budget)
{
	struct worker *worker = retention->worker;
	unsigned int steps = RETENTION_STEPS;

	while (answer->left > 0 && steps > 0) {
		struct message *message = retained_walk_next(answer->walk,
		    worker_now_ms(worker), &steps);

		if (message == NULL)
			break;
		send_found(worker, answer, message);
		answer->left--;
	}
	*budget -= RETENTION_STEPS - steps;
	if (retained_walk_is_done(answer->walk))
		answer->left = 0;
	if (answer->left > 0)
		return;
	send_page(worker, answer);
	if (retained_walk_is_done(answer->walk))
		retention_answer_free(retention, answer);
}

bool
retention_answer_turn(struct retention *retention)
{
	unsigned int budget = RETENTION_TURN_STEPS;
	unsigned int count = RETENTION_TURN_WALKS;
	struct retention_answer *answer, *next;
	struct retention_answers done = TAILQ_HEAD_INITIALIZER(done);
	bool goes_on = false;

	for (answer = TAILQ_FIRST(&retention->answers);
	     answer != NULL && count > 0 && budget > RETENTION_STEPS;
	     answer = next) {
		next = TAILQ_NEXT(answer, next);
		/* a full queue tells us when it has room */
		if (answer->left == 0 ||
		    proc_peer_is_full(retention->worker->child, answer->peer))
			continue;
		count--;
		goes_on = true;
		/* behind those that have not had their turn */
		TAILQ_REMOVE(&retention->answers, answer, next);
		TAILQ_INSERT_TAIL(&done, answer, next);
	}
	while ((answer = TAILQ_FIRST(&done)) != NULL) {
		TAILQ_REMOVE(&done, answer, next);
		TAILQ_INSERT_TAIL(&retention->answers, answer, next);
		if (budget > RETENTION_STEPS)
			answer_turn(retention, answer, &budget);
	}
	return goes_on;
}
