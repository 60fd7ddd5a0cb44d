/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/denial.h"

#include <errno.h>

#include "lib/hash.h"
#include "lib/pack.h"
#include "worker/denials.h"

/* The same for the same identity, action and rule, in each worker. */
static uint64_t
denial_hash(struct worker *worker, const struct rights_request *request,
    const struct rights_verdict *verdict)
{
	struct buffer *scratch = &worker->scratch;
	struct hash_key key;

	scratch->len = 0;
	pack_u8(scratch, (uint8_t)request->action);
	pack_u8(scratch, (uint8_t)verdict->reason);
	if (verdict->rule != NULL) {
		pack_u64(scratch, verdict->role_index);
		pack_u64(scratch, verdict->rule_index);
	}
	buffer_append(scratch, request->identity);
	memcpy(key.bytes, worker->child->start.home_key, sizeof(key.bytes));
	return hash_keyed(&key, buffer_view(scratch));
}

static unsigned int
home_of(const struct worker *worker, uint64_t hash)
{
	return (unsigned int)(hash % worker->child->start.worker_count);
}

/* As many as are filled in. */
#define LOG_FIELDS_MAX 11

static void
log_denial(const struct ipc_denial *denial)
{
	struct log_field fields[LOG_FIELDS_MAX];
	size_t at = 0;

	fields[at++] = log_id("session", denial->connection);
	fields[at++] = log_word("event", "denied");
	fields[at++] = log_word("action", rights_action_name(denial->action));
	if (denial->action != RIGHTS_CONNECT)
		fields[at++] = log_text("topic", denial->topic);
	fields[at++] = log_text("identity", denial->identity);
	fields[at++] = log_text("client_id", denial->client_id);
	fields[at++] = log_word("reason",
	    rights_reason_name((enum rights_reason)denial->reason));
	fields[at++] = log_number("count", denial->count);
	if (denial->reason == RIGHTS_DENIED) {
		fields[at++] = log_text("by_role", denial->role);
		fields[at++] = log_text("list", denial->list);
		fields[at++] = log_text("rule", denial->rule);
	}
	if (log_is_enabled(LOG_LEVEL_WARNING))
		log_event(LOG_LEVEL_WARNING, fields, at);
}

static struct ipc_denial
denial_of(const struct connection *connection,
    const struct rights_request *request, const struct rights_verdict *verdict)
{
	struct ipc_denial denial = {
		.connection = connection->id,
		.action = (uint8_t)request->action,
		.reason = (uint8_t)verdict->reason,
		.identity = request->identity,
		.client_id = request->client_id,
		.topic = request->topic,
	};

	/* Only what denies is a rule; what is missing has no name. */
	if (verdict->reason == RIGHTS_DENIED) {
		denial.role = bytes_of_string(verdict->role);
		denial.list = bytes_of_string(verdict->list);
		denial.rule = bytes_of_string(verdict->rule);
	}
	return denial;
}

/* More different ones than can be remembered, once a minute. */
static void
report_untold(struct worker *worker)
{
	uint64_t count;

	if (denials_take_untold(worker->denials, worker_now_ms(worker), &count))
		log_warning(log_word("event", "denials-not-told"),
		    log_number("count", (int64_t)count),
		    log_number("max", DENIALS_MAX));
}

void
denial_report(struct connection *connection,
    const struct rights_request *request, const struct rights_verdict *verdict)
{
	struct worker *worker = connection->worker;
	uint64_t hash = denial_hash(worker, request, verdict);
	struct proc_peer *home = worker->peers[home_of(worker, hash)];
	struct ipc_denial denial;
	uint32_t count;

	if (!denials_note(worker->denials, hash, worker_now_ms(worker),
		&count)) {
		report_untold(worker);
		return;
	}
	denial = denial_of(connection, request, verdict);
	denial.hash = hash;
	denial.count = count;
	/* Rather twice than never, if its home is not there. */
	if (home == NULL || proc_peer_is_full(worker->child, home)) {
		log_denial(&denial);
		return;
	}
	worker->scratch.len = 0;
	ipc_denial_encode(&denial, &worker->scratch);
	proc_peer_push(worker->child, home, IPC_DENIAL,
	    buffer_view(&worker->scratch), -1, false);
}

/* Does it say what can be said, and to whom it is to be said? */
static bool
is_for(const struct worker *worker, const struct ipc_denial *denial)
{
	return denial->action < RIGHTS_ACTION_COUNT &&
	       denial->reason > RIGHTS_GRANTED &&
	       denial->reason <= RIGHTS_RESERVED &&
	       home_of(worker, denial->hash) == worker->child->index;
}

int
on_denial(struct worker *worker, struct proc_peer *peer, struct bytes payload)
{
	struct ipc_denial_logged logged;
	struct ipc_denial denial;

	if (ipc_denial_decode(payload, &denial) != 0 ||
	    !is_for(worker, &denial))
		return -EBADMSG;
	if (denials_add(worker->denials, denial.hash, denial.count,
		worker_now_ms(worker), &denial.count)) {
		log_denial(&denial);
		return 0;
	}
	report_untold(worker);
	logged = (struct ipc_denial_logged){ denial.hash,
		denials_logged_ms(worker->denials, denial.hash) };
	if (logged.logged_ms == 0)
		return 0; /* there is no room for it */
	worker->scratch.len = 0;
	ipc_denial_logged_encode(&logged, &worker->scratch);
	proc_peer_push(worker->child, peer, IPC_DENIAL_LOGGED,
	    buffer_view(&worker->scratch), -1, false);
	return 0;
}

int
on_denial_logged(struct worker *worker, struct bytes payload)
{
	struct ipc_denial_logged logged;

	if (ipc_denial_logged_decode(payload, &logged) != 0)
		return -EBADMSG;
	denials_set_logged(worker->denials, logged.hash, logged.logged_ms);
	return 0;
}
