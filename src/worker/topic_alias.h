/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topic Aliases that a client has set for its own PUBLISH packets (MQTT 5.0,
 * 3.3.2.3.4); they last as long as the connection.
 */
#ifndef SIGNET_WORKER_TOPIC_ALIAS_H
#define SIGNET_WORKER_TOPIC_ALIAS_H

#include "mqtt/packet.h"

struct topic_aliases {
	struct bytes *topics; /* maximum of them, [0] is alias 1; or NULL */
	uint16_t maximum;
};

void topic_aliases_done(struct topic_aliases *aliases);

/*
 * Note the alias of a PUBLISH that sets one, and give the topic to one that
 * uses one; the name is valid until the alias is set again.
 *
 * maximum: the Topic Alias Maximum that was sent in CONNACK.
 * Returns 0; -TOPIC_ALIAS_INVALID if it is above the maximum;
 * -PROTOCOL_ERROR if it was never set.
 */
int topic_aliases_resolve(struct topic_aliases *aliases, uint16_t maximum,
    struct mqtt_publish *publish);

#endif
