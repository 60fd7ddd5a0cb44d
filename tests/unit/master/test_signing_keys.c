/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The master's side of keys: this test is the key process. It calls a key by
 * the first byte of its file.
 */
#include "master/signing_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ipc/channel.h"
#include "lib/memory.h"
#include "master/member.h"
#include "test_signing_keys.h"

static const struct role key_role = { .id = IPC_ROLE_KEY, .name = "key" };

static struct config config;
static struct master *master;
static struct member member;
static struct signing_keys *keys;
static struct ipc_channel *process;

/* What the master has said: "+a" for KEY_ADD, "-a" for KEY_REMOVE. */
static char said[64];
/* What came of proposals: "a", or "!" and why. */
static char answered[128];

static struct buffer
file_of(const char *text)
{
	struct buffer file = { NULL, 0, 0 };

	buffer_append(&file, bytes_of_string(text));
	return file;
}

static void
open_channel(void)
{
	int fds[2];

	ck_assert_int_eq(ipc_socket_pair(fds), 0);
	member.channel = ipc_channel_open(fds[0], IPC_ROLE_MASTER,
	    IPC_ROLE_KEY);
	process = ipc_channel_open(fds[1], IPC_ROLE_KEY, IPC_ROLE_MASTER);
}

static void
close_channel(void)
{
	ipc_channel_close(&member.channel);
	ipc_channel_close(&process);
}

/* file: what the key begins with; NULL: it is no key. */
static int
tell_added(const char *file)
{
	struct ipc_key_added added = { .is_usable = file != NULL };
	struct buffer payload = { NULL, 0, 0 };
	int error;

	if (file != NULL)
		memset(added.key_id, file[0], IPC_KEY_ID_LEN);
	else
		added.why = BYTES_LITERAL("it is none");
	ipc_key_added_encode(&added, &payload);
	error = signing_keys_on_added(keys, buffer_view(&payload));
	buffer_done(&payload);
	return error;
}

static void
start_process(const char *file)
{
	member.state = MEMBER_STARTING;
	signing_keys_on_start(keys);
	ck_assert_int_eq(tell_added(file), 0);
	member.state = MEMBER_READY;
	signing_keys_on_ready(keys);
}

static void
end_process(void)
{
	member.state = MEMBER_DOWN;
	close_channel();
	open_channel();
	signing_keys_on_exit(keys);
}

static void
setup(void)
{
	struct buffer file = file_of("a");

	config.limits.handshake_seconds = 7;
	master = memory_new(1, sizeof(*master));
	master->config = &config;
	master->members = &member;
	master->member_count = 1;
	keys = &master->keys;
	member = (struct member){ .master = master, .role = &key_role };
	said[0] = answered[0] = '\0';
	ck_assert_int_eq(uv_loop_init(&master->loop), 0);
	open_channel();
	signing_keys_open(keys, master, &file);
	ck_assert_ptr_null(file.data);
	ck_assert_ptr_null(signing_keys_current(keys));
	start_process("a");
}

static void
teardown(void)
{
	signing_keys_stop(keys);
	uv_run(&master->loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&master->loop), 0);
	signing_keys_close(keys);
	close_channel();
	free(master);
}

static int
on_message(void *context, struct ipc_message *message)
{
	struct buffer file = { NULL, 0, 0 };
	uint8_t id[IPC_KEY_ID_LEN];
	size_t len = strlen(said);

	(void)context;
	if (message->type == IPC_KEY_ADD) {
		ck_assert_int_eq(ipc_sealed_memory_read(message->fd, 64, &file),
		    0);
		id[0] = file.data[0];
		buffer_done(&file);
	} else {
		ck_assert_int_eq(message->type, IPC_KEY_REMOVE);
		ck_assert_int_eq(ipc_key_id_decode(message->payload, id), 0);
	}
	said[len] = message->type == IPC_KEY_ADD ? '+' : '-';
	said[len + 1] = (char)id[0];
	said[len + 2] = '\0';
	return 0;
}

/* What was said since the last time. */
static void
expect_said(const char *text)
{
	const char *fault;

	said[0] = '\0';
	ck_assert_int_eq(ipc_channel_receive(process, 16, on_message, NULL,
			     &fault),
	    0);
	ck_assert_str_eq(said, text);
}

static void
on_answer(void *context, const uint8_t *key_id, struct bytes why)
{
	size_t len = strlen(answered);

	ck_assert_ptr_eq(context, &config);
	if (key_id != NULL) {
		answered[len] = (char)key_id[0];
		answered[len + 1] = '\0';
	} else {
		snprintf(answered + len, sizeof(answered) - len, "!%.*s",
		    (int)why.len, (const char *)why.data);
	}
}

static int
propose(const char *text)
{
	struct buffer file = file_of(text);
	int fd = ipc_sealed_memory("key", buffer_view(&file));

	ck_assert_int_ge(fd, 0);
	buffer_wipe(&file);
	return signing_keys_propose(keys, fd, on_answer, &config);
}

static void
expect_current(char name)
{
	const uint8_t *id = signing_keys_current(keys);

	ck_assert_ptr_nonnull(id);
	ck_assert_int_eq(id[0], name);
}

static void
retire(void)
{
	ck_assert(uv_is_active((uv_handle_t *)&keys->retirement));
	ck_assert_uint_eq(uv_timer_get_due_in(&keys->retirement), 17000);
	uv_timer_stop(&keys->retirement);
	keys->retirement.timer_cb(&keys->retirement);
}

START_TEST(the_first_key_is_known_by_what_the_process_says)
{
	expect_current('a');
	expect_said(""); /* it got the key at its start */
}
END_TEST

START_TEST(a_proposal_is_committed)
{
	ck_assert_int_eq(propose("b"), 0);
	expect_said("+b");
	ck_assert_int_eq(tell_added("b"), 0);
	ck_assert_str_eq(answered, "b");
	expect_current('a');
	signing_keys_commit(keys);
	expect_current('b');
	expect_said(""); /* handshakes are under way with the other */
	retire();
	expect_said("-a");
}
END_TEST

START_TEST(a_proposal_is_dropped)
{
	ck_assert_int_eq(propose("b"), 0);
	ck_assert_int_eq(propose("c"), -EBUSY);
	ck_assert_int_eq(tell_added("b"), 0);
	signing_keys_drop(keys);
	expect_said("+b-b");
	expect_current('a');
	signing_keys_drop(keys);
	expect_said("");
	ck_assert_int_eq(propose("c"), 0);
}
END_TEST

START_TEST(a_proposal_is_dropped_before_it_is_answered)
{
	ck_assert_int_eq(propose("b"), 0);
	signing_keys_drop(keys);
	ck_assert_int_eq(propose("b"), -EBUSY);
	ck_assert_int_eq(tell_added("b"), 0);
	expect_said("+b-b");
	ck_assert_int_eq(propose("b"), 0);
	ck_assert_int_eq(tell_added("b"), 0);
	ck_assert_str_eq(answered, "b"); /* once */
}
END_TEST

START_TEST(a_proposal_is_refused)
{
	ck_assert_int_eq(propose("?"), 0);
	ck_assert_int_eq(tell_added(NULL), 0);
	ck_assert_str_eq(answered, "!it is none");
	expect_said("+?");
	expect_current('a');
	ck_assert_int_eq(propose("b"), 0);
}
END_TEST

START_TEST(the_same_key_may_be_proposed)
{
	ck_assert_int_eq(propose("a"), 0);
	ck_assert_int_eq(tell_added("a"), 0);
	if (_i == 0) {
		signing_keys_drop(keys);
	} else {
		signing_keys_commit(keys);
		retire();
	}
	expect_said("+a"); /* and it stays */
	expect_current('a');
}
END_TEST

START_TEST(a_third_key_takes_the_place_of_the_previous)
{
	ck_assert_int_eq(propose("b"), 0);
	ck_assert_int_eq(tell_added("b"), 0);
	signing_keys_commit(keys);
	ck_assert_int_eq(propose("c"), 0);
	expect_said("+b-a+c");
	ck_assert(!uv_is_active((uv_handle_t *)&keys->retirement));
	ck_assert_int_eq(tell_added("c"), 0);
	signing_keys_commit(keys);
	expect_current('c');
	retire();
	expect_said("-b");
}
END_TEST

START_TEST(the_end_of_the_process_answers_a_proposal)
{
	ck_assert_int_eq(propose("b"), 0);
	end_process();
	ck_assert_str_eq(answered, "!the key process has ended");
	ck_assert_int_eq(propose("b"), -EAGAIN);
	start_process("a");
	expect_said("");
	ck_assert_int_eq(propose("b"), 0);
}
END_TEST

START_TEST(the_next_process_gets_what_the_last_one_had)
{
	ck_assert_int_eq(propose("b"), 0);
	ck_assert_int_eq(tell_added("b"), 0);
	if (_i > 0)
		signing_keys_commit(keys);
	end_process();
	if (_i == 2) /* while it is down */
		retire();
	start_process(_i == 0 ? "a" : "b");
	expect_said(_i == 0 ? "+b" : _i == 1 ? "+a" : "");
	expect_current(_i == 0 ? 'a' : 'b');
	if (_i < 2)
		ck_assert_int_eq(tell_added(_i == 0 ? "b" : "a"), 0);
	if (_i == 0)
		signing_keys_commit(keys);
	ck_assert_str_eq(answered, "b");
	expect_current('b');
}
END_TEST

/* What it was started with is no longer in use when it is ready. */
START_TEST(a_process_that_starts_in_the_middle_of_a_change_is_mended)
{
	ck_assert_int_eq(propose("b"), 0);
	ck_assert_int_eq(tell_added("b"), 0);
	end_process();
	member.state = MEMBER_STARTING;
	signing_keys_on_start(keys);
	signing_keys_commit(keys);
	retire();
	ck_assert_int_eq(tell_added("a"), 0);
	member.state = MEMBER_READY;
	signing_keys_on_ready(keys);
	expect_said("-a+b");
	ck_assert_int_eq(tell_added("b"), 0);
	expect_current('b');
}
END_TEST

START_TEST(what_nobody_asked_for_is_a_fault)
{
	ck_assert_int_eq(tell_added("a"), -EBADMSG);
	ck_assert_int_eq(propose("b"), 0);
	ck_assert_int_eq(signing_keys_on_added(keys, BYTES_LITERAL("x")),
	    -EBADMSG);
}
END_TEST

TCase *
test_signing_keys(void)
{
	TCase *tests = tcase_create("signing_keys");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, the_first_key_is_known_by_what_the_process_says);
	tcase_add_test(tests, a_proposal_is_committed);
	tcase_add_test(tests, a_proposal_is_dropped);
	tcase_add_test(tests, a_proposal_is_dropped_before_it_is_answered);
	tcase_add_test(tests, a_proposal_is_refused);
	tcase_add_loop_test(tests, the_same_key_may_be_proposed, 0, 2);
	tcase_add_test(tests, a_third_key_takes_the_place_of_the_previous);
	tcase_add_test(tests, the_end_of_the_process_answers_a_proposal);
	tcase_add_loop_test(tests, the_next_process_gets_what_the_last_one_had,
	    0, 3);
	tcase_add_test(tests,
	    a_process_that_starts_in_the_middle_of_a_change_is_mended);
	tcase_add_test(tests, what_nobody_asked_for_is_a_fault);
	return tests;
}
