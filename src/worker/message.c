/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/message.h"

#include <stdlib.h>

#include "lib/log.h"
#include "lib/memory.h"

/* Heads that many receivers share, by protocol version and QoS above 0. */
#define HEAD_SLOTS 4

/* A Subscription Identifier and its property identifier on the wire. */
#define SUBSCRIPTION_ID_LEN_MAX 5
/* Of a Message Expiry Interval: its identifier and a four byte integer. */
#define EXPIRY_LEN 5
/* Of a Topic Alias: its identifier and a two byte integer. */
#define ALIAS_LEN 3
/* Of the length before the properties. */
#define PROPERTY_LENGTH_LEN_MAX 4

struct message_head {
	size_t len;
	size_t packet_id_offset;
	uint8_t data[];
};

/* The messages that exist in this process, for its statistics. */
static struct message_totals totals;

struct message {
	unsigned int references;
	uint64_t kept_id;
	struct ipc_publish parts; /* views into data */
	struct message_head *heads[HEAD_SLOTS];
	uint8_t *storage; /* what the parts lie in, if not in data */
	uint8_t data[];
};

static struct bytes
copy_behind(uint8_t **end, struct bytes view)
{
	struct bytes copy = bytes_of(*end, view.len);

	if (view.len > 0)
		memcpy(*end, view.data, view.len);
	*end += view.len;
	return copy;
}

static struct message *
counted(struct message *message)
{
	totals.count++;
	totals.bytes += message->parts.payload.len;
	return message;
}

struct message *
message_new(const struct ipc_publish *parts)
{
	struct message *message;
	uint8_t *end;
	size_t len = parts->topic_name.len + parts->properties.len +
		     parts->payload.len;

	/* Not memory_new(): clearing a large payload first costs a copy. */
	message = memory_resize(NULL, sizeof(*message) + len);
	message->references = 1;
	message->kept_id = 0;
	message->storage = NULL;
	memset(message->heads, 0, sizeof(message->heads));
	message->parts = *parts;
	end = message->data;
	message->parts.topic_name = copy_behind(&end, parts->topic_name);
	message->parts.properties = copy_behind(&end, parts->properties);
	message->parts.payload = copy_behind(&end, parts->payload);
	return counted(message);
}

struct message *
message_new_in(const struct ipc_publish *parts, struct buffer *storage)
{
	struct message *message = memory_new(1, sizeof(*message));

	message->references = 1;
	message->parts = *parts;
	message->storage = storage->data;
	*storage = (struct buffer){ .data = NULL };
	return counted(message);
}

struct message *
message_ref(struct message *message)
{
	message->references++;
	return message;
}

void
message_unref(struct message **message)
{
	struct message *last = *message;

	*message = NULL;
	if (last == NULL || --last->references > 0)
		return;
	totals.count--;
	totals.bytes -= last->parts.payload.len;
	for (size_t i = 0; i < HEAD_SLOTS; i++)
		free(last->heads[i]);
	free(last->storage);
	free(last);
}

struct message_totals
message_totals(void)
{
	return totals;
}

const struct ipc_publish *
message_parts(const struct message *message)
{
	return &message->parts;
}

uint64_t
message_kept_id(const struct message *message)
{
	return message->kept_id;
}

void
message_set_kept_id(struct message *message, uint64_t kept_id)
{
	message->kept_id = kept_id;
}

bool
message_is_expired(const struct message *message, uint64_t now_ms)
{
	return message->parts.has_expiry &&
	       message->parts.expires_at_ms <= now_ms;
}

size_t
message_bytes(const struct message *message)
{
	return message->parts.topic_name.len + message->parts.properties.len +
	       message->parts.payload.len;
}

/* The properties of a PUBLISH in 5.0, with their length before them. */
static size_t
properties_len(const struct message *message,
    const struct message_delivery *delivery)
{
	size_t len = message->parts.properties.len;

	if (message->parts.has_expiry)
		len += EXPIRY_LEN;
	if (delivery->topic_alias != 0)
		len += ALIAS_LEN;
	for (size_t i = 0; i < delivery->subscription_id_count; i++)
		len += 1 + mqtt_varint_len(delivery->subscription_ids[i]);
	return mqtt_varint_len((uint32_t)len) + len;
}

size_t
message_packet_len(const struct message *message,
    const struct message_delivery *delivery)
{
	size_t len = 2 + message->parts.payload.len;

	if (!delivery->omits_topic)
		len += message->parts.topic_name.len;
	if (delivery->qos > 0)
		len += sizeof(delivery->packet_id);
	if (delivery->version == MQTT_VERSION_5)
		len += properties_len(message, delivery);
	return 1 + mqtt_varint_len((uint32_t)len) + len;
}

size_t
message_head_len_max(const struct message *message,
    size_t subscription_id_count)
{
	struct mqtt_publish publish = {
		.qos = 1,
		.topic_name = message->parts.topic_name,
		.properties.encoded = message->parts.properties,
		.payload = message->parts.payload,
	};

	/* The length before the properties may itself become longer. */
	return mqtt_publish_head_len_max(&publish) + PROPERTY_LENGTH_LEN_MAX +
	       EXPIRY_LEN + ALIAS_LEN +
	       subscription_id_count * SUBSCRIPTION_ID_LEN_MAX;
}

/* Properties that differ between receivers, then those that do not. */
static size_t
encode_properties(const struct message *message,
    const struct message_delivery *delivery, uint64_t now_ms, uint8_t *out,
    size_t capacity)
{
	const struct ipc_publish *parts = &message->parts;
	struct mqtt_writer writer = { .data = out, .capacity = capacity };
	int error = 0;

	if (parts->has_expiry) {
		uint64_t left_ms = parts->expires_at_ms > now_ms
				       ? parts->expires_at_ms - now_ms
				       : 0;

		error |= mqtt_u8_encode(&writer,
		    MQTT_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
		error |= mqtt_u32_encode(&writer,
		    (uint32_t)((left_ms + 999) / 1000));
	}
	for (size_t i = 0; i < delivery->subscription_id_count; i++) {
		error |= mqtt_u8_encode(&writer,
		    MQTT_PROPERTY_SUBSCRIPTION_IDENTIFIER);
		error |= mqtt_varint_encode(&writer,
		    delivery->subscription_ids[i]);
	}
	error |= mqtt_raw_encode(&writer, parts->properties);
	if (error != 0)
		panic("message_head_len_max() bounds every head");
	return writer.len;
}

static void
encode_head(const struct message *message,
    const struct message_delivery *delivery, struct bytes properties,
    struct mqtt_writer *writer, size_t *packet_id_offset)
{
	struct mqtt_publish publish = {
		.dup = delivery->dup,
		.retain = delivery->retain,
		.qos = delivery->qos,
		.packet_id = delivery->packet_id,
		.topic_name = message->parts.topic_name,
		.properties.encoded = properties,
		.payload = message->parts.payload,
	};

	if (delivery->topic_alias != 0) {
		publish.properties.topic_alias = delivery->topic_alias;
		mqtt_properties_mark(&publish.properties,
		    MQTT_PROPERTY_TOPIC_ALIAS);
	}
	if (delivery->omits_topic)
		publish.topic_name = BYTES_NONE;
	if (mqtt_publish_head_encode(delivery->version, &publish, writer,
		packet_id_offset) != 0)
		panic("message_head_len_max() bounds every head");
}

/* The head that all receivers of this version and kind of QoS share. */
static const struct message_head *
shared_head(struct message *message, const struct message_delivery *delivery)
{
	size_t slot = (delivery->version == MQTT_VERSION_5 ? 2 : 0) +
		      (delivery->qos > 0 ? 1 : 0);
	struct mqtt_writer writer = { .capacity = 0 };
	struct message_delivery first = *delivery;
	struct message_head *head = message->heads[slot];

	if (head != NULL)
		return head;
	first.packet_id = 1; /* any; each receiver's is written over it */
	writer.capacity = message_head_len_max(message, 0);
	head = memory_new(1, sizeof(*head) + writer.capacity);
	writer.data = head->data;
	encode_head(message, &first, message->parts.properties, &writer,
	    &head->packet_id_offset);
	head->len = writer.len;
	message->heads[slot] = head;
	return head;
}

/* The first byte of a PUBLISH (3.3.1). */
static uint8_t
first_byte(const struct message_delivery *delivery)
{
	return (uint8_t)(MQTT_PUBLISH << 4 | (delivery->dup ? 8 : 0) |
			 delivery->qos << 1 | (delivery->retain ? 1 : 0));
}

static size_t
write_own_head(struct message *message, const struct message_delivery *delivery,
    uint64_t now_ms, uint8_t *out)
{
	size_t capacity = message_head_len_max(message,
	    delivery->subscription_id_count);
	struct mqtt_writer writer = { .data = out, .capacity = capacity };
	uint8_t *properties = memory_new(1, capacity);
	size_t len, offset;

	len = encode_properties(message, delivery, now_ms, properties,
	    capacity);
	encode_head(message, delivery, bytes_of(properties, len), &writer,
	    &offset);
	free(properties);
	return writer.len;
}

static size_t
write_aliased_head(const struct message *message,
    const struct message_delivery *delivery, uint8_t *out)
{
	struct mqtt_writer writer = {
		.data = out,
		.capacity = message_head_len_max(message, 0),
	};
	size_t offset;

	encode_head(message, delivery, message->parts.properties, &writer,
	    &offset);
	return writer.len;
}

size_t
message_head_write(struct message *message,
    const struct message_delivery *delivery, uint64_t now_ms, uint8_t *out)
{
	const struct message_head *head;

	if (delivery->version == MQTT_VERSION_5 &&
	    (message->parts.has_expiry || delivery->subscription_id_count > 0))
		return write_own_head(message, delivery, now_ms, out);

	if (delivery->topic_alias != 0)
		return write_aliased_head(message, delivery, out);
	head = shared_head(message, delivery);
	memcpy(out, head->data, head->len);
	out[0] = first_byte(delivery);
	if (delivery->qos > 0) {
		out[head->packet_id_offset] = (uint8_t)(delivery->packet_id >>
							8);
		out[head->packet_id_offset + 1] = (uint8_t)delivery->packet_id;
	}
	return head->len;
}
