/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log_line.h"
#include "tests.h"

static char text[3 * LOG_LINE_MAX];
static int journal[2]; /* ours, the daemon's */

static void
open_journal(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, journal), 0);
	ck_assert(log_journal_take(journal[1]));
	log_start("worker/1", LOG_LEVEL_INFO);
}

/* The next entry. */
static const char *
entry(void)
{
	ssize_t len = recv(journal[0], text, sizeof(text) - 1, MSG_DONTWAIT);

	ck_assert_int_ge(len, 0);
	text[len] = '\0';
	return text;
}

START_TEST(an_event_is_an_entry_with_fields)
{
	open_journal();
	log_warning(log_id("session", 0x9f2c), log_word("event", "closed"),
	    log_number("idle_seconds", -91), log_string("client_id", "a b"));
	ck_assert_str_eq(entry(),
	    "PRIORITY=4\nSYSLOG_IDENTIFIER=signetd\nROLE=worker\n"
	    "ROLE_INDEX=1\nSESSION=0000000000009f2c\nEVENT=closed\n"
	    "IDLE_SECONDS=-91\nCLIENT_ID=a b\n"
	    "MESSAGE=worker/1 session=0000000000009f2c event=closed "
	    "idle_seconds=-91 client_id=\"a b\"\n");
}
END_TEST

START_TEST(no_value_of_a_peer_makes_another_field)
{
	static const char evil[] = "x\nEVENT=panic\x1b\\\xc3\xbc";

	open_journal();
	log_info(log_string("identity", evil));
	ck_assert_ptr_nonnull(strstr(entry(),
	    "\nIDENTITY=x\\x0aEVENT=panic\\x1b\\\\\\xc3\\xbc\nMESSAGE="));
}
END_TEST

START_TEST(what_does_not_fit_is_left_out_by_whole_fields)
{
	static uint8_t worst[LOG_TEXT_MAX];
	struct log_field fields[20];

	for (size_t i = 0; i < 20; i++)
		fields[i] = log_text("topic", bytes_of(worst, sizeof(worst)));
	open_journal();
	log_event(LOG_LEVEL_INFO, fields, 20);
	ck_assert_ptr_nonnull(strstr(entry(), "\\x00\nMESSAGE="));
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
}
END_TEST

/* Nobody reads: we are not held up, and who reads again is told. */
START_TEST(a_journal_that_does_not_keep_up_loses_entries_and_is_told)
{
	unsigned int count = 0;

	open_journal();
	ck_assert_int_eq(fcntl(journal[1], F_SETFL, 0), 0);
	while (count < 10000) {
		log_info(log_number("number", count++));
	}
	while (recv(journal[0], text, sizeof(text), MSG_DONTWAIT) > 0)
		count--;
	ck_assert_uint_gt(count, 0);
	log_info(log_word("event", "after"));
	ck_assert_uint_eq(strtoul(strstr(entry(), "ENTRIES_LOST=") + 13, NULL,
			      10),
	    count);
	log_info(log_word("event", "later"));
	ck_assert_ptr_null(strstr(entry(), "ENTRIES_LOST"));
}
END_TEST

START_TEST(what_ends_the_process_is_an_entry_too)
{
	open_journal();
	if (fork() == 0)
		fatal("%s is missing", "everything");
	ck_assert_int_gt(recv(journal[0], text, sizeof(text) - 1, MSG_WAITALL),
	    0);
	ck_assert_ptr_nonnull(strstr(text, "PRIORITY=3\n"));
	ck_assert_ptr_nonnull(
	    strstr(text, "\nEVENT=fatal\nWHY=everything is missing\n"));
}
END_TEST

START_TEST(only_the_journals_socket_is_taken)
{
	int stream[2];

	ck_assert(!log_journal_take(-1));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, stream), 0);
	ck_assert(!log_journal_take(stream[0]));
	ck_assert(!log_journal_take(STDOUT_FILENO));
	ck_assert(!log_journal_is_open());
}
END_TEST

START_TEST(standard_error_is_the_journal_only_if_systemd_says_so)
{
	unsetenv("JOURNAL_STREAM");
	ck_assert_int_eq(log_journal_open(), -1);
	setenv("JOURNAL_STREAM", "1:2", 1);
	ck_assert_int_eq(log_journal_open(), -1);
	setenv("JOURNAL_STREAM", "nonsense", 1);
	ck_assert_int_eq(log_journal_open(), -1);
}
END_TEST

TCase *
test_log_journal(void)
{
	TCase *tcase = tcase_create("log_journal");

	tcase_add_test(tcase,
	    standard_error_is_the_journal_only_if_systemd_says_so);
	/* A journal is one for good: each needs a process of its own. */
	if (getenv("CK_FORK") != NULL)
		return tcase;
	tcase_add_test(tcase, only_the_journals_socket_is_taken);
	tcase_add_test(tcase, an_event_is_an_entry_with_fields);
	tcase_add_test(tcase, no_value_of_a_peer_makes_another_field);
	tcase_add_test(tcase, what_does_not_fit_is_left_out_by_whole_fields);
	tcase_add_test(tcase,
	    a_journal_that_does_not_keep_up_loses_entries_and_is_told);
	tcase_add_test(tcase, what_ends_the_process_is_an_entry_too);
	return tcase;
}
