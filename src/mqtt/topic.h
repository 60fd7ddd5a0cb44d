/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topic Names and Topic Filters (4.7). All texts are valid UTF-8 already.
 */
#ifndef SIGNET_MQTT_TOPIC_H
#define SIGNET_MQTT_TOPIC_H

#include "mqtt/mqtt.h"

/* At least a character and no wildcard [MQTT-3.3.2-2], [MQTT-4.7.3-1]. */
bool mqtt_topic_name_is_valid(struct bytes topic_name);

/* # last and alone, + alone in its level [MQTT-4.7.1-2, -3]; $share too. */
bool mqtt_topic_filter_is_valid(struct bytes topic_filter);

/* Does the filter match the name? $-topics not by a first wildcard [-4.7.2-1]. */
bool mqtt_topic_filter_match(struct bytes topic_filter,
    struct bytes topic_name);

/* Is every name that inner matches also matched by outer? */
bool mqtt_topic_filter_covers(struct bytes outer, struct bytes inner);

/*
 * Take $share/<group>/<filter> apart (MQTT 5.0, 4.8.2). False if the text is
 * not of that form; group and rest are untouched then.
 */
bool mqtt_topic_filter_is_shared(struct bytes topic_filter, struct bytes *group,
    struct bytes *rest);

/* The level at the front of rest, which moves behind it and its '/'; false at
 * the end. "a//b" has three levels, "/" two; *rest starts as the whole topic,
 * *is_done as false. */
bool mqtt_topic_level_next(struct bytes *rest, bool *is_done,
    struct bytes *level);

#endif
