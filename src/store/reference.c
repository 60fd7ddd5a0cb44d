/* SPDX-License-Identifier: Apache-2.0 */
#include "store/reference.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/pack.h"

/* The rows that refer to a message go first, by clocks that were read at
 * different moments; in seconds. */
#define EXPIRY_SLACK 60

enum { KIND_COUNT = 1, KIND_BODY = 2 };

void
reference_encode(const struct reference *reference, struct buffer *out)
{
	pack_u8(out, reference->has_body ? KIND_BODY : KIND_COUNT);
	pack_u64(out, (uint64_t)reference->count);
	if (!reference->has_body)
		return;
	pack_u64(out, (uint64_t)reference->expires_at);
	pack_raw(out, reference->body.data, reference->body.len);
}

int
reference_decode(struct bytes value, struct reference *reference)
{
	struct unpack in = { .input = value };
	uint8_t kind = unpack_u8(&in);
	int64_t count = (int64_t)unpack_u64(&in);

	reference->expires_at = kind == KIND_BODY ? (int64_t)unpack_u64(&in)
						  : 0;
	if (in.failed || (kind != KIND_COUNT && kind != KIND_BODY) ||
	    (kind == KIND_COUNT && in.pos != value.len) ||
	    reference->expires_at < 0)
		return -EBADMSG;
	reference->count = count;
	reference->has_body = kind == KIND_BODY;
	reference->body = bytes_skip(value, in.pos);
	return 0;
}

/*
 * What comes to nothing needs no body, even if more is added later: those who
 * put a message bring its body along. Nor does a part of all operands: if the
 * whole comes to more than nothing, so does one of its parts.
 */
struct reference
reference_merge(const struct reference *a, const struct reference *b)
{
	struct reference sum = *a;

	sum.count = (int64_t)((uint64_t)a->count + (uint64_t)b->count);
	if (b->has_body) {
		/* It stays as long as any row that refers to it. */
		if (!a->has_body || b->expires_at > a->expires_at)
			sum.expires_at = b->expires_at;
		sum.has_body = true;
		sum.body = b->body;
	}
	if (sum.count <= 0) {
		sum.has_body = false;
		sum.body = BYTES_NONE;
	}
	return sum;
}

bool
reference_is_over(const struct reference *reference, int64_t now)
{
	return reference->count <= 0 ||
	       (reference->has_body &&
		   reference->expires_at <= now - EXPIRY_SLACK);
}

static char *
merge_all(struct reference sum, const char *const *operands, const size_t *lens,
    int count, unsigned char *success, size_t *len)
{
	struct buffer out = { NULL, 0, 0 };
	struct reference operand;

	*success = 0;
	*len = 0;
	for (int i = 0; i < count; i++) {
		if (reference_decode(bytes_of(operands[i], lens[i]),
			&operand) != 0)
			return NULL;
		sum = reference_merge(&sum, &operand);
	}
	reference_encode(&sum, &out);
	*success = 1;
	*len = out.len;
	return (char *)out.data;
}

static char *
full_merge(void *state, const char *key, size_t key_len, const char *existing,
    size_t existing_len, const char *const *operands, const size_t *lens,
    int count, unsigned char *success, size_t *len)
{
	struct reference sum = { .count = 0 };

	(void)state;
	(void)key;
	(void)key_len;
	*success = 0;
	*len = 0;
	if (existing != NULL &&
	    reference_decode(bytes_of(existing, existing_len), &sum) != 0)
		return NULL;
	return merge_all(sum, operands, lens, count, success, len);
}

static char *
partial_merge(void *state, const char *key, size_t key_len,
    const char *const *operands, const size_t *lens, int count,
    unsigned char *success, size_t *len)
{
	(void)state;
	(void)key;
	(void)key_len;
	return merge_all((struct reference){ .count = 0 }, operands, lens,
	    count, success, len);
}

static void
free_value(void *state, const char *value, size_t len)
{
	(void)state;
	(void)len;
	free((char *)(uintptr_t)value);
}

static void
no_state(void *state)
{
	(void)state;
}

static const char *
merge_name(void *state)
{
	(void)state;
	return "signet-reference";
}

static unsigned char
filter(void *state, int level, const char *key, size_t key_len,
    const char *value, size_t len, char **new_value, size_t *new_len,
    unsigned char *is_changed)
{
	struct reference reference;

	(void)state;
	(void)level;
	(void)key;
	(void)key_len;
	(void)new_value;
	(void)new_len;
	*is_changed = 0;
	/* What does not decode stays, for whoever looks into it. */
	return reference_decode(bytes_of(value, len), &reference) == 0 &&
	       reference_is_over(&reference, clock_realtime_seconds());
}

static const char *
filter_name(void *state)
{
	(void)state;
	return "signet-reference-none";
}

rocksdb_mergeoperator_t *
reference_merge_operator(void)
{
	return rocksdb.mergeoperator_create(NULL, no_state, full_merge,
	    partial_merge, free_value, merge_name);
}

rocksdb_compactionfilter_t *
reference_compaction_filter(void)
{
	return rocksdb.compactionfilter_create(NULL, no_state, filter,
	    filter_name);
}
