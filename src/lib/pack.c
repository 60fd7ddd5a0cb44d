/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pack.h"

void
pack_u8(struct buffer *out, uint8_t value)
{
	*buffer_reserve(out, 1) = value;
	out->len += 1;
}

void
pack_u16(struct buffer *out, uint16_t value)
{
	pack_u8(out, (uint8_t)(value >> 8));
	pack_u8(out, (uint8_t)value);
}

void
pack_u32(struct buffer *out, uint32_t value)
{
	pack_u16(out, (uint16_t)(value >> 16));
	pack_u16(out, (uint16_t)value);
}

void
pack_u64(struct buffer *out, uint64_t value)
{
	pack_u32(out, (uint32_t)(value >> 32));
	pack_u32(out, (uint32_t)value);
}

void
pack_raw(struct buffer *out, const void *data, size_t len)
{
	buffer_append(out, bytes_of(data, len));
}

void
pack_bytes(struct buffer *out, struct bytes view)
{
	pack_u32(out, (uint32_t)view.len);
	buffer_append(out, view);
}

/* Step over len bytes; NULL, and failed from then on, if they are not there. */
static const uint8_t *
unpack_take(struct unpack *in, size_t len)
{
	const uint8_t *at;

	if (in->failed || in->input.len - in->pos < len) {
		in->failed = true;
		return NULL;
	}
	at = in->input.data + in->pos;
	in->pos += len;
	return at;
}

uint8_t
unpack_u8(struct unpack *in)
{
	const uint8_t *at = unpack_take(in, 1);

	return at == NULL ? 0 : at[0];
}

uint16_t
unpack_u16(struct unpack *in)
{
	const uint8_t *at = unpack_take(in, 2);

	return at == NULL ? 0 : (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t
unpack_u32(struct unpack *in)
{
	uint32_t high = unpack_u16(in);

	return high << 16 | unpack_u16(in);
}

uint64_t
unpack_u64(struct unpack *in)
{
	uint64_t high = unpack_u32(in);

	return high << 32 | unpack_u32(in);
}

void
unpack_raw(struct unpack *in, void *data, size_t len)
{
	const uint8_t *at = unpack_take(in, len);

	if (len == 0)
		return;
	if (at == NULL)
		memset(data, 0, len);
	else
		memcpy(data, at, len);
}

struct bytes
unpack_bytes(struct unpack *in, size_t max)
{
	uint32_t len = unpack_u32(in);
	const uint8_t *at;

	if (len > max)
		in->failed = true;
	at = unpack_take(in, len);
	return at == NULL ? BYTES_NONE : bytes_of(at, len);
}

bool
unpack_is_complete(const struct unpack *in)
{
	return !in->failed && in->pos == in->input.len;
}
