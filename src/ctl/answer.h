/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer of many lines, as it comes.
 */
#ifndef SIGNET_CTL_ANSWER_H
#define SIGNET_CTL_ANSWER_H

#include "ctl/line.h"
#include "lib/row.h"

/* Called for each line; false: no more is wanted. row: during the call, which
 * may take its memory. */
typedef bool answer_row(void *context, struct row *row);

/*
 * Say a command and take its answer.
 *
 * Returns LINE_OK, also if no more was wanted; LINE_INCOMPLETE if the daemon
 * ends it with an error, or LINE_UNREACHABLE, which is said on standard error.
 */
enum line_status answer_take(struct line_connection *connection,
    struct bytes command, answer_row *on_row, void *context);

#endif
