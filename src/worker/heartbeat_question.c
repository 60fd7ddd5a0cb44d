/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A datagram that has come: whose it is, whether it is good, and the answer.
 */
#include "beat/pacer.h"
#include "worker/heartbeat.h"
#include "worker/session.h"

/* Whether a datagram is of a heartbeat that is here, and new. */
static struct heartbeat *
find(struct worker *worker, const struct beat_datagram *question)
{
	struct heartbeat *heartbeat;

	HASH_FIND(hh, worker->heartbeats->by_handle, &question->handle,
	    sizeof(question->handle), heartbeat);
	if (heartbeat == NULL) {
		worker->child->counted[IPC_STATISTIC_BEATS_UNKNOWN]++;
		return NULL;
	}
	if (!beat_window_is_new(&heartbeat->window, question->sequence)) {
		worker->child->counted[IPC_STATISTIC_BEATS_REPLAYED]++;
		return NULL;
	}
	return heartbeat;
}

/* The key that it names, if there is one. */
static const struct beat_key *
key_of(const struct heartbeat *heartbeat, uint8_t number, uint64_t now_ms)
{
	if (number == heartbeat->key_number)
		return &heartbeat->key;
	if (number == (uint8_t)(heartbeat->key_number - 1) &&
	    now_ms < heartbeat->old_until_ms)
		return &heartbeat->old_key;
	return NULL;
}

static uint8_t
flags_of(const struct heartbeat *heartbeat, const struct beat_key *key)
{
	const struct connection *connection = heartbeat->connection;
	uint8_t flags = 0;

	if (connection->worker->is_stopping)
		flags |= BEAT_GOING_AWAY;
	if (key == &heartbeat->old_key)
		flags |= BEAT_NEW_KEY;
	if (connection->session != NULL &&
	    (session_waiting(connection->session) > 0 ||
		!outbox_is_empty(&connection->outbox)))
		flags |= BEAT_MESSAGES_WAIT;
	return flags;
}

static void
answer_question(struct heartbeat *heartbeat,
    const struct beat_datagram *question, const struct beat_key *key,
    uint8_t *out)
{
	struct beat_datagram answer = *question;

	answer.kind = BEAT_ANSWER;
	answer.flags = flags_of(heartbeat, key);
	answer.patience_ms = beat_patience_ms(heartbeat->interval_ms,
	    heartbeat->misses);
	beat_datagram_encode(&answer, key, out);
}

bool
heartbeat_take(struct worker *worker, struct bytes datagram, uint8_t *answer)
{
	uint64_t *counted = worker->child->counted;
	uint64_t now_ms = worker_now_ms(worker);
	struct beat_datagram question;
	struct heartbeat *heartbeat;
	const struct beat_key *key;

	if (beat_datagram_decode(datagram, &question) != 0 ||
	    question.kind != BEAT_QUESTION) {
		counted[IPC_STATISTIC_BEATS_MALFORMED]++;
		return false;
	}
	heartbeat = find(worker, &question);
	if (heartbeat == NULL)
		return false;
	key = key_of(heartbeat, question.key_number, now_ms);
	if (key == NULL || !beat_datagram_is_authentic(datagram, key)) {
		counted[IPC_STATISTIC_BEATS_FORGED]++;
		return false;
	}
	counted[IPC_STATISTIC_BEATS_TAKEN]++;
	beat_window_note(&heartbeat->window, question.sequence);
	answer_question(heartbeat, &question, key, answer);
	if (key == &heartbeat->key && heartbeat->old_until_ms != 0)
		heartbeat_forget_old_key(heartbeat);
	if (heartbeat->heard_ms == 0) {
		heartbeat->heard_ms = now_ms;
		heartbeat_set_deadline(heartbeat);
	}
	heartbeat->heard_ms = now_ms;
	return true;
}
