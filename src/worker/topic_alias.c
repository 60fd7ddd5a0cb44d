/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/topic_alias.h"

#include <stdlib.h>

#include "lib/memory.h"

void
topic_aliases_done(struct topic_aliases *aliases)
{
	for (uint16_t i = 0; i < aliases->maximum; i++)
		free((void *)(uintptr_t)aliases->topics[i].data);
	free(aliases->topics);
	*aliases = (struct topic_aliases){ .topics = NULL };
}

static void
set_alias(struct bytes *topic, struct bytes topic_name)
{
	free((void *)(uintptr_t)topic->data);
	*topic = bytes_of(memory_copy(topic_name), topic_name.len);
}

int
topic_aliases_resolve(struct topic_aliases *aliases, uint16_t maximum,
    struct mqtt_publish *publish)
{
	uint16_t alias = publish->properties.topic_alias;
	struct bytes *topic;

	if (!mqtt_properties_have(&publish->properties,
		MQTT_PROPERTY_TOPIC_ALIAS))
		return 0;
	if (alias > maximum)
		return -MQTT_REASON_TOPIC_ALIAS_INVALID; /* [MQTT5-3.3.2-9] */
	if (aliases->topics == NULL) {
		aliases->topics = memory_new(maximum, sizeof(*topic));
		aliases->maximum = maximum;
	}
	topic = &aliases->topics[alias - 1];
	if (publish->topic_name.len > 0)
		set_alias(topic, publish->topic_name);
	else if (topic->data == NULL)
		return MQTT_ERR_PROTOCOL_ERROR; /* MQTT 5.0, 3.3.4 */
	publish->topic_name = *topic;
	return 0;
}
