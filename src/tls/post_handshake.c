/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/post_handshake.h"

#include "tls/key_limit.h"
#include "tls/record_format.h"

enum handshake_type {
	HANDSHAKE_CLIENT_HELLO = 1,
	HANDSHAKE_KEY_UPDATE = 24,
};

#define HANDSHAKE_HEADER_LEN 4

/* RFC 8446 s4.6.3, KeyUpdateRequest. */
enum key_update_request {
	UPDATE_NOT_REQUESTED = 0,
	UPDATE_REQUESTED = 1,
};
#define KEY_UPDATE_LEN (HANDSHAKE_HEADER_LEN + 1)

static bool
is_1_3(const struct tls_records *records)
{
	return records->suite->version == TLS_VERSION_1_3;
}

/* Is a handshake message half read? */
static bool
is_inside_message(const struct tls_records *records)
{
	return records->handshake_len > 0 || records->handshake_skip > 0;
}

static int
warning_count(struct tls_records *records)
{
	if (records->warning_count >= TLS_WARNINGS_MAX)
		return -TLS_ALERT_UNEXPECTED_MESSAGE;
	records->warning_count++;
	return 0;
}

static int
application_data_take(struct tls_records *records, struct bytes content,
    struct tls_record *record)
{
	if (content.len == 0)
		return warning_count(records); /* RFC 8446 s5.1 allows it */
	records->warning_count = 0;
	records->update_count = 0;
	record->plaintext = content;
	return 0;
}

/* TLS 1.3 ignores the level (RFC 8446 s6). */
static bool
is_warning(const struct tls_records *records, uint8_t level, uint8_t alert)
{
	if (is_1_3(records))
		return alert == TLS_ALERT_USER_CANCELED;
	return level == TLS_ALERT_LEVEL_WARNING;
}

static int
alert_take(struct tls_records *records, struct bytes content,
    struct tls_record *record)
{
	uint8_t level;
	uint8_t alert;

	/* RFC 8446 s5.4, RFC 5246 s6.2.1: no empty fragments of alerts. */
	if (content.len == 0)
		return -TLS_ALERT_UNEXPECTED_MESSAGE;
	if (content.len != 2)
		return -TLS_ALERT_DECODE_ERROR;
	level = content.data[0];
	alert = content.data[1];
	if (!is_1_3(records) && level != TLS_ALERT_LEVEL_WARNING &&
	    level != TLS_ALERT_LEVEL_FATAL)
		return -TLS_ALERT_ILLEGAL_PARAMETER;
	if (alert == TLS_ALERT_CLOSE_NOTIFY)
		return TLS_CLOSE_NOTIFY;
	if (is_warning(records, level, alert))
		return warning_count(records);
	record->alert = alert;
	return TLS_FATAL_ALERT;
}

/* Move what is missing of the first count bytes of a message. */
static bool
handshake_gather(struct tls_records *records, struct bytes *content,
    size_t count)
{
	while (records->handshake_len < count && content->len > 0) {
		records->handshake[records->handshake_len++] = content->data[0];
		*content = bytes_skip(*content, 1);
	}
	return records->handshake_len >= count;
}

static uint32_t
handshake_body_len(const struct tls_records *records)
{
	return (uint32_t)records->handshake[1] << 16 |
	       (uint32_t)records->handshake[2] << 8 | records->handshake[3];
}

static int
key_update_take(struct tls_records *records, uint8_t request)
{
	if (request > UPDATE_REQUESTED)
		return -TLS_ALERT_ILLEGAL_PARAMETER;
	if (records->update_count >= TLS_UPDATES_MAX)
		return -TLS_ALERT_UNEXPECTED_MESSAGE;
	records->update_count++;
	records->state.is_update_awaited = false;
	/* One answer serves all requests that came before it (s4.6.3). */
	if (request == UPDATE_REQUESTED && !records->state.send.is_closed)
		records->is_update_owed = true;
	return tls_records_update_receive(records);
}

/* RFC 8446 s4.6: of all messages a client may send KeyUpdate only. */
static int
handshake_take_1_3(struct tls_records *records, struct bytes content)
{
	bool has_header = handshake_gather(records, &content,
	    HANDSHAKE_HEADER_LEN);

	if (records->handshake[0] != HANDSHAKE_KEY_UPDATE)
		return -TLS_ALERT_UNEXPECTED_MESSAGE;
	if (!has_header)
		return 0;
	if (handshake_body_len(records) != 1)
		return -TLS_ALERT_DECODE_ERROR;
	if (!handshake_gather(records, &content, KEY_UPDATE_LEN))
		return 0;
	/* s5.1: nothing follows in the record, for the key changes here. */
	if (content.len > 0)
		return -TLS_ALERT_UNEXPECTED_MESSAGE;
	records->handshake_len = 0;
	return key_update_take(records, records->handshake[4]);
}

/* Skip a ClientHello and owe the warning for it (RFC 5246 s7.2.2). */
static int
client_hello_refuse(struct tls_records *records)
{
	uint32_t len = handshake_body_len(records);

	if (len > TLS_CLIENT_HELLO_MAX)
		return -TLS_ALERT_ILLEGAL_PARAMETER;
	records->handshake_len = 0;
	records->handshake_skip = len;
	records->is_refusal_owed = !records->state.send.is_closed;
	return warning_count(records);
}

/* Step over what is left of a refused message. */
static struct bytes
handshake_skip(struct tls_records *records, struct bytes content)
{
	size_t skip = records->handshake_skip < content.len
			  ? records->handshake_skip
			  : content.len;

	records->handshake_skip -= (uint32_t)skip;
	return bytes_skip(content, skip);
}

/* RFC 5246 s7.4.1: of all messages a client may send ClientHello only. */
static int
handshake_take_1_2(struct tls_records *records, struct bytes content)
{
	int status = 0;

	content = handshake_skip(records, content);
	while (status == 0 && content.len > 0) {
		bool has_header = handshake_gather(records, &content,
		    HANDSHAKE_HEADER_LEN);

		if (records->handshake[0] != HANDSHAKE_CLIENT_HELLO)
			return -TLS_ALERT_UNEXPECTED_MESSAGE;
		if (has_header)
			status = client_hello_refuse(records);
		content = handshake_skip(records, content);
	}
	return status;
}

static int
handshake_take(struct tls_records *records, struct bytes content)
{
	/* RFC 8446 s5.1 and s5.4, RFC 5246 s6.2.1: no empty fragments. */
	if (content.len == 0)
		return -TLS_ALERT_UNEXPECTED_MESSAGE;
	if (is_1_3(records))
		return handshake_take_1_3(records, content);
	return handshake_take_1_2(records, content);
}

int
tls_content_take(struct tls_records *records, uint8_t content_type,
    struct bytes content, struct tls_record *record)
{
	/* RFC 8446 s5.1: nothing comes between the parts of a message. */
	if (content_type != TLS_CONTENT_HANDSHAKE && is_inside_message(records))
		return -TLS_ALERT_UNEXPECTED_MESSAGE;
	switch (content_type) {
	case TLS_CONTENT_APPLICATION_DATA:
		return application_data_take(records, content, record);
	case TLS_CONTENT_ALERT:
		return alert_take(records, content, record);
	case TLS_CONTENT_HANDSHAKE:
		return handshake_take(records, content);
	default:
		return -TLS_ALERT_UNEXPECTED_MESSAGE;
	}
}

/* Does the sender's key have to change for its own sake? */
static bool
is_send_update_due(const struct tls_records *records)
{
	return is_1_3(records) &&
	       tls_key_is_worn(records->suite, &records->state.send);
}

/* Ask once for a new key of the peer, then await it (RFC 8446 s4.6.3). */
static bool
is_request_due(const struct tls_records *records)
{
	return is_1_3(records) && !records->state.is_update_awaited &&
	       !records->state.receive.is_closed &&
	       tls_key_is_worn(records->suite, &records->state.receive);
}

bool
tls_records_owe(const struct tls_records *records)
{
	if (records->state.send.is_closed)
		return false;
	return records->is_update_owed || records->is_refusal_owed ||
	       is_send_update_due(records) || is_request_due(records);
}

bool
tls_records_are_quiet(const struct tls_records *records)
{
	return !tls_records_owe(records) && !is_inside_message(records);
}

/* s4.6.3: the message goes under the old key, and the next one follows. */
static int
key_update_protect(struct tls_records *records, enum key_update_request request,
    uint8_t *out, size_t *out_len)
{
	const uint8_t message[KEY_UPDATE_LEN] = { HANDSHAKE_KEY_UPDATE, 0, 0, 1,
		(uint8_t)request };
	int status;

	status = tls_content_protect(records, TLS_CONTENT_HANDSHAKE,
	    bytes_of(message, sizeof(message)), out, out_len);
	if (status != 0)
		return status;
	records->is_update_owed = false;
	if (request == UPDATE_REQUESTED)
		records->state.is_update_awaited = true;
	return tls_records_update_send(records);
}

/* The answer requests nothing; what we want ourselves comes behind it. */
static int
updates_protect(struct tls_records *records, uint8_t *out, size_t *out_len)
{
	size_t len = 0;
	int status = 0;

	*out_len = 0;
	if (records->is_update_owed)
		status = key_update_protect(records, UPDATE_NOT_REQUESTED, out,
		    out_len);
	if (status != 0)
		return status;
	if (is_request_due(records))
		status = key_update_protect(records, UPDATE_REQUESTED,
		    out + *out_len, &len);
	else if (is_send_update_due(records))
		status = key_update_protect(records, UPDATE_NOT_REQUESTED,
		    out + *out_len, &len);
	*out_len += len;
	return status;
}

int
tls_owed_protect(struct tls_records *records, uint8_t *out, size_t *out_len)
{
	if (!tls_records_owe(records)) {
		*out_len = 0;
		return 0;
	}
	if (is_1_3(records))
		return updates_protect(records, out, out_len);
	records->is_refusal_owed = false;
	return tls_alert_protect(records, TLS_ALERT_NO_RENEGOTIATION, out,
	    out_len);
}

/* RFC 8446 s6, RFC 5246 s7.2: all others are fatal. */
static enum tls_alert_level
alert_level(enum tls_alert alert)
{
	switch (alert) {
	case TLS_ALERT_CLOSE_NOTIFY:
	case TLS_ALERT_USER_CANCELED:
	case TLS_ALERT_NO_RENEGOTIATION:
		return TLS_ALERT_LEVEL_WARNING;
	default:
		return TLS_ALERT_LEVEL_FATAL;
	}
}

int
tls_alert_protect(struct tls_records *records, enum tls_alert alert,
    uint8_t *out, size_t *out_len)
{
	const uint8_t message[2] = { (uint8_t)alert_level(alert),
		(uint8_t)alert };
	int status;

	status = tls_content_protect(records, TLS_CONTENT_ALERT,
	    bytes_of(message, sizeof(message)), out, out_len);
	if (status == 0 && (alert == TLS_ALERT_CLOSE_NOTIFY ||
			       message[0] == TLS_ALERT_LEVEL_FATAL))
		records->state.send.is_closed = true;
	return status;
}
