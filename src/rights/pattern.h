/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns for text that is no topic: a * stands for any run of characters,
 * and everything else for itself.
 */
#ifndef SIGNET_RIGHTS_PATTERN_H
#define SIGNET_RIGHTS_PATTERN_H

#include "rights/piece.h"

struct rights_pattern;

/*
 * Compile a pattern of client identifiers, which may have variables.
 *
 * As rights_filter_compile().
 */
const char *rights_pattern_compile(const char *text,
    struct rights_pattern **pattern);

void rights_pattern_free(struct rights_pattern **pattern);

/* The pattern as it was written; as long as it lives. */
const char *rights_pattern_text(const struct rights_pattern *pattern);

rights_variable_set rights_pattern_variables(
    const struct rights_pattern *pattern);

/*
 * Does it match? Values stand for themselves. Where one is missing, it is as
 * if the answer were known: is_match_if_unknown, if all before it matches.
 */
bool rights_pattern_matches(const struct rights_pattern *pattern,
    const struct rights_values *values, struct bytes text,
    bool is_match_if_unknown);

/* What is wrong with a pattern of a certificate's field, which has no
 * variables; NULL if it can be one. */
const char *rights_pattern_fault(const char *text);

/* Does such a pattern match? */
bool rights_text_matches(struct bytes pattern, struct bytes text);

#endif
