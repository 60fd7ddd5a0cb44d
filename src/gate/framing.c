/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/framing.h"

#include <errno.h>
#include <sys/socket.h>

#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>

#include "tls/record.h"

#define HANDSHAKE_SERVER_HELLO 2
#define HANDSHAKE_HEADER_LEN   4
/* An alert with its type, padded to 16 bytes as mbedTLS does, and its tag. */
#define PROTECTED_ALERT_MAX (TLS_HEADER_LEN + 16 + 16)
#define RANDOM_LEN          32

#define EXTENSION_EXTENDED_MASTER_SECRET 0x0017 /* RFC 7627 s5.1 */
#define EXTENSION_SUPPORTED_VERSIONS     0x002b /* RFC 8446 s4.2.1 */

/* The random of a HelloRetryRequest begins so (RFC 8446 s4.1.3). */
static const uint8_t retry_random[8] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a,
	0x61, 0x11 };

void
framing_init(struct framing *framing, int fd)
{
	*framing = (struct framing){ .fd = fd,
		.alert_received = REFUSAL_NO_ALERT };
	framing_turn(framing);
}

void
framing_done(struct framing *framing)
{
	buffer_done(&framing->output);
}

void
framing_turn(struct framing *framing)
{
	framing->turn_left = FRAMING_TURN_MAX;
}

bool
framing_is_between_records(const struct framing *framing)
{
	return framing->header_len == 0 && framing->body_left == 0;
}

static unsigned int
u16_at(const uint8_t *data)
{
	return (unsigned int)data[0] << 8 | data[1];
}

/* Receiving */

static int
receive_bytes(struct framing *framing, uint8_t *data, size_t len)
{
	ssize_t received;

	do
		received = recv(framing->fd, data, len, 0);
	while (received < 0 && errno == EINTR);
	if (received > 0) {
		framing->byte_count += (size_t)received;
		return (int)received;
	}
	if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return MBEDTLS_ERR_SSL_WANT_READ;
	framing->is_peer_gone = true;
	return received == 0 ? 0 : MBEDTLS_ERR_NET_CONN_RESET;
}

static int
fail(struct framing *framing, enum refusal_reason fault)
{
	framing->fault = fault;
	return MBEDTLS_ERR_SSL_INVALID_RECORD;
}

static int
check_header(struct framing *framing)
{
	bool is_type = framing->header[0] >= TLS_CONTENT_CHANGE_CIPHER_SPEC &&
		       framing->header[0] <= TLS_CONTENT_APPLICATION_DATA;
	bool is_major = framing->header_len < 2 || framing->header[1] == 3;

	if (is_type && is_major)
		return 0;
	return fail(framing, framing->record_count == 0
				 ? REFUSAL_PLAINTEXT
				 : REFUSAL_UNEXPECTED_MESSAGE);
}

static int
begin_record(struct framing *framing)
{
	if (framing->record_count >= FRAMING_RECORDS_MAX ||
	    framing->byte_count >= FRAMING_BYTES_MAX)
		return fail(framing, REFUSAL_HANDSHAKE_TOO_LONG);
	if (framing->turn_left == 0)
		return MBEDTLS_ERR_SSL_WANT_READ;
	framing->turn_left--;
	return 0;
}

static void
end_header(struct framing *framing)
{
	framing->body_left = u16_at(framing->header + 3);
	framing->record_count++;
	if (framing->version == TLS_VERSION_1_3)
		framing->sent = 0;
	if (framing->is_receive_protected)
		framing->received++;
	else if (framing->header[0] == TLS_CONTENT_CHANGE_CIPHER_SPEC)
		framing->is_receive_protected = true;
	if (framing->body_left == 0)
		framing->header_len = 0;
}

static int
receive_header(struct framing *framing, unsigned char *data, size_t len)
{
	size_t missing = TLS_HEADER_LEN - framing->header_len;
	int result;

	if (framing->header_len == 0) {
		result = begin_record(framing);
		if (result != 0)
			return result;
	}
	result = receive_bytes(framing, data, len < missing ? len : missing);
	if (result <= 0)
		return result;
	memcpy(framing->header + framing->header_len, data, (size_t)result);
	framing->header_len += (size_t)result;
	/* The first byte tells enough: what is not TLS may not send five. */
	if (check_header(framing) != 0)
		return MBEDTLS_ERR_SSL_INVALID_RECORD;
	if (framing->header_len == TLS_HEADER_LEN)
		end_header(framing);
	return result;
}

/*
 * A client that refuses our certificate may not have its keys in force yet, so
 * that its alert comes in plaintext (RFC 8446 s6); mbedTLS 3.6 takes it for a
 * forged record.
 */
static bool
is_plain_alert(const struct framing *framing)
{
	return framing->header[0] == TLS_CONTENT_ALERT &&
	       u16_at(framing->header + 3) == sizeof(framing->body) &&
	       (framing->version == TLS_VERSION_1_3 ||
		   !framing->is_receive_protected);
}

static int
end_body(struct framing *framing)
{
	uint8_t level = framing->body[0], alert = framing->body[1];

	framing->header_len = 0;
	if (!is_plain_alert(framing))
		return 0;
	if (alert == TLS_ALERT_CLOSE_NOTIFY)
		return fail(framing, REFUSAL_CLOSED_BY_PEER);
	if (level != TLS_ALERT_LEVEL_FATAL)
		return 0;
	framing->alert_received = alert;
	return fail(framing, REFUSAL_ALERT_BY_PEER);
}

static void
keep_tail(struct framing *framing, const uint8_t *data, size_t len)
{
	if (len == 1)
		framing->body[0] = framing->body[1];
	else
		framing->body[0] = data[len - 2];
	framing->body[1] = data[len - 1];
}

int
framing_receive(void *context, unsigned char *data, size_t len)
{
	struct framing *framing = context;
	int result;

	/* mbedTLS writes all it has before it reads. */
	if (framing->has_application_secrets)
		framing->is_flight_over = true;
	if (framing->body_left == 0)
		return receive_header(framing, data, len);
	if (len > framing->body_left)
		len = framing->body_left;
	result = receive_bytes(framing, data, len);
	if (result <= 0)
		return result;
	keep_tail(framing, data, (size_t)result);
	framing->body_left -= (size_t)result;
	if (framing->body_left == 0 && end_body(framing) != 0)
		return MBEDTLS_ERR_SSL_INVALID_RECORD;
	return result;
}

/* Sending */

static void
read_extensions(struct framing *framing, const uint8_t *data, size_t len)
{
	while (len >= 4) {
		unsigned int type = u16_at(data);
		size_t value_len = u16_at(data + 2);

		if (value_len > len - 4)
			return;
		if (type == EXTENSION_EXTENDED_MASTER_SECRET)
			framing->has_extended_master_secret = true;
		else if (type == EXTENSION_SUPPORTED_VERSIONS && value_len == 2)
			framing->version = u16_at(data + 4);
		data += 4 + value_len;
		len -= 4 + value_len;
	}
}

/* Our own ServerHello (RFC 8446 s4.1.3, RFC 5246 s7.4.1.3). */
static void
read_server_hello(struct framing *framing, const uint8_t *data, size_t len)
{
	size_t pos = 2 + RANDOM_LEN; /* of the length of session_id */

	if (len <= pos || !memcmp(data + 2, retry_random, sizeof(retry_random)))
		return;
	pos += 1 + data[pos];
	if (len < pos + 3)
		return;
	framing->version = u16_at(data);
	framing->cipher_suite = u16_at(data + pos);
	pos += 3; /* and the compression method */
	if (len >= pos + 2)
		read_extensions(framing, data + pos + 2, len - pos - 2);
}

static bool
read_handshake(struct framing *framing, const uint8_t *data, size_t len)
{
	if (framing->version != 0 || len < HANDSHAKE_HEADER_LEN ||
	    data[0] != HANDSHAKE_SERVER_HELLO)
		return true;
	read_server_hello(framing, data + HANDSHAKE_HEADER_LEN,
	    len - HANDSHAKE_HEADER_LEN);
	/* RFC 7627 s5.2: without it, sessions can be made to share keys. */
	return framing->version != TLS_VERSION_1_2 ||
	       framing->has_extended_master_secret;
}

bool
framing_is_plain(const struct framing *framing)
{
	return framing->version != TLS_VERSION_1_3 &&
	       !framing->is_send_protected;
}

static bool
is_alert_to_hold(const struct framing *framing, const uint8_t *record,
    size_t len)
{
	return framing_is_plain(framing) && record[0] == TLS_CONTENT_ALERT &&
	       len == FRAMING_ALERT_LEN &&
	       record[TLS_HEADER_LEN] == TLS_ALERT_LEVEL_FATAL;
}

/*
 * In TLS 1.3 the server's application secret is in force from its Finished
 * on. An alert that mbedTLS 3.6 writes between that and the end of the
 * handshake is protected with the key of the handshake, so that no client can
 * read it. It is dropped; the gate sends its own. What is longer than an alert
 * is a NewSessionTicket, behind the client's Finished and under the right key.
 */
static bool
is_unreadable_alert(const struct framing *framing, const uint8_t *record,
    size_t len)
{
	return framing->version == TLS_VERSION_1_3 && framing->is_flight_over &&
	       record[0] == TLS_CONTENT_APPLICATION_DATA &&
	       len <= PROTECTED_ALERT_MAX;
}

static int
send_record(struct framing *framing, const uint8_t *record, size_t len)
{
	if (record[0] == TLS_CONTENT_HANDSHAKE && framing_is_plain(framing) &&
	    !read_handshake(framing, record + TLS_HEADER_LEN,
		len - TLS_HEADER_LEN))
		return fail(framing, REFUSAL_NO_EXTENDED_MASTER_SECRET);
	if (is_alert_to_hold(framing, record, len)) {
		memcpy(framing->alert, record, len);
		framing->has_alert = true;
		return 0;
	}
	if (is_unreadable_alert(framing, record, len))
		return 0;
	if (framing->version == TLS_VERSION_1_3 || framing->is_send_protected)
		framing->sent++;
	/* One may follow a HelloRetryRequest too: RFC 8446 D.4. */
	if (record[0] == TLS_CONTENT_CHANGE_CIPHER_SPEC &&
	    framing->version != 0)
		framing->is_send_protected = true;
	buffer_append(&framing->output, bytes_of(record, len));
	return 0;
}

/* mbedTLS writes whole records: everything is taken, so they stay whole. */
int
framing_send(void *context, const unsigned char *data, size_t len)
{
	struct framing *framing = context;
	size_t pos = 0;

	while (len - pos >= TLS_HEADER_LEN) {
		size_t record_len = TLS_HEADER_LEN + u16_at(data + pos + 3);
		int error;

		if (record_len > len - pos)
			return fail(framing, REFUSAL_INTERNAL_ERROR);
		error = send_record(framing, data + pos, record_len);
		if (error != 0)
			return error;
		pos += record_len;
	}
	return (int)len;
}

int
framing_flush(struct framing *framing)
{
	while (framing->output.len > 0) {
		ssize_t sent = send(framing->fd, framing->output.data,
		    framing->output.len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return -EAGAIN;
		if (sent < 0) {
			framing->is_peer_gone = true;
			return -EPIPE;
		}
		buffer_consume(&framing->output, (size_t)sent);
	}
	return 0;
}

void
framing_push_alert(struct framing *framing, unsigned int alert)
{
	/* A client of an old version reads what bears its own version: the
	 * library knows it where it has written an alert. */
	static const uint8_t fresh[FRAMING_ALERT_LEN] = { TLS_CONTENT_ALERT, 3,
		3, 0, 2, TLS_ALERT_LEVEL_FATAL, 0 };

	if (!framing->has_alert)
		memcpy(framing->alert, fresh, sizeof(fresh));
	framing->alert[FRAMING_ALERT_LEN - 1] = (uint8_t)alert;
	framing->has_alert = false;
	buffer_append(&framing->output,
	    bytes_of(framing->alert, FRAMING_ALERT_LEN));
}

bool
framing_has_no_protocol(const struct framing *framing)
{
	return framing->has_alert && framing->alert[FRAMING_ALERT_LEN - 1] ==
					 TLS_ALERT_NO_APPLICATION_PROTOCOL;
}

bool
framing_push_protected_alert(struct framing *framing,
    const struct tls_state *state, int alert)
{
	struct tls_records records;
	uint8_t out[TLS_ALERT_MAX];
	size_t len = 0;
	bool is_made;

	if (tls_records_init(&records, state) != 0)
		return false;
	is_made = tls_alert_protect(&records, (enum tls_alert)alert, out,
		      &len) == 0;
	tls_records_done(&records);
	if (is_made)
		buffer_append(&framing->output, bytes_of(out, len));
	return is_made;
}
