/* SPDX-License-Identifier: Apache-2.0 */
#include "master/master.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/file_fault.h"
#include "lib/clock.h"
#include "lib/memory.h"
#include "master/control.h"
#include "master/folder.h"
#include "master/listener.h"
#include "master/local_socket.h"
#include "master/member.h"
#include "master/reload.h"
#include "master/tickets.h"
#include "master/trust.h"
#include "proc/privileges.h"
#include "proc/sandbox.h"
#include "proc/seccomp.h"

/* Who dies sooner after its start is started later the next time. */
#define STEADY_MS    10000
#define DELAY_MIN_MS 100
#define DELAY_MAX_MS 30000

/* delay_ms: until it is started again; -1 if it is not. */
static void
log_exit(struct member *member, int64_t status, int signal, int64_t delay_ms)
{
	struct log_field fields[5] = {
		log_word("process", member->role->name),
		log_number("index", member->index),
		log_word("event", "died"),
		log_number("status", status),
	};

	if (signal != 0)
		fields[3] = log_number("signal", signal);
	fields[4] = log_number("delay_ms", delay_ms);
	log_event(LOG_LEVEL_WARNING, fields, delay_ms < 0 ? 4 : 5);
}

/* Are all members ready, who listen or who do not? */
static bool
is_all_ready(const struct master *master, bool has_listeners)
{
	for (size_t i = 0; i < master->member_count; i++)
		if (master->members[i].role->has_listeners == has_listeners &&
		    master->members[i].state != MEMBER_READY)
			return false;
	return true;
}

/* Start those who listen, or those who do not. */
static void
start_stage(struct master *master, bool has_listeners)
{
	struct member **stage = memory_new(master->member_count,
	    sizeof(struct member *));
	size_t count = 0;

	for (size_t i = 0; i < master->member_count; i++)
		if (master->members[i].role->has_listeners == has_listeners &&
		    master->members[i].state == MEMBER_DOWN)
			stage[count++] = &master->members[i];
	members_start(stage, count);
	free(stage);
}

/* Start those who are to have the rights that are given up then. */
static void
start_readers(struct master *master)
{
	for (size_t i = 0; i < master->member_count; i++) {
		struct member *member = &master->members[i];

		if (member->role->is_reader)
			members_start(&member, 1);
	}
}

static void
kill_all(struct master *master)
{
	for (size_t i = 0; i < master->member_count; i++)
		member_kill(&master->members[i]);
}

static void
on_closed(uv_handle_t *handle)
{
	(void)handle;
}

/*
 * Without its watchers a signal would end us with the status of one that was
 * killed, when everything has ended in order.
 */
static void
ignore_late_signals(void)
{
	sigset_t late;

	sigemptyset(&late);
	sigaddset(&late, SIGTERM);
	sigaddset(&late, SIGINT);
	sigaddset(&late, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &late, NULL);
}

/* Nothing is left to do: the loop ends with its last handle. */
static void
finish(struct master *master)
{
	for (size_t i = 0; i < master->member_count; i++)
		uv_close((uv_handle_t *)&master->members[i].timer, on_closed);
	ignore_late_signals();
	for (size_t i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&master->signals[i], on_closed);
	uv_close((uv_handle_t *)&master->deadline, on_closed);
	signing_keys_stop(&master->keys);
	master_trust_close(master);
	master_tickets_close(master);
	monitor_close(&master->monitor);
	reload_close(master->reload);
	control_close(master->control);
	metrics_listener_remove(master->config);
}

/* They end one stage after the other: those who listen first, while the others
 * still have to say goodbye, and what they say has to be kept. */
static unsigned int
stop_stage_of(const struct member *member)
{
	if (member->role->has_listeners)
		return 1;
	return member->role->is_last ? 3 : 2;
}

/* The stage that is to end next; 0 if nobody runs any more. */
static unsigned int
stop_stage_next(const struct master *master)
{
	unsigned int next = 0;

	for (size_t i = 0; i < master->member_count; i++) {
		const struct member *member = &master->members[i];

		if (member->state != MEMBER_DOWN &&
		    (next == 0 || stop_stage_of(member) < next))
			next = stop_stage_of(member);
	}
	return next;
}

/* Stop those who are next, or finish. */
static void
stop_next(struct master *master)
{
	unsigned int stage = stop_stage_next(master);

	if (stage == 0) {
		finish(master);
		return;
	}
	if (stage == master->stop_stage)
		return;
	master->stop_stage = stage;
	for (size_t i = 0; i < master->member_count; i++)
		if (stop_stage_of(&master->members[i]) == stage)
			member_stop(&master->members[i]);
}

static void on_deadline(uv_timer_t *timer);

static void
set_deadline(struct master *master)
{
	uv_timer_start(&master->deadline, on_deadline,
	    UINT64_C(1000) * master->config->processes.stop_seconds, 0);
}

static void
on_deadline(uv_timer_t *timer)
{
	struct master *master = timer->data;
	unsigned int stage = stop_stage_next(master);

	log_warning(log_word("event", "stop-by-force"));
	for (size_t i = 0; i < master->member_count; i++)
		if (stop_stage_of(&master->members[i]) == stage)
			member_kill(&master->members[i]);
	set_deadline(master);
}

static void
stop(struct master *master)
{
	if (master->is_stopping)
		return;
	master->is_stopping = true;
	service_stopping(&master->service);
	for (size_t i = 0; i < master->member_count; i++)
		if (master->members[i].state == MEMBER_DOWN)
			uv_timer_stop(&master->members[i].timer);
	set_deadline(master);
	stop_next(master);
}

static void
on_restart(uv_timer_t *timer)
{
	struct member *member = timer->data;

	members_start(&member, 1);
}

/* In how many milliseconds. */
static int64_t
restart_later(struct member *member)
{
	uint64_t lived_ms = clock_monotonic_ms() - member->started_at_ms;
	uint64_t delay_ms;

	if (lived_ms >= STEADY_MS)
		member->delay_ms = 0;
	delay_ms = member->delay_ms;
	uv_timer_start(&member->timer, on_restart, delay_ms, 0);
	if (delay_ms == 0)
		member->delay_ms = DELAY_MIN_MS;
	else if (member->delay_ms < DELAY_MAX_MS / 2)
		member->delay_ms *= 2;
	else
		member->delay_ms = DELAY_MAX_MS;
	return (int64_t)delay_ms;
}

void
master_on_exit(struct member *member, int64_t status, int signal)
{
	struct master *master = member->master;
	bool was_ready = member->state == MEMBER_READY;

	member->state = MEMBER_DOWN;
	monitor_on_exit(member);
	control_on_exit(master->control, member);
	if (member->role->id == IPC_ROLE_STORE)
		control_store_done(master->control,
		    BYTES_LITERAL("the store has ended"));
	if (member->role->id == IPC_ROLE_KEY)
		signing_keys_on_exit(&master->keys);
	if (member->role->id == IPC_ROLE_TRUST)
		master_trust_on_exit(master);
	if (!master->is_stopping)
		reload_on_exit(master->reload, member);
	if (master->is_stopping) {
		if (status != 0 || signal != 0)
			log_exit(member, status, signal, -1);
		stop_next(master);
		return;
	}
	log_exit(member, status, signal, restart_later(member));
	if (master->is_up || was_ready ||
	    ++member->failed_starts < FIRST_STARTS_MAX)
		return;
	log_error(log_word("process", member->role->name),
	    log_number("index", member->index),
	    log_word("event", "start-failed"),
	    log_number("attempts", FIRST_STARTS_MAX));
	master->status = EXIT_FAILURE;
	stop(master);
}

int
master_on_message(struct member *member, struct ipc_message *message)
{
	struct master *master = member->master;
	int error = reload_on_message(master->reload, member, message);

	if (error != -ENOSYS)
		return error;
	switch (message->type) {
	case IPC_BACKUP_DONE:
		control_store_done(master->control, message->payload);
		return 0;
	case IPC_SESSIONS_PAGE:
		return control_on_page(master->control, member,
		    message->payload);
	case IPC_STATISTICS:
		return monitor_on_statistics(member, message->payload);
	case IPC_KEY_ADDED:
		return signing_keys_on_added(&master->keys, message->payload);
	default:
		return master_trust_on_message(member, message);
	}
}

/* The files may have been changed since they were checked. */
static bool
is_key_of_certificate(const struct master *master)
{
	const uint8_t *key_id = signing_keys_current(&master->keys);

	return key_id == NULL || master->trust.index < 0 ||
	       memcmp(key_id, master->trust.first_spki, IPC_KEY_ID_LEN) == 0;
}

/* Go on with the start, as far as it has come. */
static void
start_next(struct master *master)
{
	if (!is_all_ready(master, false) || !master_trust_is_known(master))
		return;
	if (!master->is_second_stage && !is_key_of_certificate(master)) {
		master_on_trust_fault(master,
		    BYTES_LITERAL("tls.private_key: it is not the key of the "
				  "first certificate in tls.certificate"));
		return;
	}
	if (!master->is_second_stage) {
		master->is_second_stage = true;
		start_stage(master, true);
	}
	if (master->is_up || !is_all_ready(master, true))
		return;
	master->is_up = true;
	log_info(log_word("event", "ready"),
	    log_number("listeners", (int64_t)master->supplies.listener_count),
	    log_number("workers", members_count(master, IPC_ROLE_WORKER)),
	    log_number("gates", members_count(master, IPC_ROLE_GATE)));
	service_ready(&master->service);
	reload_on_up(master->reload);
}

void
master_on_ready(struct member *member)
{
	struct master *master = member->master;

	if (master->is_stopping)
		return;
	if (member->role->id == IPC_ROLE_KEY)
		signing_keys_on_ready(&master->keys);
	reload_on_ready(master->reload, member);
	member_introduce_ready(member);
	if (member->role->id == IPC_ROLE_TRUST)
		master_trust_on_ready(member);
	start_next(master);
}

void
master_on_trust(struct master *master)
{
	if (!master->is_stopping)
		start_next(master);
}

void
master_on_trust_fault(struct master *master, struct bytes why)
{
	struct buffer named = { NULL, 0, 0 };

	if (master->is_stopping)
		return;
	config_file_fault(master->config, why, &named);
	log_error(log_word("event", "start-failed"),
	    log_text("why", buffer_view(&named)));
	buffer_done(&named);
	master->status = EXIT_FAILURE;
	stop(master);
}

static void
kill_for(struct member *member, const char *reason,
    const struct member *reporter)
{
	log_warning(log_word("process", member->role->name),
	    log_number("index", member->index), log_word("event", "killed"),
	    log_word("reason", reason),
	    log_word("reporter", reporter->role->name),
	    log_number("reporter_index", reporter->index));
	member_kill(member);
}

/*
 * Which of the two is at fault is not known here. Gates read what strangers
 * send, and nobody is connected to one: a gate that accuses another process is
 * ended with it, so that one that somebody has taken over ends one, not all.
 */
void
master_on_peer_fault(struct member *member, const struct ipc_peer *peer)
{
	struct master *master = member->master;

	if (member->has_accused)
		return;
	for (size_t i = 0; i < master->member_count; i++) {
		struct member *other = &master->members[i];

		if (other->role->id != peer->role ||
		    other->index != peer->index || other == member)
			continue;
		kill_for(other, "peer-fault", member);
	}
	if (member->role->id == IPC_ROLE_GATE) {
		member->has_accused = true;
		kill_for(member, "gate-accuses", member);
	}
}

static void
on_signal(uv_signal_t *signal, int number)
{
	struct master *master = signal->data;

	if (number == SIGHUP) {
		reload_request(master->reload, RELOAD_BY_SIGNAL);
	} else if (master->is_stopping) {
		kill_all(master);
	} else {
		log_info(log_word("event", "stopping"),
		    log_number("signal", number));
		stop(master);
	}
}

static void
handle_signals(struct master *master)
{
	static const int numbers[3] = { SIGTERM, SIGINT, SIGHUP };

	for (int i = 0; i < 3; i++) {
		master->signals[i].data = master;
		uv_signal_init(&master->loop, &master->signals[i]);
		uv_signal_start(&master->signals[i], on_signal, numbers[i]);
	}
	signal(SIGPIPE, SIG_IGN);
}

static void
members_init(struct master *master)
{
	size_t count = 0;

	for (const struct role *role = role_table; role->name; role++)
		count += role->count(master->config);
	master->members = memory_new(count, sizeof(struct member));
	for (const struct role *role = role_table; role->name; role++) {
		unsigned int of_role = role->count(master->config);

		for (unsigned int i = 0; i < of_role; i++)
			member_init(&master->members[master->member_count++],
			    master, role, (uint16_t)i);
	}
}

/* What is bound and open stays so. */
static void
drop_privileges(struct master *master)
{
	const struct config *config = master->config;
	const char *user = config->processes.user;
	char why[512];
	int error;

	proc_sandbox_report_lacks(config);
	error = geteuid() == 0 ? proc_privileges_leave_network() : 0;
	if (error != 0)
		log_warning(log_word("event", "unconfined"),
		    log_word("lacks", "network"), log_errno("why", -error));
	for (const struct role *role = role_table; role->name; role++)
		if (proc_privileges_remember(user, role->name, why,
			sizeof(why)) != 0)
			fatal("processes.user: %s", why);
	proc_sandbox_leave_files_as_master(config);
	start_readers(master);
	error = proc_sandbox_has_users(config)
		    ? proc_privileges_drop_for_roles(user, why, sizeof(why))
		    : proc_privileges_drop(user, why, sizeof(why));
	if (error != 0)
		fatal("processes.user: %s", why);
	proc_sandbox_enter_as_master();
}

/* The store's folder and all sockets. Returns that of control, listening. */
static int
open_what_needs_rights(struct master *master, struct inherited *inherited)
{
	const struct config *config = master->config;
	int control_fd;
	char why[512];

	if (master_folder_open(config, master->supplies.start.home_key, why,
		sizeof(why)) != 0)
		fatal("store.path: %s", why);
	if (listeners_open(config, inherited, &master->supplies.listeners, why,
		sizeof(why)) != 0 ||
	    metrics_listener_open(config, inherited,
		&master->supplies.metrics_listener, why, sizeof(why)) != 0)
		fatal("%s", why);
	if (heartbeat_sockets_open(&master->heartbeat, config, inherited,
		role_find(IPC_ROLE_WORKER)->count(config), why,
		sizeof(why)) != 0)
		fatal("%s", why);
	inherited_close(inherited);
	if (local_socket_bind(config->control.socket, config->processes.user,
		&control_fd, why, sizeof(why)) != 0)
		fatal("control.socket: %s", why);
	return control_fd;
}

int
master_run(const char *file, const struct config *config,
    struct proc_credentials *credentials)
{
	struct reload reload = { .stage = RELOAD_IDLE };
	struct master master = { .config = config,
		.reload = &reload,
		.status = EXIT_SUCCESS };
	struct inherited inherited;
	int control_fd, error;

	inherited_open(&inherited);
	service_open(&master.service);
	log_start("master", LOG_LEVEL_INFO);
	role_log_as(config, "master");
	(void)log_journal_open();
	proc_privileges_raise_files();
	error = proc_seccomp_refuse_rings();
	if (error != 0)
		fatal("the filter of system calls: %s", strerror(-error));
	if (uv_loop_init(&master.loop) != 0)
		fatal("the event loop cannot start");
	control_fd = open_what_needs_rights(&master, &inherited);
	hash_key_init(&reload.key);
	reload_init(&reload, &master);
	members_init(&master);
	master.supplies.files_path = file;
	state_files_init(&master.supplies.files);
	supplies_open(&master, credentials);
	handle_signals(&master);
	drop_privileges(&master);

	master.control = control_new(&master, control_fd);
	master.deadline.data = &master;
	uv_timer_init(&master.loop, &master.deadline);
	master_trust_init(&master);
	master_tickets_init(&master);
	monitor_init(&master.monitor, &master);
	start_stage(&master, false);
	uv_run(&master.loop, UV_RUN_DEFAULT);

	proc_seccomp_report();
	log_repeats_finish();
	log_info(log_word("event", "stopped"));
	service_close(&master.service);
	supplies_close(&master.supplies);
	heartbeat_sockets_close(&master.heartbeat);
	reload_done(&reload);
	signing_keys_close(&master.keys);
	master_trust_free(&master);
	control_free(&master.control);
	free(master.members);
	(void)uv_loop_close(&master.loop);
	return master.status;
}
