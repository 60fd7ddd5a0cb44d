/* SPDX-License-Identifier: Apache-2.0 */
#include "master/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/change.h"
#include "config/file_fault.h"
#include "lib/clock.h"
#include "lib/memory.h"
#include "master/control.h"
#include "master/reload_internal.h"

/* To read, and to say whether a state can be used; then to use it. */
#define ANSWER_MS 60000
#define COMMIT_MS 300000

static const char *const cause_names[] = { "start", "signal", "control",
	"file" };

static void reload_begin(struct reload *reload, enum reload_cause cause);
static void commit(struct reload *reload);

void
reload_init(struct reload *reload, struct master *master)
{
	reload->master = master;
	state_files_init(&reload->next);
	reload->next_index = -1;
	reload->deadline.data = reload;
	uv_timer_init(&master->loop, &reload->deadline);
}

void
reload_close(struct reload *reload)
{
	uv_close((uv_handle_t *)&reload->deadline, NULL);
}

static void
forget_next(struct reload *reload)
{
	state_files_close(&reload->next);
	config_free(&reload->next_config);
	if (reload->next_index >= 0)
		close(reload->next_index);
	reload->next_index = -1;
	report_clear(&reload->report);
}

void
reload_done(struct reload *reload)
{
	forget_next(reload);
	report_done(&reload->report);
	config_free(&reload->config);
}

static void
begin_what_is_wanted(struct reload *reload)
{
	if (!reload->is_wanted || !reload->master->is_up ||
	    reload->master->is_stopping)
		return;
	reload->is_wanted = false;
	reload_begin(reload, reload->wanted_cause);
}

/* The run is over; text says how, for who asked. */
static void
end(struct reload *reload, bool is_good, struct bytes text)
{
	uv_timer_stop(&reload->deadline);
	reload->stage = RELOAD_IDLE;
	control_reload_done(reload->master->control, reload->run_count, is_good,
	    text);
	service_reloaded(&reload->master->service, is_good, text);
	forget_next(reload);
	begin_what_is_wanted(reload);
}

static void
dismiss(struct reload *reload)
{
	struct master *master = reload->master;

	for (size_t i = 0; i < master->member_count; i++)
		if (master->members[i].proposed == reload->proposed)
			(void)member_tell(&master->members[i], IPC_DISMISS);
}

/* Nothing of it is used. */
static void
refuse(struct reload *reload, struct bytes why)
{
	struct buffer fault = { NULL, 0, 0 };

	config_file_fault(reload->next_config, why, &fault);
	log_warning(log_word("event", "reload-refused"),
	    log_word("cause", cause_names[reload->cause]),
	    log_text("why", buffer_view(&fault)));
	if (reload->stage == RELOAD_PROPOSED)
		dismiss(reload);
	signing_keys_drop(&reload->master->keys);
	end(reload, false, buffer_view(&fault));
	buffer_done(&fault);
}

static void
on_deadline(uv_timer_t *timer)
{
	struct reload *reload = timer->data;
	struct master *master = reload->master;

	if (reload->stage != RELOAD_COMMITTED) {
		refuse(reload, BYTES_LITERAL("a process does not answer"));
		return;
	}
	for (size_t i = 0; i < master->member_count; i++) {
		struct member *member = &master->members[i];

		if (member->state == MEMBER_DOWN ||
		    member->generation == reload->generation)
			continue;
		log_warning(log_word("process", member->role->name),
		    log_number("index", member->index),
		    log_word("event", "killed"),
		    log_word("reason", "reload-unfinished"));
		member_kill(member);
	}
}

static struct member *
reader_of(struct master *master)
{
	for (size_t i = 0; i < master->member_count; i++)
		if (master->members[i].role->is_reader)
			return &master->members[i];
	return NULL;
}

static void
have_files_read(struct reload *reload, struct member *reader)
{
	const struct state_files *now = &reload->master->supplies.files;
	const struct ipc_files_read files = {
		.key = reload->key,
		.certificate = now->hashes[IPC_CREDENTIAL_CERTIFICATE - 1],
		.private_key = now->hashes[IPC_CREDENTIAL_PRIVATE_KEY - 1],
		.private_key_state = now->private_key_state,
	};
	struct buffer out = { NULL, 0, 0 };

	ipc_files_read_encode(&files, &out);
	(void)member_give(reader, IPC_FILES_READ, buffer_view(&out), -1);
	buffer_done(&out);
}

static void
reload_begin(struct reload *reload, enum reload_cause cause)
{
	struct member *reader = reader_of(reload->master);

	reload->cause = cause;
	reload->run_count++;
	reload->stage = RELOAD_READING;
	service_reloading(&reload->master->service);
	forget_next(reload);
	uv_timer_start(&reload->deadline, on_deadline, ANSWER_MS, 0);
	if (reader == NULL || reader->state != MEMBER_READY)
		refuse(reload,
		    BYTES_LITERAL("the process that reads files is not there"));
	else
		have_files_read(reload, reader);
}

void
reload_request(struct reload *reload, enum reload_cause cause)
{
	if (reload->stage == RELOAD_IDLE && reload->master->is_up) {
		reload_begin(reload, cause);
		return;
	}
	/* Who asks is told more than who is not there. */
	if (!reload->is_wanted || reload->wanted_cause == RELOAD_BY_FILE)
		reload->wanted_cause = cause;
	reload->is_wanted = true;
}

void
reload_on_up(struct reload *reload)
{
	if (reader_of(reload->master) != NULL)
		reload_request(reload, RELOAD_BY_START);
	else
		begin_what_is_wanted(reload);
}

/* Give a member the state that fds hold, and ask it whether it can use it. */
static void
propose_to(struct member *member, const struct state_files *files,
    uint64_t number)
{
	struct ipc_generation generation = { number,
		bytes_of(member->master->reload->key_id, IPC_KEY_ID_LEN) };
	struct buffer out = { NULL, 0, 0 };

	member_push_state(member, files);
	master_heartbeat_supply(member);
	ipc_generation_encode(&generation, &out);
	member->proposed = number;
	member->has_agreed = false;
	(void)member_give(member, IPC_PROPOSE, buffer_view(&out), -1);
	buffer_done(&out);
}

/* Have it use what is in use; one that was not asked before is asked now. */
static void
commit_to(struct reload *reload, struct member *member)
{
	struct ipc_generation generation = { reload->generation, BYTES_NONE };
	struct buffer out = { NULL, 0, 0 };

	if (member->proposed != reload->generation)
		propose_to(member, &reload->master->supplies.files,
		    reload->generation);
	ipc_generation_encode(&generation, &out);
	(void)member_give(member, IPC_COMMIT, buffer_view(&out), -1);
	buffer_done(&out);
	/* it logs as the configuration says from there on */
	log_level_supply(member);
	member_flush(member);
}

static void
commit_if_agreed(struct reload *reload)
{
	const struct master *master = reload->master;

	if (reload->stage != RELOAD_PROPOSED)
		return;
	for (size_t i = 0; i < master->member_count; i++) {
		const struct member *member = &master->members[i];

		if (member->state == MEMBER_READY &&
		    member->proposed == reload->proposed && !member->has_agreed)
			return;
	}
	commit(reload);
}

static void
propose(struct reload *reload)
{
	struct master *master = reload->master;

	reload->stage = RELOAD_PROPOSED;
	reload->proposed++;
	uv_timer_start(&reload->deadline, on_deadline, ANSWER_MS, 0);
	for (size_t i = 0; i < master->member_count; i++)
		if (master->members[i].state == MEMBER_READY)
			propose_to(&master->members[i], &reload->next,
			    reload->proposed);
	commit_if_agreed(reload);
}

static void
on_key(void *context, const uint8_t *key_id, struct bytes why)
{
	struct reload *reload = context;

	if (key_id == NULL) {
		refuse(reload, why);
		return;
	}
	memcpy(reload->key_id, key_id, IPC_KEY_ID_LEN);
	propose(reload);
}

/* The key comes before the rest, if it is another. */
static void
propose_key(struct reload *reload)
{
	int *fd = &reload->next.credentials[IPC_CREDENTIAL_PRIVATE_KEY - 1];
	struct signing_keys *keys = &reload->master->keys;
	const uint8_t *key_id = signing_keys_current(keys);
	int key = *fd, error;

	*fd = -1;
	if (!reload->is_other_key && key_id != NULL) {
		close(key);
		on_key(reload, key_id, BYTES_NONE);
		return;
	}
	reload->stage = RELOAD_KEY;
	error = signing_keys_propose(keys, key, on_key, reload);
	if (error != 0)
		refuse(reload,
		    BYTES_LITERAL("the key process does not take a key"));
}

static void
on_trust(struct master *master, const struct ipc_trust_verdict_of *verdict,
    int index, const struct ipc_trust_given *given)
{
	struct reload *reload = master->reload;

	if (reload->stage != RELOAD_TRUST) {
		/* it came too late */
		if (index >= 0)
			close(index);
		return;
	}
	if (!verdict->is_good) {
		refuse(reload, verdict->text);
		return;
	}
	reload->next_index = index;
	reload->next_given = *given;
	propose_key(reload);
}

/* Is anything of it for the trust process to judge? */
static bool
concerns_trust(const struct reload *reload)
{
	const struct state_files *now = &reload->master->supplies.files;
	const struct state_files *next = &reload->next;

	return memcmp(now->hashes, next->hashes, sizeof(now->hashes)) != 0 ||
	       now->crls_hash != next->crls_hash ||
	       !config_is_same(reload->master->config, reload->next_config,
		   "tls.");
}

/* Go on with what is complete. */
static void
propose_trust(struct reload *reload)
{
	const struct state_files *next = &reload->next;
	struct master *master = reload->master;
	const struct trust_sources sources = {
		.config = reload->next_config,
		.certificate =
		    next->credentials[IPC_CREDENTIAL_CERTIFICATE - 1],
		.client_ca = next->credentials[IPC_CREDENTIAL_CLIENT_CA - 1],
		.crls = next->crls,
	};

	if (!concerns_trust(reload)) {
		propose_key(reload);
		return;
	}
	reload->stage = RELOAD_TRUST;
	if (master_trust_ask(master, &sources,
		master->trust.given.generation + 1, on_trust) != 0)
		refuse(reload, BYTES_LITERAL("the trust process is not there"));
}

/* What is told to who asked. */
static void
end_well(struct reload *reload)
{
	struct buffer text = { NULL, 0, 0 };

	report_text(&reload->report, &text);
	end(reload, true, buffer_view(&text));
	buffer_done(&text);
}

static void
log_reloaded(const struct reload *reload)
{
	struct log_field fields[5] = {
		log_word("event", "reloaded"),
		log_word("cause", cause_names[reload->cause]),
		log_number("generation", (int64_t)reload->generation),
	};
	size_t count = 3;

	if (reload->report.settings.len > 0)
		fields[count++] = log_text("settings",
		    buffer_view(&reload->report.settings));
	if (reload->report.files.len > 0)
		fields[count++] = log_text("files",
		    buffer_view(&reload->report.files));
	log_event(LOG_LEVEL_INFO, fields, count);
}

/* Is it in use everywhere? */
static void
end_if_committed(struct reload *reload)
{
	const struct master *master = reload->master;

	if (reload->stage != RELOAD_COMMITTED)
		return;
	for (size_t i = 0; i < master->member_count; i++)
		if (master->members[i].state != MEMBER_DOWN &&
		    master->members[i].generation != reload->generation)
			return;
	log_reloaded(reload);
	end_well(reload);
}

/* While what was in use is still there. */
static void
compare(struct reload *reload)
{
	struct master *master = reload->master;
	const struct ipc_trust_index *before = &master->trust.view;
	bool has_both = reload->next_index >= 0 && master->trust.index >= 0;
	struct ipc_trust_index next;

	if (has_both &&
	    ipc_trust_map(reload->next_index, &reload->next_given, &next) != 0)
		panic("an index was looked at before it is used");
	if (has_both)
		report_add_refusals(&reload->report, before, &next,
		    clock_realtime_seconds());
	report_add_roles(&reload->report, master->config, reload->next_config);
	if (has_both) {
		report_add_trust(&reload->report, before, &next);
		ipc_trust_unmap(&next);
	}
}

/* From here on it is the state of the daemon. */
static void
commit(struct reload *reload)
{
	struct master *master = reload->master;
	struct state_files before = master->supplies.files;

	compare(reload);
	if (master->keys.proposed.fd >= 0)
		signing_keys_commit(&master->keys);
	master->supplies.files = reload->next;
	reload->next = before;
	log_levels_on_commit(master, master->config, reload->next_config);
	master_tickets_commit(master, master->config, reload->next_config);
	config_free(&reload->config);
	reload->config = reload->next_config;
	reload->next_config = NULL;
	master->config = reload->config;
	reload->generation = reload->proposed;
	reload->stage = RELOAD_COMMITTED;
	if (reload->next_index >= 0)
		master_trust_use(master, reload->next_index,
		    &reload->next_given);
	reload->next_index = -1;
	master_trust_judge_roles(master);
	uv_timer_start(&reload->deadline, on_deadline, COMMIT_MS, 0);
	for (size_t i = 0; i < master->member_count; i++)
		if (master->members[i].state == MEMBER_READY)
			commit_to(reload, &master->members[i]);
	state_files_close(&reload->next);
	end_if_committed(reload);
}

void
reload_on_ready(struct reload *reload, struct member *member)
{
	if (member->generation != reload->generation)
		commit_to(reload, member);
}

void
reload_on_exit(struct reload *reload, struct member *member)
{
	if (reload->stage == RELOAD_READING && member->role->is_reader)
		refuse(reload,
		    BYTES_LITERAL("the process that reads files has ended"));
	commit_if_agreed(reload);
	end_if_committed(reload);
}

/* Is the port for heartbeats there, if they are turned on? */
static bool
can_beat(struct reload *reload, char *why, size_t size)
{
	return !reload->next_config->heartbeat.enabled ||
	       heartbeat_sockets_bind(&reload->master->heartbeat,
		   reload->next_config, why, size) == 0;
}

static int
on_read(struct reload *reload, struct bytes why)
{
	char reason[256];
	int error;

	if (reload->stage != RELOAD_READING)
		return 0; /* it came too late */
	if (why.len > 0) {
		refuse(reload, why);
		return 0;
	}
	error = reload_complete(reload);
	if (error != 0) {
		refuse(reload, bytes_of_string(strerror(-error)));
		return error == -EBADMSG ? error : 0;
	}
	if (reload->report.restart.len > 0)
		log_warning(log_word("event", "restart-needed"),
		    log_text("settings", buffer_view(&reload->report.restart)));
	if (!can_beat(reload, reason, sizeof(reason))) {
		refuse(reload, bytes_of_string(reason));
	} else if (reload->report.settings.len > 0 ||
		   reload->report.files.len > 0) {
		propose_trust(reload);
	} else {
		log_debug(log_word("event", "nothing-changed"),
		    log_word("cause", cause_names[reload->cause]));
		end_well(reload);
	}
	return 0;
}

static int
on_proposed(struct reload *reload, struct member *member, struct bytes payload)
{
	struct ipc_generation generation;

	if (ipc_generation_decode(payload, &generation) != 0)
		return -EBADMSG;
	if (reload->stage != RELOAD_PROPOSED ||
	    generation.number != reload->proposed ||
	    member->proposed != reload->proposed)
		return 0;
	if (generation.detail.len > 0) {
		refuse(reload, generation.detail);
		return 0;
	}
	member->has_agreed = true;
	commit_if_agreed(reload);
	return 0;
}

static int
on_committed(struct reload *reload, struct member *member, struct bytes payload)
{
	struct ipc_generation generation;

	if (ipc_generation_decode(payload, &generation) != 0 ||
	    generation.number > reload->generation)
		return -EBADMSG;
	member->generation = generation.number;
	end_if_committed(reload);
	return 0;
}

int
reload_on_message(struct reload *reload, struct member *member,
    struct ipc_message *message)
{
	switch (message->type) {
	case IPC_FILES_CONFIGURATION:
		return reload_on_configuration(reload, message);
	case IPC_FILES_CREDENTIAL:
		return reload_on_file(reload, message);
	case IPC_FILES_DONE:
		return on_read(reload, message->payload);
	case IPC_FILES_CHANGED:
		reload_request(reload, RELOAD_BY_FILE);
		return 0;
	case IPC_PROPOSED:
		return on_proposed(reload, member, message->payload);
	case IPC_COMMITTED:
		return on_committed(reload, member, message->payload);
	default:
		return -ENOSYS;
	}
}
