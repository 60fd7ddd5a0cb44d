/* SPDX-License-Identifier: Apache-2.0 */
#include "reload_rig.h"

#include <check.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/memory.h"
#include "master/control.h"
#include "master/reload.h"

static const struct role roles[COUNT] = {
	[READER] = { .id = IPC_ROLE_READER,
	    .name = "reader",
	    .is_reader = true },
	[KEY] = { .id = IPC_ROLE_KEY, .name = "key" },
	[TRUST] = { .id = IPC_ROLE_TRUST, .name = "trust" },
	[GATE] = { .id = IPC_ROLE_GATE, .name = "gate" },
	[WORKER] = { .id = IPC_ROLE_WORKER, .name = "worker" },
};

struct master master;
struct reload reload;
struct member members[COUNT];
static struct ipc_channel *processes[COUNT];
struct config *config_before;

/* What each process was told: P(ropose), C(ommit), D(ismiss), R(ead), K(ey),
 * T(rust). */
static char told[COUNT][32];
uint64_t proposed;

static int
seal(const char *text)
{
	int fd = ipc_sealed_memory("test", bytes_of_string(text));

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void
open_channel(int who)
{
	int fds[2];

	ck_assert_int_eq(ipc_socket_pair(fds), 0);
	members[who].channel = ipc_channel_open(fds[0], IPC_ROLE_MASTER,
	    roles[who].id);
	processes[who] = ipc_channel_open(fds[1], roles[who].id,
	    IPC_ROLE_MASTER);
}

static void
tell_first_key(void)
{
	struct ipc_key_added added = { .is_usable = true, .key_id = "first" };
	struct buffer out = { NULL, 0, 0 };

	signing_keys_on_start(&master.keys);
	ipc_key_added_encode(&added, &out);
	ck_assert_int_eq(signing_keys_on_added(&master.keys, buffer_view(&out)),
	    0);
	buffer_done(&out);
	signing_keys_on_ready(&master.keys);
}

void
rig_setup(void)
{
	struct buffer key = { NULL, 0, 0 };
	struct config_error fault;

	ck_assert_int_eq(config_parse("test", bytes_of_string(BEFORE),
			     &config_before, &fault),
	    0);
	master = (struct master){ .config = config_before,
		.reload = &reload,
		.member_count = COUNT,
		.members = members,
		.is_up = true };
	reload = (struct reload){ .stage = RELOAD_IDLE };
	memset(told, 0, sizeof(told));
	ck_assert_int_eq(uv_loop_init(&master.loop), 0);
	for (int i = 0; i < COUNT; i++) {
		members[i] = (struct member){ .master = &master,
			.role = &roles[i],
			.state = MEMBER_READY };
		open_channel(i);
	}
	reload_init(&reload, &master);
	master_trust_init(&master);
	state_files_init(&master.supplies.files);
	master.supplies.files.configuration = seal(BEFORE);
	master.control = control_new(&master,
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	buffer_append(&key, BYTES_LITERAL("k"));
	signing_keys_open(&master.keys, &master, &key);
	tell_first_key();
}

void
rig_teardown(void)
{
	signing_keys_stop(&master.keys);
	master_trust_close(&master);
	control_close(master.control);
	reload_close(&reload);
	uv_run(&master.loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&master.loop), 0);
	signing_keys_close(&master.keys);
	master_trust_free(&master);
	control_free(&master.control);
	reload_done(&reload);
	state_files_close(&master.supplies.files);
	config_free(&config_before);
	for (int i = 0; i < COUNT; i++) {
		ipc_channel_close(&members[i].channel);
		ipc_channel_close(&processes[i]);
	}
}

/* What the master says */

static int
on_told(void *context, struct ipc_message *message)
{
	static const struct {
		enum ipc_message_type type;
		char letter;
	} letters[] = {
		{ IPC_PROPOSE, 'P' },
		{ IPC_COMMIT, 'C' },
		{ IPC_DISMISS, 'D' },
		{ IPC_FILES_READ, 'R' },
		{ IPC_KEY_ADD, 'K' },
		{ IPC_TRUST_CHECK, 'T' },
	};
	struct ipc_generation generation;
	char *text = context;
	size_t len = strlen(text);

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].type == message->type)
			text[len] = letters[i].letter;
	if (message->type == IPC_PROPOSE) {
		ck_assert_int_eq(ipc_generation_decode(message->payload,
				     &generation),
		    0);
		proposed = generation.number;
	}
	return 0;
}

/* Since the last time; of one that is down nothing is heard. */
void
expect_told(int who, const char *text)
{
	const char *fault;

	memset(told[who], 0, sizeof(told[who]));
	ck_assert_int_eq(ipc_channel_receive(processes[who], 64, on_told,
			     told[who], &fault),
	    0);
	ck_assert_str_eq(told[who], text);
}

void
expect_all_told(const char *text)
{
	for (int i = 0; i < COUNT; i++)
		if (members[i].state == MEMBER_READY)
			expect_told(i, text);
}

/* What processes say */

/* fd: taken, or -1. Returns what the master makes of it. */
int
rig_say(int who, enum ipc_message_type type, struct bytes payload, int fd)
{
	struct ipc_message message = { .type = type,
		.payload = payload,
		.fd = fd };
	int error = reload_on_message(&reload, &members[who], &message);

	if (message.fd >= 0)
		close(message.fd);
	return error;
}

int
say_generation(int who, enum ipc_message_type type, uint64_t number,
    const char *why)
{
	struct ipc_generation generation = { number, bytes_of_string(why) };
	struct buffer out = { NULL, 0, 0 };
	int error;

	ipc_generation_encode(&generation, &out);
	error = rig_say(who, type, buffer_view(&out), -1);
	buffer_done(&out);
	return error;
}

void
rig_agree(int who)
{
	ck_assert_int_eq(say_generation(who, IPC_PROPOSED, proposed, ""), 0);
}

void
rig_refuse(int who)
{
	ck_assert_int_eq(say_generation(who, IPC_PROPOSED, proposed,
			     "I cannot"),
	    0);
}

void
rig_commit(int who)
{
	ck_assert_int_eq(say_generation(who, IPC_COMMITTED, reload.generation,
			     ""),
	    0);
}

/* changed: the files that are others. */
void
say_contents(const char *text, unsigned int changed)
{
	ck_assert_int_eq(rig_say(READER, IPC_FILES_CONFIGURATION, BYTES_NONE,
			     seal(text)),
	    0);
	for (uint8_t which = 1; which <= STATE_CREDENTIALS; which++) {
		struct ipc_file file = { which,
			(changed & IPC_CREDENTIAL_BIT(which)) != 0, 0 };
		struct buffer out = { NULL, 0, 0 };

		ipc_file_encode(&file, &out);
		ck_assert_int_eq(rig_say(READER, IPC_FILES_CREDENTIAL,
				     buffer_view(&out), seal("x")),
		    0);
		buffer_done(&out);
	}
	ck_assert_int_eq(rig_say(READER, IPC_FILES_DONE, BYTES_NONE, -1), 0);
}

void
begin_reading(void)
{
	reload_request(&reload, RELOAD_BY_SIGNAL);
	ck_assert_int_eq(reload.stage, RELOAD_READING);
	expect_told(READER, "R");
}

/* As far as everybody was asked. */
void
rig_propose(void)
{
	begin_reading();
	say_contents(AFTER, 0);
	ck_assert_int_eq(reload.stage, RELOAD_PROPOSED);
	expect_all_told("P");
}

void
end_process(int who)
{
	members[who].state = MEMBER_DOWN;
	reload_on_exit(&reload, &members[who]);
}

/* It is there again, with what was in use when it was started. */
void
come_back(int who)
{
	members[who].proposed = 0;
	members[who].has_agreed = false;
	members[who].state = MEMBER_READY;
	reload_on_ready(&reload, &members[who]);
}

void
expect_refused(void)
{
	ck_assert_int_eq(reload.stage, RELOAD_IDLE);
	ck_assert_uint_eq(reload.generation, 0);
	ck_assert_ptr_eq(master.config, config_before);
}

void
expect_used(void)
{
	ck_assert_int_eq(reload.stage, RELOAD_IDLE);
	ck_assert_uint_eq(reload.generation, reload.proposed);
	ck_assert_uint_eq(master.config->sys.interval_seconds, 7);
}
