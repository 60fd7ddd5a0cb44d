/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/record.h"

#include "lib/memory.h"
#include "tls/key_limit.h"
#include "tls/post_handshake.h"
#include "tls/record_format.h"

static const struct tls_record_format *
format_of(const struct tls_records *records)
{
	return records->suite->version == TLS_VERSION_1_3
		   ? &tls_record_format_1_3
		   : &tls_record_format_1_2;
}

void
tls_u64_put(uint8_t *out, uint64_t value)
{
	int i;

	for (i = 7; i >= 0; i--) {
		out[i] = (uint8_t)value;
		value >>= 8;
	}
}

void
tls_nonce_make(const struct tls_direction *direction, uint8_t *nonce)
{
	uint8_t number[8];
	size_t i;

	tls_u64_put(number, direction->sequence_number);
	memcpy(nonce, direction->iv, TLS_AEAD_NONCE_LEN);
	for (i = 0; i < sizeof(number); i++)
		nonce[4 + i] ^= number[i];
}

static bool
is_fragment_limit(uint16_t len)
{
	return len >= 1 && len <= TLS_PLAINTEXT_MAX;
}

int
tls_records_init(struct tls_records *records, const struct tls_state *state)
{
	const struct tls_suite *suite = tls_suite_find(state->cipher_suite);

	if (suite == NULL || suite->version != state->version ||
	    !is_fragment_limit(state->send_max) ||
	    !is_fragment_limit(state->receive_max))
		return -TLS_ALERT_INTERNAL_ERROR;
	*records = (struct tls_records){ .state = *state, .suite = suite };
	return 0;
}

void
tls_records_rest(struct tls_records *records)
{
	tls_aead_free(&records->send_aead);
	tls_aead_free(&records->receive_aead);
}

void
tls_records_done(struct tls_records *records)
{
	tls_records_rest(records);
	memory_wipe(records, sizeof(*records));
}

/* The expanded key of a direction, made again after a rest. */
static struct tls_aead *
aead_of(const struct tls_records *records, struct tls_aead **aead,
    const struct tls_direction *direction)
{
	if (*aead == NULL)
		*aead = tls_aead_new(records->suite->algorithm, direction->key);
	return *aead;
}

int
tls_records_update_send(struct tls_records *records)
{
	tls_aead_free(&records->send_aead);
	return tls_direction_update(records->suite, &records->state.send);
}

int
tls_records_update_receive(struct tls_records *records)
{
	tls_aead_free(&records->receive_aead);
	return tls_direction_update(records->suite, &records->state.receive);
}

/*
 * Open the whole record at input and do what its content asks. out: NULL, or
 * where application data is appended.
 */
static int
record_take(struct tls_records *records, uint8_t *input, size_t body_len,
    struct buffer *out, struct tls_record *record)
{
	struct tls_direction *direction = &records->state.receive;
	struct tls_record taken = { .len = TLS_HEADER_LEN + body_len };
	struct bytes content = BYTES_NONE;
	uint8_t content_type = 0;
	int status;

	if (tls_key_is_used_up(records->suite, direction))
		return -TLS_ALERT_INTERNAL_ERROR;
	status = format_of(records)->open(
	    aead_of(records, &records->receive_aead, direction), records, input,
	    body_len, out == NULL ? NULL : buffer_reserve(out, body_len),
	    &content_type, &content);
	if (status != 0)
		return status;
	tls_key_count(direction, body_len - TLS_AEAD_TAG_LEN);
	status = tls_content_take(records, content_type, content, &taken);
	if (status < 0)
		return status;
	if (out != NULL)
		out->len += taken.plaintext.len;
	*record = taken;
	return status;
}

/* out: as record_take() takes it. */
static int
record_deprotect(struct tls_records *records, uint8_t *input, size_t len,
    struct buffer *out, struct tls_record *record)
{
	size_t body_len;
	int status;

	if (records->state.receive.is_closed) {
		*record = (struct tls_record){ .len = len };
		return TLS_CLOSE_NOTIFY;
	}
	if (len < TLS_HEADER_LEN)
		return TLS_NEED_MORE;
	body_len = (size_t)(input[3] << 8 | input[4]);
	status = format_of(records)->header_check(records, input, body_len);
	if (status == 0 && len < TLS_HEADER_LEN + body_len)
		return TLS_NEED_MORE;
	if (status == 0)
		status = record_take(records, input, body_len, out, record);
	/* A connection that failed takes nothing more (RFC 8446 s6.2). */
	if (status != 0)
		records->state.receive.is_closed = true;
	return status;
}

int
tls_record_deprotect(struct tls_records *records, uint8_t *input, size_t len,
    struct tls_record *record)
{
	return record_deprotect(records, input, len, NULL, record);
}

int
tls_record_deprotect_to(struct tls_records *records, uint8_t *input, size_t len,
    struct buffer *out, struct tls_record *record)
{
	return record_deprotect(records, input, len, out, record);
}

int
tls_content_protect(struct tls_records *records,
    enum tls_content_type content_type, struct bytes content, uint8_t *out,
    size_t *out_len)
{
	struct tls_direction *direction = &records->state.send;

	if (direction->is_closed ||
	    tls_key_is_used_up(records->suite, direction))
		return -TLS_ALERT_INTERNAL_ERROR;
	*out_len = format_of(records)->seal(aead_of(records,
						&records->send_aead, direction),
	    records, content_type, content, out);
	tls_key_count(direction, *out_len - TLS_HEADER_LEN - TLS_AEAD_TAG_LEN);
	return 0;
}

/*
 * An answer to a KeyUpdate goes before the data (RFC 8446 s4.6.3). TLS 1.2
 * cannot change a worn key: what is left of it is for alerts.
 */
static bool
may_send_data(const struct tls_records *records)
{
	if (records->suite->version == TLS_VERSION_1_3)
		return !records->is_update_owed;
	return !tls_key_is_worn(records->suite, &records->state.send);
}

int
tls_record_protect(struct tls_records *records, struct bytes plaintext,
    uint8_t *out, size_t *out_len)
{
	if (plaintext.len > records->state.send_max || !may_send_data(records))
		return -TLS_ALERT_INTERNAL_ERROR;
	return tls_content_protect(records, TLS_CONTENT_APPLICATION_DATA,
	    plaintext, out, out_len);
}
