/* SPDX-License-Identifier: Apache-2.0 */
#include "master/trust.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ipc/trust_date.h"
#include "lib/clock.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/pack.h"
#include "master/member.h"

/* How often the dates are looked at where none is due before, as the clock may
 * be set: each is told of once a day. */
#define HOUR_SECONDS 3600
#define FIRST        1 /* the generation of the first index */

static struct member *
find_trust(const struct master *master)
{
	for (size_t i = 0; i < master->member_count; i++)
		if (master->members[i].role->id == IPC_ROLE_TRUST)
			return &master->members[i];
	return NULL;
}

bool
master_trust_is_known(const struct master *master)
{
	return master->trust.index >= 0 || find_trust(master) == NULL;
}

/* Dates */

static void on_dates(uv_timer_t *timer);

/* A date, and from when on clients are refused for it, or IPC_TRUST_NEVER. */
struct due {
	struct ipc_trust_date date;
	int64_t refused_at;
};

static bool
due_next(const struct ipc_trust_index *index, size_t *pos, struct due *due)
{
	if (!ipc_trust_date_next(index, pos, &due->date))
		return false;
	due->refused_at = ipc_trust_date_refused_at(index, &due->date);
	return true;
}

static void
tell_of(const struct due *due, int64_t now)
{
	const struct ipc_trust_date *date = &due->date;
	char text[IPC_TRUST_DATE_TEXT_MAX], refused[IPC_TRUST_TIME_TEXT_MAX];
	bool is_over = now >= date->ends_at;
	int64_t days = is_over ? 0 : (date->ends_at - now) / CLOCK_DAY_SECONDS;
	struct log_field fields[5];
	size_t count = 4;

	ipc_trust_date_text(date, due->refused_at, now, text);
	fields[0] = log_word("event", "expires");
	fields[1] = log_word("what", ipc_trust_date_word(date->kind));
	fields[2] = log_number("days_left", days);
	fields[3] = log_string("warning", text);
	if (due->refused_at != IPC_TRUST_NEVER) {
		ipc_trust_time_text(due->refused_at, refused);
		fields[count++] = log_string("refused_from", refused);
	}
	log_event(is_over ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, fields, count);
}

/* Has this moment come since? */
static bool
has_come(int64_t moment, int64_t from, int64_t now)
{
	return now >= moment && from < moment;
}

/* When it begins to be due, each 24 hours then, and when something ends. */
static bool
is_told_now(const struct due *due, int64_t from, int64_t now)
{
	int64_t begin = due->date.tell_from;

	if (now < begin)
		return false;
	return has_come(begin + (now - begin) / CLOCK_DAY_SECONDS *
				    CLOCK_DAY_SECONDS,
		   from, now) ||
	       has_come(due->date.ends_at, from, now) ||
	       has_come(due->refused_at, from, now);
}

/* The first of its moments that is still to come. */
static int64_t
next_moment(const struct due *due, int64_t now)
{
	const int64_t moments[] = { due->date.tell_from, due->date.ends_at,
		due->refused_at };
	int64_t next = IPC_TRUST_NEVER;

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
		if (moments[i] > now && moments[i] < next)
			next = moments[i];
	return next;
}

/* The dates of an index, each by a hash of what ends, and when. */
struct known {
	size_t count;
	uint64_t *hashes; /* sorted */
};

static int
compare_hashes(const void *a, const void *b)
{
	const uint64_t *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

static uint64_t
hash_due(const struct due *due, struct buffer *scratch)
{
	scratch->len = 0;
	pack_u8(scratch, (uint8_t)due->date.kind);
	pack_u64(scratch, (uint64_t)due->date.ends_at);
	pack_u64(scratch, (uint64_t)due->refused_at);
	buffer_append(scratch, due->date.id);
	return hash_of(buffer_view(scratch));
}

static void
known_init(struct known *known, const struct ipc_trust_index *index)
{
	struct buffer scratch = { NULL, 0, 0 };
	struct due due;
	size_t pos = 0;

	*known = (struct known){ .hashes = memory_new(index->date_count + 1,
				     sizeof(*known->hashes)) };
	while (due_next(index, &pos, &due))
		known->hashes[known->count++] = hash_due(&due, &scratch);
	qsort(known->hashes, known->count, sizeof(*known->hashes),
	    compare_hashes);
	buffer_done(&scratch);
}

static bool
known_has(const struct known *known, const struct due *due,
    struct buffer *scratch)
{
	uint64_t hash = hash_due(due, scratch);

	return bsearch(&hash, known->hashes, known->count, sizeof(hash),
		   compare_hashes) != NULL;
}

/*
 * Tell of what is due: of dates that were in use before what has become due
 * since they were looked at last, so that a reload does not tell of them again;
 * of others whatever is. Then look again when the next is due.
 */
static void
tell_dates(struct trust_state *trust, const struct known *known)
{
	int64_t now = clock_realtime_seconds();
	int64_t next = now + HOUR_SECONDS;
	struct buffer scratch = { NULL, 0, 0 };
	struct due due;
	size_t pos = 0;

	while (due_next(&trust->view, &pos, &due)) {
		int64_t from = known_has(known, &due, &scratch) ? trust->told_at
								: INT64_MIN;
		int64_t moment = next_moment(&due, now);

		if (is_told_now(&due, from, now))
			tell_of(&due, now);
		if (moment < next)
			next = moment;
	}
	trust->told_at = now;
	buffer_done(&scratch);
	uv_update_time(trust->dates.loop);
	uv_timer_start(&trust->dates, on_dates, (uint64_t)(next - now) * 1000,
	    0);
}

static void
on_dates(uv_timer_t *timer)
{
	struct master *master = timer->data;
	struct trust_state *trust = &master->trust;
	struct known known;

	if (trust->index < 0)
		return;
	known_init(&known, &trust->view);
	tell_dates(trust, &known);
	free(known.hashes);
}

/* Using an index */

void
master_trust_supply(struct member *member)
{
	const struct trust_state *trust = &member->master->trust;
	struct buffer out = { NULL, 0, 0 };

	if (!member->role->has_trust || trust->index < 0)
		return;
	ipc_trust_given_encode(&trust->given, &out);
	member_send(member, IPC_TRUST_INDEX, buffer_view(&out), trust->index);
	buffer_done(&out);
}

static void
forget_index(struct trust_state *trust)
{
	if (trust->index < 0)
		return;
	ipc_trust_unmap(&trust->view);
	close(trust->index);
	trust->index = -1;
}

void
master_trust_use(struct master *master, int index,
    const struct ipc_trust_given *given)
{
	struct trust_state *trust = &master->trust;
	struct known known;

	known_init(&known, &trust->view);
	forget_index(trust);
	if (ipc_trust_map(index, given, &trust->view) != 0)
		panic("an index was looked at before it is used");
	trust->index = index;
	trust->given = *given;
	tell_dates(trust, &known);
	free(known.hashes);
	log_info(log_word("event", "trust"),
	    log_number("generation", (int64_t)given->generation),
	    log_number("authorities", trust->view.authority_count),
	    log_number("crls", trust->view.crl_count),
	    log_number("revoked", trust->view.revoked_count));
	for (size_t i = 0; i < master->member_count; i++) {
		struct member *member = &master->members[i];

		if (member->state == MEMBER_DOWN || !member->role->has_trust)
			continue;
		master_trust_supply(member);
		member_flush(member);
	}
}

/* Asking */

static void
send_file(struct member *member, enum ipc_trust_file_kind kind,
    const char *path, int fd)
{
	struct ipc_trust_file file = { kind, bytes_of_string(path) };
	struct buffer out = { NULL, 0, 0 };

	ipc_trust_file_encode(&file, &out);
	member_send(member, IPC_TRUST_FILE, buffer_view(&out), fd);
	buffer_done(&out);
}

static void
send_check(struct member *member, const struct config *config,
    uint64_t generation)
{
	uint32_t grace = config->tls.crl_grace_seconds;
	struct ipc_trust_check check = {
		.generation = generation,
		.needs_all_crls = config->tls.crl_required ==
				  CONFIG_CRL_REQUIRED_ALL,
		.grace_seconds = grace == CONFIG_CRL_GRACE_FOR_EVER
				     ? IPC_TRUST_GRACE_FOR_EVER
				     : grace,
	};
	struct buffer out = { NULL, 0, 0 };

	ipc_trust_check_encode(&check, &out);
	member_send(member, IPC_TRUST_CHECK, buffer_view(&out), -1);
	buffer_done(&out);
}

int
master_trust_ask(struct master *master, const struct trust_sources *sources,
    uint64_t generation, trust_done *done)
{
	const struct config *config = sources->config;
	struct trust_state *trust = &master->trust;
	struct member *member = find_trust(master);

	if (trust->asked != 0)
		return -EBUSY;
	if (member == NULL || member->state != MEMBER_READY)
		return -ESRCH;
	trust->asked = generation;
	trust->done = done;
	send_file(member, IPC_TRUST_FILE_CERTIFICATE, config->tls.certificate,
	    sources->certificate);
	send_file(member, IPC_TRUST_FILE_CLIENT_CA, config->tls.client_ca,
	    sources->client_ca);
	for (size_t i = 0; i < config->tls.crl.count; i++)
		send_file(member, IPC_TRUST_FILE_CRL, config->tls.crl.items[i],
		    sources->crls[i]);
	if (trust->index >= 0)
		send_file(member, IPC_TRUST_FILE_CURRENT, "", trust->index);
	send_check(member, config, generation);
	member_flush(member);
	return 0;
}

static void
answer(struct master *master, const struct ipc_trust_verdict_of *verdict)
{
	struct trust_state *trust = &master->trust;
	int index = trust->made;

	trust->asked = 0;
	trust->made = -1;
	if (!verdict->is_good && index >= 0) {
		close(index);
		index = -1;
	}
	trust->done(master, verdict, index, &trust->made_given);
}

static int
on_made(struct trust_state *trust, struct ipc_message *message)
{
	struct ipc_trust_index index;

	if (trust->asked == 0 || trust->made >= 0 ||
	    ipc_trust_given_decode(message->payload, &trust->made_given) != 0 ||
	    trust->made_given.generation != trust->asked ||
	    ipc_trust_map(message->fd, &trust->made_given, &index) != 0)
		return -EBADMSG;
	ipc_trust_unmap(&index);
	trust->made = message->fd;
	message->fd = -1;
	return 0;
}

static int
on_verdict(struct master *master, struct bytes payload)
{
	struct trust_state *trust = &master->trust;
	struct ipc_trust_verdict_of verdict;

	if (ipc_trust_verdict_decode(payload, &verdict) != 0 ||
	    trust->asked == 0 || verdict.generation != trust->asked ||
	    (verdict.is_good && trust->made < 0))
		return -EBADMSG;
	answer(master, &verdict);
	return 0;
}

int
master_trust_on_message(struct member *member, struct ipc_message *message)
{
	switch (message->type) {
	case IPC_TRUST_MADE:
		return on_made(&member->master->trust, message);
	case IPC_TRUST_VERDICT:
		return on_verdict(member->master, message->payload);
	default:
		return -EBADMSG;
	}
}

void
master_trust_on_exit(struct master *master)
{
	const struct ipc_trust_verdict_of verdict = {
		.generation = master->trust.asked,
		.text = BYTES_LITERAL("the process that checks it has ended"),
	};

	if (master->trust.asked != 0)
		answer(master, &verdict);
}

/* Roles */

static bool
is_by_issuer_alone(const struct config_role *role)
{
	return role->match.issuer.count > 0 &&
	       role->match.authority.count == 0 &&
	       role->match.fingerprint.count == 0;
}

void
master_trust_judge_roles(const struct master *master)
{
	const struct config *config = master->config;
	const char *first = NULL;
	int64_t count = 0;

	if (master->trust.index < 0 || master->trust.view.anchor_count < 2)
		return;
	for (size_t i = 0; i < config->roles.count; i++) {
		if (!is_by_issuer_alone(&config->roles.items[i]))
			continue;
		if (count++ == 0)
			first = config->roles.items[i].name;
	}
	if (count > 0)
		log_warning(log_word("event", "issuer-alone"),
		    log_string("by_role", first), log_number("roles", count),
		    log_number("authorities", master->trust.view.anchor_count),
		    log_string("hint",
			"each authority of tls.client_ca can name one below it "
			"as it likes: let the role match authority, too"));
}

/* The first index */

static void
on_first(struct master *master, const struct ipc_trust_verdict_of *verdict,
    int index, const struct ipc_trust_given *given)
{
	if (verdict->is_good) {
		memcpy(master->trust.first_spki, verdict->spki,
		    IPC_TRUST_SPKI_LEN);
		master_trust_use(master, index, given);
		master_trust_judge_roles(master);
		master_on_trust(master);
		return;
	}
	/* One that has ended is started again, and asked again. */
	if (find_trust(master)->state == MEMBER_READY)
		master_on_trust_fault(master, verdict->text);
}

void
master_trust_on_ready(struct member *member)
{
	struct master *master = member->master;
	const struct state_files *files = &master->supplies.files;
	const struct trust_sources sources = {
		.config = master->config,
		.certificate =
		    files->credentials[IPC_CREDENTIAL_CERTIFICATE - 1],
		.client_ca = files->credentials[IPC_CREDENTIAL_CLIENT_CA - 1],
		.crls = files->crls,
	};

	if (master->trust.index < 0)
		(void)master_trust_ask(master, &sources, FIRST, on_first);
}

void
master_trust_init(struct master *master)
{
	struct trust_state *trust = &master->trust;

	*trust = (struct trust_state){ .index = -1, .made = -1 };
	trust->dates.data = master;
	uv_timer_init(&master->loop, &trust->dates);
}

void
master_trust_close(struct master *master)
{
	uv_close((uv_handle_t *)&master->trust.dates, NULL);
}

void
master_trust_free(struct master *master)
{
	forget_index(&master->trust);
	if (master->trust.made >= 0)
		close(master->trust.made);
}
