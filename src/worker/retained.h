/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retained messages (MQTT 5.0, 3.3.1.3): one message per Topic Name, and
 * walks over those that a Topic Filter matches, which stop and go on.
 */
#ifndef SIGNET_WORKER_RETAINED_H
#define SIGNET_WORKER_RETAINED_H

#include "worker/message.h"

struct retained;
struct retained_walk;

/* Returned, free with retained_free() when no walk is left. */
struct retained *retained_new(void);
void retained_free(struct retained **retained);

/*
 * Keep a message for its topic in place of the one before; a reference is
 * taken. One without payload removes what is kept [MQTT-3.3.1-10].
 */
void retained_put(struct retained *retained, struct message *message);

/* The one that is kept for this topic, borrowed; or NULL. */
const struct message *retained_find(struct retained *retained,
    struct bytes topic_name);

/* How many there are, and what they cost. */
size_t retained_count(const struct retained *retained);
size_t retained_bytes(const struct retained *retained);

/*
 * Begin a walk over what a filter matches; free with retained_walk_free().
 * Messages that come or go meanwhile are met or not, but none twice, and none
 * that was published later than until_ns.
 */
struct retained_walk *retained_walk_new(struct retained *retained,
    struct bytes topic_filter, uint64_t until_ns);
void retained_walk_free(struct retained_walk **walk);

/*
 * Go on.
 *
 * steps: how many topics and levels may be looked at; what is left of them is
 * written back.
 * Returns the next message, borrowed until the next call; NULL if there is
 * none (then retained_walk_is_done()) or the steps are used up. Messages that
 * have expired are removed on the way.
 */
struct message *retained_walk_next(struct retained_walk *walk, uint64_t now_ms,
    unsigned int *steps);

bool retained_walk_is_done(const struct retained_walk *walk);

/*
 * Remove what has expired, a bounded number of topics a call; each call goes
 * on where the last one ended.
 */
void retained_sweep(struct retained *retained, uint64_t now_ms,
    unsigned int steps);

#endif
