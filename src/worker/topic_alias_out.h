/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topic Aliases of the server's PUBLISH packets (MQTT 5.0, 3.3.2.3.4), for a
 * client that takes them. A Topic Name gets one when it comes a second time,
 * if there is one to have: one that comes once would only cost bytes.
 */
#ifndef SIGNET_WORKER_TOPIC_ALIAS_OUT_H
#define SIGNET_WORKER_TOPIC_ALIAS_OUT_H

#include "lib/bytes.h"

struct topic_aliases_out;

/* maximum: 1 or more. Returned, free with topic_aliases_out_free(). */
struct topic_aliases_out *topic_aliases_out_new(uint16_t maximum);
void topic_aliases_out_free(struct topic_aliases_out **aliases);

/*
 * The alias to send with this Topic Name, 1 to maximum; 0: none.
 * *is_known: the client knows it, and the name can be left out. If not, the
 * packet must have both, and topic_aliases_out_set() follows.
 */
uint16_t topic_aliases_out_find(struct topic_aliases_out *aliases,
    struct bytes topic_name, bool *is_known);

/* The client has been told. */
void topic_aliases_out_set(struct topic_aliases_out *aliases, uint16_t alias,
    struct bytes topic_name);

#endif
