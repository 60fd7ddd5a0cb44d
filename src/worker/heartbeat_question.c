/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams that have come: whose they are, whether they are good, and the
 * answers. What they claim is looked at one by one, the tags are computed side
 * by side.
 */
#include "beat/pacer.h"
#include "worker/heartbeat.h"
#include "worker/session.h"

static void
count_one(struct worker *worker, enum ipc_statistic what)
{
	worker->child->counted[what]++;
}

/* The key that it names, if there is one. */
static const struct beat_key *
key_of(const struct heartbeat *heartbeat, uint8_t number, uint64_t now_ms)
{
	if (number == heartbeat->key_number)
		return &heartbeat->key;
	if (number == (uint8_t)(heartbeat->key_number - 1) &&
	    now_ms < heartbeat->old_until_ms)
		return heartbeat->old_key;
	return NULL;
}

/* Could it be a good one? Then it has a heartbeat and a key now. */
static bool
read_question(struct worker *worker, struct heartbeat_question *question)
{
	struct beat_datagram *claimed = &question->claimed;
	struct heartbeat *heartbeat;

	question->key = NULL;
	question->is_taken = false;
	if (beat_datagram_decode(question->datagram, claimed) != 0 ||
	    claimed->kind != BEAT_QUESTION) {
		count_one(worker, IPC_STATISTIC_BEATS_MALFORMED);
		return false;
	}
	HASH_FIND(hh, worker->heartbeats->by_handle, &claimed->handle,
	    sizeof(claimed->handle), heartbeat);
	if (heartbeat == NULL) {
		count_one(worker, IPC_STATISTIC_BEATS_UNKNOWN);
		return false;
	}
	if (!beat_window_is_new(&heartbeat->window, claimed->sequence)) {
		count_one(worker, IPC_STATISTIC_BEATS_REPLAYED);
		return false;
	}
	question->heartbeat = heartbeat;
	question->key = key_of(heartbeat, claimed->key_number,
	    worker_now_ms(worker));
	if (question->key == NULL)
		count_one(worker, IPC_STATISTIC_BEATS_FORGED);
	return question->key != NULL;
}

static uint8_t
flags_of(const struct heartbeat *heartbeat, const struct beat_key *key)
{
	const struct connection *connection = heartbeat->connection;
	uint8_t flags = 0;

	if (connection->worker->is_stopping)
		flags |= BEAT_GOING_AWAY;
	if (key != &heartbeat->key)
		flags |= BEAT_NEW_KEY;
	if (connection->session != NULL &&
	    (session_waiting(connection->session) > 0 ||
		!outbox_is_empty(&connection->outbox)))
		flags |= BEAT_MESSAGES_WAIT;
	return flags;
}

/* All but the tag. */
static void
answer_question(struct heartbeat_question *question)
{
	const struct heartbeat *heartbeat = question->heartbeat;
	struct beat_datagram answer = question->claimed;

	answer.kind = BEAT_ANSWER;
	answer.flags = flags_of(heartbeat, question->key);
	answer.patience_ms = beat_patience_ms(heartbeat->interval_ms,
	    heartbeat->misses);
	beat_datagram_put(&answer, question->answer);
}

/* It is authentic: it counts from now on. */
static void
note_question(struct heartbeat_question *question, uint64_t now_ms)
{
	struct heartbeat *heartbeat = question->heartbeat;

	beat_window_note(&heartbeat->window, question->claimed.sequence);
	/* The old key is void, though answers under it may still be due. */
	if (question->key == &heartbeat->key) {
		heartbeat->old_until_ms = 0;
		heartbeat->is_offer_out = true;
	}
	if (heartbeat->heard_ms == 0) {
		heartbeat->heard_ms = now_ms;
		heartbeat_set_deadline(heartbeat);
	}
	heartbeat->heard_ms = now_ms;
}

/* By its tag, and by those before it in the same call. */
static bool
is_good(struct worker *worker, const struct heartbeat_question *question)
{
	const struct heartbeat *heartbeat = question->heartbeat;
	const struct beat_datagram *claimed = &question->claimed;

	if (!beat_tag_is_equal(question->tag,
		question->datagram.data + BEAT_TAG_AT) ||
	    key_of(heartbeat, claimed->key_number, worker_now_ms(worker)) ==
		NULL) {
		count_one(worker, IPC_STATISTIC_BEATS_FORGED);
		return false;
	}
	if (!beat_window_is_new(&heartbeat->window, claimed->sequence)) {
		count_one(worker, IPC_STATISTIC_BEATS_REPLAYED);
		return false;
	}
	count_one(worker, IPC_STATISTIC_BEATS_TAKEN);
	return true;
}

void
heartbeats_take(struct worker *worker, struct heartbeat_question *questions,
    size_t count)
{
	struct heartbeat_question *end = questions + count, *question;
	struct beat_tag tags[HEARTBEAT_QUESTIONS_MAX];
	uint64_t now_ms = worker_now_ms(worker);
	size_t due = 0;

	for (question = questions; question < end; question++)
		if (read_question(worker, question))
			tags[due++] = (struct beat_tag){ question->key,
				bytes_of(question->datagram.data, BEAT_TAG_AT),
				question->tag };
	beat_tags_make(tags, due);

	due = 0;
	for (question = questions; question < end; question++) {
		if (question->key == NULL || !is_good(worker, question))
			continue;
		question->is_taken = true;
		note_question(question, now_ms);
		answer_question(question);
		tags[due++] = (struct beat_tag){ question->key,
			bytes_of(question->answer, BEAT_TAG_AT),
			question->answer + BEAT_TAG_AT };
	}
	beat_tags_make(tags, due);

	for (question = questions; question < end; question++)
		if (question->is_taken &&
		    question->heartbeat->old_until_ms == 0)
			heartbeat_forget_old_key(question->heartbeat);
}
