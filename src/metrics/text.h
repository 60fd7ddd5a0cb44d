/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending text to what is answered.
 */
#ifndef SIGNET_METRICS_TEXT_H
#define SIGNET_METRICS_TEXT_H

#include "lib/buffer.h"

void text_print(struct buffer *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What others chose, in HTML, and as a label's value of a metric. */
void text_html(struct buffer *out, struct bytes text);
void text_label(struct buffer *out, struct bytes text);

#endif
