/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A topic filter of a rule, compiled: pieces in a row, each of which takes its
 * part off the front of the topic that is asked for. No piece has two ways to
 * match, so that nothing is tried twice.
 */
#ifndef SIGNET_RIGHTS_FILTER_H
#define SIGNET_RIGHTS_FILTER_H

#include "rights/piece.h"

struct rights_filter;

/*
 * Compile a filter.
 *
 * text: borrowed.
 * filter: returned, free with rights_filter_free(); untouched on error. NULL:
 * only check the text.
 * Returns NULL, or what is wrong with the text, in words for good.
 */
const char *rights_filter_compile(const char *text,
    struct rights_filter **filter);

void rights_filter_free(struct rights_filter **filter);

/* The filter as it was written; as long as it lives. */
const char *rights_filter_text(const struct rights_filter *filter);

rights_variable_set rights_filter_variables(const struct rights_filter *filter);

/*
 * To grant: does the filter cover a topic: a name, or all names that a filter
 * matches? A value that cannot stand in a topic covers nothing, and topics
 * that begin with $ are reached only if the filter's own text does.
 *
 * topic: a valid Topic Name, or a valid Topic Filter without $share.
 */
bool rights_filter_covers(const struct rights_filter *filter,
    const struct rights_values *values, struct bytes topic);

/*
 * To deny: is there a name that both match? Where a value cannot stand in a
 * topic, all names count that begin as the filter does before it.
 *
 * topic: as above.
 */
bool rights_filter_meets(const struct rights_filter *filter,
    const struct rights_values *values, struct bytes topic);

/* The same for a Topic Name alone, and faster. */
bool rights_filter_meets_name(const struct rights_filter *filter,
    const struct rights_values *values, struct bytes topic_name);

/*
 * Filters that stand in a row, one behind the other, often begin alike: note
 * how, so that a topic is held against what they share once.
 */
void rights_filters_link(struct rights_filter *const *filters, size_t count);

enum rights_question {
	RIGHTS_COVERS,     /* rights_filter_covers() */
	RIGHTS_MEETS,      /* rights_filter_meets() */
	RIGHTS_MEETS_NAME, /* rights_filter_meets_name() */
};

/* The index of the first filter of linked ones that answers the question with
 * true; count if there is none. */
size_t rights_filters_find(struct rights_filter *const *filters, size_t count,
    enum rights_question question, const struct rights_values *values,
    struct bytes topic);

#endif
