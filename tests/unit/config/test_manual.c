/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "test_config.h"

/* If this fails: make update-manual. */
START_TEST(the_manual_page_has_the_list_of_the_schema)
{
	FILE *file = fopen(SIGNET_SOURCE "/docs/signet.conf.5", "r");
	char *page = memory_new(1, 262144);
	struct buffer list = { NULL, 0, 0 };
	char *text;

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(page, 1, 262143, file), 0);
	fclose(file);
	config_print_manual(&list);
	text = memory_copy(buffer_view(&list));
	ck_assert_ptr_nonnull(strstr(page, text));
	free(text);
	free(page);
	buffer_done(&list);
}
END_TEST

TCase *
test_manual(void)
{
	TCase *tests = tcase_create("manual");

	tcase_add_test(tests, the_manual_page_has_the_list_of_the_schema);
	return tests;
}
