/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/log_words.h"
#include "lib/memory.h"
#include "tests.h"

START_TEST(the_words_are_known_and_no_others)
{
	ck_assert(log_event_is_known("closed"));
	ck_assert(!log_event_is_known("keep-alive-timeout"));
	ck_assert(log_reason_is_known("plaintext"));
	ck_assert(log_reason_is_known("keep-alive-timeout"));
	ck_assert(log_reason_is_known("bad_record_mac"));
	ck_assert(!log_reason_is_known("closed"));
}
END_TEST

/* If this fails: make update-manual. */
START_TEST(the_manual_page_has_the_words)
{
	FILE *file = fopen(SIGNET_SOURCE "/docs/signetd.8", "r");
	char *page = memory_new(1, 262144);
	struct buffer list = { NULL, 0, 0 };
	char *words;

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(page, 1, 262143, file), 0);
	fclose(file);
	log_words_print_manual(&list);
	words = memory_copy(buffer_view(&list));
	ck_assert_ptr_nonnull(strstr(page, words));
	free(words);
	free(page);
	buffer_done(&list);
}
END_TEST

TCase *
test_log_words(void)
{
	TCase *tcase = tcase_create("log_words");

	tcase_add_test(tcase, the_words_are_known_and_no_others);
	tcase_add_test(tcase, the_manual_page_has_the_words);
	return tcase;
}
