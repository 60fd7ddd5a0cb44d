/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/response_information.h"

#define IDENTITY  BYTES_LITERAL("${identity}")
#define CLIENT_ID BYTES_LITERAL("${client_id}")

static bool
starts_with(struct bytes text, struct bytes start)
{
	return text.len >= start.len &&
	       memcmp(text.data, start.data, start.len) == 0;
}

/* Rights take such a value for nothing (rights.h), and so does this. */
static bool
is_one_level(struct bytes value)
{
	for (size_t i = 0; i < value.len; i++)
		if (memchr("/+#", value.data[i], 3) != NULL)
			return false;
	return value.len > 0;
}

/* Append the front of *rest, which moves behind it; false if not possible. */
static bool
append_piece(struct bytes *rest, struct bytes identity, struct bytes client_id,
    struct buffer *out)
{
	struct bytes value = bytes_of(rest->data, 1);
	size_t taken = 1;
	bool is_variable = true;

	if (starts_with(*rest, IDENTITY)) {
		value = identity;
		taken = IDENTITY.len;
	} else if (starts_with(*rest, CLIENT_ID)) {
		value = client_id;
		taken = CLIENT_ID.len;
	} else {
		is_variable = false;
	}
	if (is_variable && !is_one_level(value))
		return false;
	*rest = bytes_skip(*rest, taken);
	if (value.len > RESPONSE_INFORMATION_MAX)
		return false;
	buffer_append(out, value);
	return true;
}

bool
response_information_append(const char *pattern, struct bytes identity,
    struct bytes client_id, struct buffer *out)
{
	struct bytes rest = bytes_of_string(pattern);
	size_t before = out->len;

	if (rest.len == 0)
		return false;
	while (rest.len > 0) {
		if (append_piece(&rest, identity, client_id, out) &&
		    out->len - before <= RESPONSE_INFORMATION_MAX)
			continue;
		out->len = before;
		return false;
	}
	return true;
}
