/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TEST_CONFIG_H
#define SIGNET_TEST_CONFIG_H

#include <check.h>

#include "config/config.h"

/* As few settings as a configuration can have. */
#define MINIMUM_BUT_TLS_END                                                    \
	"listen = ( { address = \"::1\"; } );"                                 \
	"tls = { certificate = \"/c\"; private_key = \"/k\"; "                 \
	"client_ca = \"/a\"; "
#define MINIMUM MINIMUM_BUT_TLS_END "};"

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

/* What the text makes; the test fails if it is refused. */
struct config *parse(const char *text);

/* The reason why the text is refused. */
const char *refusal(const char *text);

/* A file of the test's own folder, which parse_done() removes. */
const char *write_file(const char *name, struct bytes text);
void remove_files(void);

/* As config_print() without comments; free with free(). */
char *print(const struct config *config, bool is_commented);

TCase *test_change(void);
TCase *test_file_fault(void);
TCase *test_load(void);
TCase *test_manual(void);
TCase *test_nearest(void);
TCase *test_print(void);
TCase *test_sample(void);
TCase *test_source(void);

#endif
