/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/outbox.h"

#include <stdlib.h>

#include "lib/memory.h"

/* A PUBACK or PINGRESP lies in the entry itself. */
#define SMALL_PACKET_MAX 6
#define CAPACITY_MIN     4
/* From so many bytes on, a payload is protected where it lies. */
#define DIRECT_MIN 4096

enum entry_kind {
	ENTRY_SMALL_PACKET,
	ENTRY_PACKET,
	ENTRY_MESSAGE,
};

struct outbox_entry {
	union {
		struct message *message;
		uint8_t *packet;
	};
	union {
		uint32_t *subscription_ids; /* count first; NULL if none */
		uint32_t packet_len;
	};
	uint16_t packet_id;
	uint8_t kind;
	uint8_t qos : 2;
	uint8_t dup : 1;
	uint8_t retain : 1;
	uint8_t small_len : 4;
};

/* What a message costs here; an empty one is not free. */
static size_t
message_cost(const struct message *message)
{
	return message_bytes(message) + sizeof(struct outbox_entry);
}

/* A small packet lies over the pointers of its entry. */
static uint8_t *
small_packet(struct outbox_entry *entry)
{
	return (uint8_t *)&entry->message;
}

static struct outbox_entry *
entry_at(const struct outbox *outbox, uint32_t position)
{
	return &outbox->entries[(outbox->head + position) &
				(outbox->capacity - 1)];
}

static size_t
entry_control_bytes(const struct outbox_entry *entry)
{
	return entry->kind == ENTRY_PACKET ? entry->packet_len
					   : entry->small_len;
}

static void
outbox_grow(struct outbox *outbox)
{
	uint32_t capacity = outbox->capacity == 0 ? CAPACITY_MIN
						  : outbox->capacity * 2;
	struct outbox_entry *entries = memory_new(capacity, sizeof(*entries));

	for (uint32_t i = 0; i < outbox->count; i++)
		entries[i] = *entry_at(outbox, i);
	free(outbox->entries);
	outbox->entries = entries;
	outbox->capacity = capacity;
	outbox->head = 0;
}

static struct outbox_entry *
outbox_push(struct outbox *outbox)
{
	struct outbox_entry *entry;

	if (outbox->count == outbox->capacity)
		outbox_grow(outbox);
	entry = entry_at(outbox, outbox->count++);
	memset(entry, 0, sizeof(*entry));
	return entry;
}

/* Free what an entry holds and take it out of the account. */
static void
entry_done(struct outbox *outbox, struct outbox_entry *entry)
{
	if (entry->kind == ENTRY_MESSAGE) {
		outbox->bytes -= message_cost(entry->message);
		message_unref(&entry->message);
		free(entry->subscription_ids);
		return;
	}
	outbox->control_bytes -= entry_control_bytes(entry);
	if (entry->kind == ENTRY_PACKET) {
		/* It may be the key of a heartbeat. */
		memory_wipe(entry->packet, entry->packet_len);
		free(entry->packet);
	}
}

static void
outbox_pop(struct outbox *outbox)
{
	entry_done(outbox, entry_at(outbox, 0));
	outbox->head = (outbox->head + 1) & (outbox->capacity - 1);
	outbox->count--;
	outbox->offset = 0;
	outbox->packet.len = 0;
}

void
outbox_done(struct outbox *outbox)
{
	while (outbox->count > 0)
		outbox_pop(outbox);
	outbox_rest(outbox);
	topic_aliases_out_free(&outbox->aliases);
}

void
outbox_use_aliases(struct outbox *outbox, uint16_t maximum, uint32_t packet_max)
{
	topic_aliases_out_free(&outbox->aliases);
	outbox->aliases = topic_aliases_out_new(maximum);
	outbox->packet_max = packet_max;
}

void
outbox_rest(struct outbox *outbox)
{
	if (outbox->count > 0)
		return;
	free(outbox->entries);
	outbox->entries = NULL;
	outbox->capacity = 0;
	outbox->head = 0;
	buffer_done(&outbox->packet);
}

void
outbox_push_packet(struct outbox *outbox, struct bytes packet)
{
	struct outbox_entry *entry = outbox_push(outbox);

	outbox->control_bytes += packet.len;
	if (packet.len <= SMALL_PACKET_MAX) {
		entry->kind = ENTRY_SMALL_PACKET;
		entry->small_len = (uint8_t)packet.len & 0xf;
		memcpy(small_packet(entry), packet.data, packet.len);
		return;
	}
	entry->kind = ENTRY_PACKET;
	entry->packet = memory_copy(packet);
	entry->packet_len = (uint32_t)packet.len;
}

void
outbox_push_message(struct outbox *outbox, struct message *message,
    const struct message_delivery *delivery)
{
	struct outbox_entry *entry = outbox_push(outbox);
	size_t count = delivery->subscription_id_count;

	entry->kind = ENTRY_MESSAGE;
	entry->message = message_ref(message);
	entry->packet_id = delivery->packet_id;
	entry->qos = delivery->qos & 3;
	entry->dup = delivery->dup;
	entry->retain = delivery->retain;
	if (count > 0) {
		entry->subscription_ids = memory_new(count + 1,
		    sizeof(uint32_t));
		entry->subscription_ids[0] = (uint32_t)count;
		memcpy(&entry->subscription_ids[1], delivery->subscription_ids,
		    count * sizeof(uint32_t));
	}
	outbox->bytes += message_cost(message);
}

/* Aliases are given in the order in which packets leave: here. */
static void
choose_alias(const struct outbox *outbox, const struct message *message,
    struct message_delivery *delivery)
{
	struct bytes topic_name = message_parts(message)->topic_name;

	delivery->topic_alias = topic_aliases_out_find(outbox->aliases,
	    topic_name, &delivery->omits_topic);
	if (delivery->topic_alias == 0 || delivery->omits_topic)
		return;
	if (outbox->packet_max != 0 &&
	    message_packet_len(message, delivery) > outbox->packet_max)
		delivery->topic_alias = 0; /* [MQTT5-3.1.2-24] */
	else
		topic_aliases_out_set(outbox->aliases, delivery->topic_alias,
		    topic_name);
}

/* Encode the head of the first entry's PUBLISH into outbox->packet. */
static void
encode_first_head(struct outbox *outbox, const struct outbox_entry *entry,
    enum mqtt_version version, uint64_t now_ms)
{
	const uint32_t *ids = entry->subscription_ids;
	struct message_delivery delivery = {
		.version = version,
		.qos = entry->qos,
		.dup = entry->dup,
		.retain = entry->retain,
		.packet_id = entry->packet_id,
		.subscription_ids = ids == NULL ? NULL : ids + 1,
		.subscription_id_count = ids == NULL ? 0 : ids[0],
	};
	uint8_t *out = buffer_reserve(&outbox->packet,
	    message_head_len_max(entry->message,
		delivery.subscription_id_count));

	if (outbox->aliases != NULL)
		choose_alias(outbox, entry->message, &delivery);
	outbox->packet.len = message_head_write(entry->message, &delivery,
	    now_ms, out);
}

/* Copy what is there of view from offset on, up to room. */
static size_t
copy_from(struct bytes view, size_t offset, uint8_t *out, size_t room)
{
	size_t len = view.len - offset;

	if (len > room)
		len = room;
	memcpy(out, view.data + offset, len);
	return len;
}

/*
 * Take bytes of the first entry, a message, up to what take_direct() is for;
 * pops it at its end.
 */
static size_t
take_message(struct outbox *outbox, enum mqtt_version version, uint64_t now_ms,
    uint8_t *out, size_t room)
{
	struct outbox_entry *entry = entry_at(outbox, 0);
	struct bytes payload = message_parts(entry->message)->payload;
	size_t taken = 0, inside;

	if (outbox->offset == 0 && outbox->packet.len == 0)
		encode_first_head(outbox, entry, version, now_ms);
	if (outbox->offset < outbox->packet.len) {
		taken = copy_from(buffer_view(&outbox->packet), outbox->offset,
		    out, room);
		outbox->offset += (uint32_t)taken;
		if (outbox->offset < outbox->packet.len)
			return taken;
	}
	inside = outbox->offset - outbox->packet.len;
	if (payload.len - inside >= DIRECT_MIN)
		return taken;
	if (inside < payload.len) {
		size_t len = copy_from(payload, inside, out + taken,
		    room - taken);

		taken += len;
		inside += len;
		outbox->offset += (uint32_t)len;
	}
	if (inside == payload.len)
		outbox_pop(outbox);
	return taken;
}

/* Is the front the inside of a payload that is worth a record of its own? */
static bool
first_is_direct(const struct outbox *outbox)
{
	const struct outbox_entry *entry = entry_at(outbox, 0);

	return entry->kind == ENTRY_MESSAGE && outbox->packet.len > 0 &&
	       outbox->offset >= outbox->packet.len &&
	       outbox->packet.len + message_parts(entry->message)->payload.len -
		       outbox->offset >=
		   DIRECT_MIN;
}

/* Take up to room bytes of that payload, where they are. */
static size_t
take_direct(struct outbox *outbox, size_t room, struct bytes *direct)
{
	const struct outbox_entry *entry = entry_at(outbox, 0);
	struct bytes rest = bytes_skip(message_parts(entry->message)->payload,
	    outbox->offset - outbox->packet.len);

	*direct = bytes_of(rest.data, rest.len < room ? rest.len : room);
	outbox->offset += (uint32_t)direct->len;
	/* The view must live: the entry is popped by the next call. */
	return direct->len;
}

static size_t
take_packet(struct outbox *outbox, uint8_t *out, size_t room)
{
	struct outbox_entry *entry = entry_at(outbox, 0);
	struct bytes packet = entry->kind == ENTRY_PACKET
				  ? bytes_of(entry->packet, entry->packet_len)
				  : bytes_of(small_packet(entry),
					entry->small_len);
	size_t taken = copy_from(packet, outbox->offset, out, room);

	outbox->offset += (uint32_t)taken;
	if (outbox->offset == packet.len)
		outbox_pop(outbox);
	return taken;
}

static bool
first_is_expired(const struct outbox *outbox, uint64_t now_ms)
{
	const struct outbox_entry *entry = entry_at(outbox, 0);

	return entry->kind == ENTRY_MESSAGE && entry->qos == 0 &&
	       outbox->offset == 0 &&
	       message_is_expired(entry->message, now_ms);
}

/* Was the whole of the first entry taken, the end of it as a direct view? */
static bool
first_is_finished(const struct outbox *outbox)
{
	const struct outbox_entry *entry = entry_at(outbox, 0);

	return entry->kind == ENTRY_MESSAGE && outbox->offset > 0 &&
	       outbox->offset == outbox->packet.len +
				     message_parts(entry->message)->payload.len;
}

size_t
outbox_take(struct outbox *outbox, enum mqtt_version version, uint64_t now_ms,
    uint8_t *out, size_t room, struct bytes *direct)
{
	size_t taken = 0;

	*direct = BYTES_NONE;
	while (outbox->count > 0 && taken < room) {
		bool is_message = entry_at(outbox, 0)->kind == ENTRY_MESSAGE;

		if (first_is_finished(outbox) ||
		    first_is_expired(outbox, now_ms))
			outbox_pop(outbox);
		else if (first_is_direct(outbox))
			return taken > 0 ? taken
					 : take_direct(outbox, room, direct);
		else if (is_message)
			taken += take_message(outbox, version, now_ms,
			    out + taken, room - taken);
		else
			taken += take_packet(outbox, out + taken, room - taken);
	}
	return taken;
}

void
outbox_drop_waiting(struct outbox *outbox)
{
	uint32_t kept = outbox->offset > 0 ? 1 : 0;

	for (uint32_t i = kept; i < outbox->count; i++) {
		struct outbox_entry *entry = entry_at(outbox, i);

		if (entry->kind == ENTRY_MESSAGE)
			entry_done(outbox, entry);
		else
			*entry_at(outbox, kept++) = *entry;
	}
	outbox->count = kept;
}
