/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration is refused with a reason, or it is one that is printed and
 * read again as the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 keeps the string that stands before a syntax error. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static void
check_printed(const struct config *config)
{
	struct buffer once = { NULL, 0, 0 }, twice = { NULL, 0, 0 };
	struct config *again = NULL;
	struct config_error error;

	config_print(config, false, &once);
	if (config_parse("printed", buffer_view(&once), &again, &error) != 0)
		abort();
	config_print(again, false, &twice);
	if (!bytes_equal(buffer_view(&once), buffer_view(&twice)))
		abort();
	config_free(&again);
	buffer_done(&once);
	buffer_done(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct config *config = NULL;
	struct config_error error;

	if (config_parse("fuzz", bytes_of(data, len), &config, &error) == 0)
		check_printed(config);
	else if (error.text[0] == '\0' || config != NULL)
		abort();
	config_free(&config);
	return 0;
}
