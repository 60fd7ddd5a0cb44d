/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reload as the master runs it: this test is all the other processes, and
 * answers for them, late, wrongly or not at all.
 */
#include "test_reload.h"

#include <errno.h>
#include <unistd.h>

#include "reload_rig.h"

START_TEST(a_state_is_used_when_all_have_agreed)
{
	rig_propose();
	for (int i = 0; i < COUNT; i++) {
		expect_all_told("");
		rig_agree(i);
	}
	expect_all_told("C");
	for (int i = 0; i < COUNT; i++) {
		ck_assert_int_eq(reload.stage, RELOAD_COMMITTED);
		rig_commit(i);
	}
	expect_used();
}
END_TEST

/* _i: who does not; those before him have agreed. */
START_TEST(one_that_refuses_is_enough)
{
	rig_propose();
	for (int i = 0; i < _i; i++)
		rig_agree(i);
	rig_refuse(_i);
	expect_all_told("D");
	expect_refused();
	/* What comes after that is about nothing. */
	for (int i = 0; i < COUNT; i++)
		rig_agree(i);
	expect_all_told("");
	expect_refused();
}
END_TEST

START_TEST(an_answer_to_an_older_question_is_none)
{
	rig_propose();
	rig_refuse(GATE);
	expect_all_told("D");
	rig_propose();
	ck_assert_uint_eq(proposed, 2);
	ck_assert_int_eq(say_generation(WORKER, IPC_PROPOSED, 1, ""), 0);
	ck_assert_int_eq(say_generation(WORKER, IPC_PROPOSED, 1, "no"), 0);
	for (int i = 0; i < WORKER; i++)
		rig_agree(i);
	ck_assert_int_eq(reload.stage, RELOAD_PROPOSED);
	rig_agree(WORKER);
	expect_all_told("C");
}
END_TEST

START_TEST(one_that_dies_while_it_is_asked_is_not_waited_for)
{
	rig_propose();
	for (int i = 0; i < COUNT; i++)
		if (i != _i)
			rig_agree(i);
	ck_assert_int_eq(reload.stage, RELOAD_PROPOSED);
	end_process(_i);
	ck_assert_int_eq(reload.stage, RELOAD_COMMITTED);
	expect_all_told("C");
	for (int i = 0; i < COUNT; i++)
		if (i != _i)
			rig_commit(i);
	expect_used();
	/* It was started with what was in use before. */
	come_back(_i);
	expect_told(_i, "PC");
	rig_commit(_i);
	ck_assert_uint_eq(members[_i].generation, reload.generation);
}
END_TEST

START_TEST(one_that_dies_while_it_takes_up_is_not_waited_for)
{
	rig_propose();
	for (int i = 0; i < COUNT; i++)
		rig_agree(i);
	for (int i = 0; i < COUNT; i++)
		if (i != _i)
			rig_commit(i);
	ck_assert_int_eq(reload.stage, RELOAD_COMMITTED);
	end_process(_i);
	expect_used();
}
END_TEST

START_TEST(without_the_reader_nothing_is_read)
{
	members[READER].state = MEMBER_DOWN;
	reload_request(&reload, RELOAD_BY_SIGNAL);
	expect_refused();
	members[READER].state = MEMBER_READY;
	begin_reading();
	end_process(READER);
	expect_refused();
	/* What it has said last comes too late. */
	ck_assert_int_eq(rig_say(READER, IPC_FILES_DONE, BYTES_NONE, -1), 0);
	expect_refused();
}
END_TEST

START_TEST(what_cannot_be_read_is_not_proposed)
{
	begin_reading();
	ck_assert_int_eq(rig_say(READER, IPC_FILES_DONE,
			     BYTES_LITERAL("x.conf:1: no"), -1),
	    0);
	expect_all_told("");
	expect_refused();
	/* Nor what is not all there. */
	begin_reading();
	ck_assert_int_eq(rig_say(READER, IPC_FILES_DONE, BYTES_NONE, -1),
	    -EBADMSG);
	expect_refused();
	begin_reading();
	say_contents(BEFORE, 0);
	expect_all_told("");
	expect_refused();
}
END_TEST

static int
say_verdict(bool is_good)
{
	struct ipc_trust_verdict_of verdict = {
		.generation = 1,
		.is_good = is_good,
		.text = BYTES_LITERAL("tls.certificate: no"),
	};
	struct buffer out = { NULL, 0, 0 };
	struct ipc_message message = { .type = IPC_TRUST_VERDICT, .fd = -1 };
	int error;

	ipc_trust_verdict_encode(&verdict, &out);
	message.payload = buffer_view(&out);
	error = master_trust_on_message(&members[TRUST], &message);
	buffer_done(&out);
	return error;
}

static void
say_index(void)
{
	struct ipc_trust_content content = { .generation = 1 };
	struct buffer revoked = { NULL, 0, 0 }, index = { NULL, 0, 0 };
	struct buffer out = { NULL, 0, 0 };
	struct ipc_trust_given given = { .generation = 1 };
	struct ipc_message message = { .type = IPC_TRUST_MADE };

	content.revoked = &revoked;
	ipc_trust_index_encode(&content, &index);
	given.len = index.len;
	ipc_trust_given_encode(&given, &out);
	message.payload = buffer_view(&out);
	message.fd = ipc_sealed_memory("index", buffer_view(&index));
	ck_assert_int_eq(master_trust_on_message(&members[TRUST], &message), 0);
	ck_assert_int_eq(message.fd, -1);
	buffer_done(&index);
	buffer_done(&out);
}

static void
begin_check(unsigned int changed)
{
	begin_reading();
	say_contents(AFTER, changed);
	ck_assert_int_eq(reload.stage, RELOAD_TRUST);
	expect_told(TRUST, "T");
}

START_TEST(files_are_checked_before_they_are_proposed)
{
	begin_check(IPC_CREDENTIAL_BIT(IPC_CREDENTIAL_CERTIFICATE));
	expect_all_told("");
	ck_assert_int_eq(say_verdict(false), 0);
	expect_all_told("");
	expect_refused();
	begin_check(IPC_CREDENTIAL_BIT(IPC_CREDENTIAL_CERTIFICATE));
	end_process(TRUST);
	master_trust_on_exit(&master);
	expect_refused();
	members[TRUST].state = MEMBER_READY;
	begin_check(IPC_CREDENTIAL_BIT(IPC_CREDENTIAL_CERTIFICATE));
	say_index();
	ck_assert_int_eq(say_verdict(true), 0);
	ck_assert_int_eq(reload.stage, RELOAD_PROPOSED);
	ck_assert_int_lt(master.trust.index, 0);
	expect_all_told("P");
	for (int i = 0; i < COUNT; i++)
		rig_agree(i);
	/* From here on it is what clients are trusted by. */
	ck_assert_int_ge(master.trust.index, 0);
}
END_TEST

static int
say_key(bool is_usable)
{
	struct ipc_key_added added = { .is_usable = is_usable,
		.key_id = "second",
		.why = BYTES_LITERAL("tls.private_key: no") };
	struct buffer out = { NULL, 0, 0 };
	int error;

	if (is_usable)
		added.why = BYTES_NONE;
	ipc_key_added_encode(&added, &out);
	error = signing_keys_on_added(&master.keys, buffer_view(&out));
	buffer_done(&out);
	return error;
}

static void
begin_key(void)
{
	begin_check(IPC_CREDENTIAL_BIT(IPC_CREDENTIAL_PRIVATE_KEY));
	say_index();
	ck_assert_int_eq(say_verdict(true), 0);
	ck_assert_int_eq(reload.stage, RELOAD_KEY);
	expect_told(KEY, "K");
}

START_TEST(a_key_is_tried_before_the_rest_is_proposed)
{
	begin_key();
	expect_told(GATE, "");
	ck_assert_int_eq(say_key(false), 0);
	expect_refused();
	begin_key();
	ck_assert_int_eq(say_key(true), 0);
	ck_assert_int_eq(reload.stage, RELOAD_PROPOSED);
	expect_told(GATE, "P");
	rig_refuse(GATE);
	expect_refused();
	ck_assert_str_eq((const char *)signing_keys_current(&master.keys),
	    "first");
}
END_TEST

START_TEST(a_key_process_that_dies_with_a_key_refuses_it)
{
	begin_key();
	members[KEY].state = MEMBER_DOWN;
	signing_keys_on_exit(&master.keys);
	reload_on_exit(&reload, &members[KEY]);
	expect_refused();
	ck_assert_str_eq((const char *)signing_keys_current(&master.keys),
	    "first");
}
END_TEST

START_TEST(who_asks_meanwhile_gets_a_run_of_its_own)
{
	rig_propose();
	reload_request(&reload, RELOAD_BY_FILE);
	reload_request(&reload, RELOAD_BY_SIGNAL);
	ck_assert_uint_eq(reload.run_count, 1);
	expect_told(READER, "");
	rig_refuse(WORKER);
	/* One for both, by who is told more. */
	ck_assert_uint_eq(reload.run_count, 2);
	ck_assert_int_eq(reload.stage, RELOAD_READING);
	ck_assert_int_eq(reload.cause, RELOAD_BY_SIGNAL);
	expect_told(READER, "DR");
	say_contents(BEFORE, 0);
	expect_refused();
	ck_assert_uint_eq(reload.run_count, 2);
}
END_TEST

START_TEST(what_no_process_can_say_is_malformed)
{
	rig_propose();
	ck_assert_int_eq(rig_say(GATE, IPC_PROPOSED, BYTES_LITERAL("x"), -1),
	    -EBADMSG);
	ck_assert_int_eq(rig_say(GATE, IPC_COMMITTED, BYTES_NONE, -1),
	    -EBADMSG);
	/* A state that is not in use yet. */
	ck_assert_int_eq(say_generation(GATE, IPC_COMMITTED, proposed, ""),
	    -EBADMSG);
	ck_assert_int_eq(reload.stage, RELOAD_PROPOSED);
}
END_TEST

TCase *
test_reload(void)
{
	TCase *tests = tcase_create("reload");

	tcase_add_checked_fixture(tests, rig_setup, rig_teardown);
	tcase_add_test(tests, a_state_is_used_when_all_have_agreed);
	tcase_add_loop_test(tests, one_that_refuses_is_enough, 0, COUNT);
	tcase_add_test(tests, an_answer_to_an_older_question_is_none);
	tcase_add_loop_test(tests,
	    one_that_dies_while_it_is_asked_is_not_waited_for, 0, COUNT);
	tcase_add_loop_test(tests,
	    one_that_dies_while_it_takes_up_is_not_waited_for, 0, COUNT);
	tcase_add_test(tests, without_the_reader_nothing_is_read);
	tcase_add_test(tests, what_cannot_be_read_is_not_proposed);
	tcase_add_test(tests, files_are_checked_before_they_are_proposed);
	tcase_add_test(tests, a_key_is_tried_before_the_rest_is_proposed);
	tcase_add_test(tests, a_key_process_that_dies_with_a_key_refuses_it);
	tcase_add_test(tests, who_asks_meanwhile_gets_a_run_of_its_own);
	tcase_add_test(tests, what_no_process_can_say_is_malformed);
	return tests;
}
