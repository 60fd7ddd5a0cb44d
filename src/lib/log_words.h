/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fixed words of the log.
 */
#ifndef SIGNET_LIB_LOG_WORDS_H
#define SIGNET_LIB_LOG_WORDS_H

#include "lib/buffer.h"

/* Does log_words.def have it? */
bool log_event_is_known(const char *word);
bool log_reason_is_known(const char *word);

/* Append both lists for signetd(8), in mdoc. */
void log_words_print_manual(struct buffer *out);

#endif
