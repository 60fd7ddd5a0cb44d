/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate fields of a peer, in wire form: no copy, no allocation. */
#include "lib/pack.h"
#include "tls/handover.h"

static bool
is_field_type(uint8_t type)
{
	return type >= TLS_FIELD_SUBJECT_CN && type <= TLS_FIELD_AUTHORITY_CN;
}

bool
tls_field_next(struct bytes fields, size_t *pos, enum tls_field_type *type,
    struct bytes *value)
{
	struct unpack in = { .input = fields, .pos = *pos };
	uint8_t found_type;
	struct bytes found;

	found_type = unpack_u8(&in);
	found = unpack_bytes(&in, TLS_FIELD_VALUE_MAX);
	if (in.failed || !is_field_type(found_type))
		return false;
	*pos = in.pos;
	*type = (enum tls_field_type)found_type;
	*value = found;
	return true;
}

bool
tls_field_append(struct buffer *fields, enum tls_field_type type,
    struct bytes value)
{
	enum tls_field_type earlier_type;
	struct bytes earlier;
	size_t pos = 0;
	size_t count = 0;

	while (
	    tls_field_next(buffer_view(fields), &pos, &earlier_type, &earlier))
		count++;
	if (count >= TLS_FIELDS_MAX || value.len > TLS_FIELD_VALUE_MAX ||
	    !is_field_type((uint8_t)type))
		return false;
	pack_u8(fields, (uint8_t)type);
	pack_bytes(fields, value);
	return true;
}
