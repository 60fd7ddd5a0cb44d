/* SPDX-License-Identifier: Apache-2.0 */
#include "beat/datagram.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define FLAGS_ALL (BEAT_MESSAGES_WAIT | BEAT_GOING_AWAY | BEAT_NEW_KEY)

/* The layout on the wire; every number is in network byte order. */
enum place {
	VERSION_AT = 0,
	KIND_AT = 1,
	FLAGS_AT = 2,
	KEY_NUMBER_AT = 3,
	HANDLE_AT = BEAT_WORKER_AT,
	SEQUENCE_AT = 12,
	CLOCK_AT = 20,
	PATIENCE_AT = 28,
};

static void
put_u64(uint8_t *out, uint64_t value)
{
	value = htobe64(value);
	memcpy(out, &value, sizeof(value));
}

static uint64_t
get_u64(const uint8_t *in)
{
	uint64_t value;

	memcpy(&value, in, sizeof(value));
	return be64toh(value);
}

void
beat_datagram_put(const struct beat_datagram *datagram, uint8_t *out)
{
	uint32_t patience_ms = htobe32(datagram->patience_ms);

	out[VERSION_AT] = BEAT_VERSION;
	out[KIND_AT] = (uint8_t)datagram->kind;
	out[FLAGS_AT] = datagram->flags;
	out[KEY_NUMBER_AT] = datagram->key_number;
	put_u64(out + HANDLE_AT, datagram->handle);
	put_u64(out + SEQUENCE_AT, datagram->sequence);
	put_u64(out + CLOCK_AT, datagram->clock);
	memcpy(out + PATIENCE_AT, &patience_ms, sizeof(patience_ms));
}

void
beat_datagram_encode(const struct beat_datagram *datagram,
    const struct beat_key *key, uint8_t *out)
{
	beat_datagram_put(datagram, out);
	beat_key_tag(key, bytes_of(out, BEAT_TAG_AT), out + BEAT_TAG_AT);
}

int
beat_datagram_decode(struct bytes in, struct beat_datagram *datagram)
{
	const uint8_t *data = in.data;
	uint32_t patience_ms;

	if (in.len != BEAT_DATAGRAM_LEN || data[VERSION_AT] != BEAT_VERSION ||
	    (data[KIND_AT] != BEAT_QUESTION && data[KIND_AT] != BEAT_ANSWER))
		return -EBADMSG;
	memcpy(&patience_ms, data + PATIENCE_AT, sizeof(patience_ms));
	/* What a question has no use for is 0. */
	if ((data[FLAGS_AT] & ~FLAGS_ALL) != 0 ||
	    (data[KIND_AT] == BEAT_QUESTION &&
		(data[FLAGS_AT] != 0 || patience_ms != 0)) ||
	    get_u64(data + SEQUENCE_AT) == 0)
		return -EBADMSG;
	*datagram = (struct beat_datagram){
		.kind = (enum beat_kind)data[KIND_AT],
		.flags = data[FLAGS_AT],
		.key_number = data[KEY_NUMBER_AT],
		.handle = get_u64(data + HANDLE_AT),
		.sequence = get_u64(data + SEQUENCE_AT),
		.clock = get_u64(data + CLOCK_AT),
		.patience_ms = be32toh(patience_ms),
	};
	return 0;
}

bool
beat_datagram_is_authentic(struct bytes in, const struct beat_key *key)
{
	return beat_key_check(key, bytes_of(in.data, BEAT_TAG_AT),
	    (const uint8_t *)in.data + BEAT_TAG_AT);
}
