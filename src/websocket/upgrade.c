/* SPDX-License-Identifier: Apache-2.0 */
#include "websocket/upgrade.h"

#include <mbedtls/base64.h>
#include <mbedtls/md.h>

#include <stdio.h>
#include <strings.h>

#include "lib/log.h"

#define KEY_LEN     24 /* 16 bytes in base64 */
#define NONCE_LEN   16
#define SHA1_LEN    20
#define SUBPROTOCOL "mqtt"

static const struct {
	const char *word;
	const char *status;
	const char *field; /* one more, or none */
	const char *text;
} refusals[] = {
	[WEBSOCKET_REFUSAL_MALFORMED] = { "http-malformed", "400 Bad Request",
	    "", "This is no request of HTTP/1.1 for a WebSocket." },
	[WEBSOCKET_REFUSAL_TOO_LARGE] = { "http-too-large",
	    "431 Request Header Fields Too Large", "",
	    "A request may have 8192 bytes." },
	[WEBSOCKET_REFUSAL_HTTP_VERSION] = { "http-version",
	    "505 HTTP Version Not Supported", "",
	    "WebSockets open with HTTP/1.1." },
	[WEBSOCKET_REFUSAL_NOT_UPGRADE] = { "http-not-upgrade",
	    "426 Upgrade Required", "Upgrade: websocket\r\n",
	    "Here is MQTT, also over WebSocket with the subprotocol mqtt." },
	[WEBSOCKET_REFUSAL_VERSION] = { "websocket-version",
	    "426 Upgrade Required",
	    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
	    "The WebSocket version must be 13." },
	[WEBSOCKET_REFUSAL_SUBPROTOCOL] = { "websocket-subprotocol",
	    "400 Bad Request", "", "Sec-WebSocket-Protocol must offer mqtt." },
	[WEBSOCKET_REFUSAL_ORIGIN] = { "websocket-origin", "403 Forbidden", "",
	    "Pages of this origin may not connect: see websocket.origins." },
};

/* The fields that count, as they are found. */
struct request {
	unsigned int host_count, key_count, version_count, origin_count;
	bool is_upgrade;    /* Upgrade: websocket */
	bool is_connection; /* Connection: Upgrade */
	bool has_mqtt;
	bool has_body;
	struct bytes key, version, origin;
};

static bool
is_token_byte(uint8_t byte) /* RFC 9110 s5.6.2 */
{
	if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	    (byte >= 'A' && byte <= 'Z'))
		return true;
	return byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL;
}

static bool
is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static struct bytes
trim(struct bytes text)
{
	while (text.len > 0 && is_blank(text.data[0]))
		text = bytes_skip(text, 1);
	while (text.len > 0 && is_blank(text.data[text.len - 1]))
		text.len--;
	return text;
}

static bool
is_word(struct bytes text, const char *word)
{
	return text.len == strlen(word) &&
	       strncasecmp((const char *)text.data, word, text.len) == 0;
}

/* Take what stands before the byte, or all; the byte goes too. */
static struct bytes
take_until(struct bytes *rest, uint8_t byte)
{
	const uint8_t *at = memchr(rest->data, byte, rest->len);
	struct bytes front = *rest;

	if (at == NULL) {
		*rest = bytes_of(rest->data + rest->len, 0);
		return front;
	}
	front.len = (size_t)(at - rest->data);
	*rest = bytes_skip(*rest, front.len + 1);
	return front;
}

/* Is the word in a list with commas? The case counts for subprotocols. */
static bool
list_has(struct bytes list, const char *word, bool is_exact)
{
	while (list.len > 0) {
		struct bytes item = trim(take_until(&list, ','));

		if (is_exact ? bytes_equal(item, bytes_of_string(word))
			     : is_word(item, word))
			return true;
	}
	return false;
}

static void
take_value(struct request *request, struct bytes name, struct bytes value)
{
	if (is_word(name, "Host")) {
		request->host_count++;
	} else if (is_word(name, "Upgrade")) {
		request->is_upgrade |= list_has(value, "websocket", false);
	} else if (is_word(name, "Connection")) {
		request->is_connection |= list_has(value, "upgrade", false);
	} else if (is_word(name, "Sec-WebSocket-Key")) {
		request->key_count++;
		request->key = value;
	} else if (is_word(name, "Sec-WebSocket-Version")) {
		request->version_count++;
		request->version = value;
	} else if (is_word(name, "Sec-WebSocket-Protocol")) {
		request->has_mqtt |= list_has(value, SUBPROTOCOL, true);
	} else if (is_word(name, "Origin")) {
		request->origin_count++;
		request->origin = value;
	} else if (is_word(name, "Transfer-Encoding")) {
		request->has_body = true;
	} else if (is_word(name, "Content-Length")) {
		request->has_body |= !is_word(value, "0");
	}
}

static bool
is_text(struct bytes value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((value.data[i] < ' ' && value.data[i] != '\t') ||
		    value.data[i] == 0x7f)
			return false;
	return true;
}

/* A field: name, colon, value; no line is continued (RFC 9112 s5). */
static bool
take_field(struct request *request, struct bytes line)
{
	struct bytes rest = line, name = take_until(&rest, ':');

	if (name.len == 0 || name.len == line.len || !is_text(rest))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_token_byte(name.data[i]))
			return false;
	take_value(request, name, trim(rest));
	return true;
}

/* "GET /path HTTP/1.1"; 0 or a negated refusal. */
static int
check_request_line(struct bytes line)
{
	static const char version[] = "HTTP/1.1";
	struct bytes rest = line, target;

	if (!bytes_equal(take_until(&rest, ' '), BYTES_LITERAL("GET")))
		return -WEBSOCKET_REFUSAL_MALFORMED;
	target = take_until(&rest, ' ');
	for (size_t i = 0; i < target.len; i++)
		if (target.data[i] <= ' ' || target.data[i] >= 0x7f)
			return -WEBSOCKET_REFUSAL_MALFORMED;
	if (target.len == 0 || rest.len != strlen(version) ||
	    memcmp(rest.data, version, 5) != 0 || rest.data[5] < '0' ||
	    rest.data[5] > '9' || rest.data[6] != '.' || rest.data[7] < '0' ||
	    rest.data[7] > '9')
		return -WEBSOCKET_REFUSAL_MALFORMED;
	return memcmp(rest.data, version, rest.len) == 0
		   ? 0
		   : -WEBSOCKET_REFUSAL_HTTP_VERSION;
}

static bool
key_is_well(struct bytes key)
{
	uint8_t nonce[NONCE_LEN];
	size_t len;

	return key.len == KEY_LEN &&
	       mbedtls_base64_decode(nonce, sizeof(nonce), &len, key.data,
		   key.len) == 0 &&
	       len == sizeof(nonce);
}

static int
check_fields(const struct request *request)
{
	if (request->host_count != 1 || request->has_body ||
	    request->origin_count > 1)
		return -WEBSOCKET_REFUSAL_MALFORMED;
	if (!request->is_upgrade || !request->is_connection)
		return -WEBSOCKET_REFUSAL_NOT_UPGRADE;
	if (request->version_count != 1 || !is_word(request->version, "13"))
		return -WEBSOCKET_REFUSAL_VERSION;
	if (request->key_count != 1 || !key_is_well(request->key))
		return -WEBSOCKET_REFUSAL_MALFORMED;
	/* [MQTT-6.0.0-3], [MQTT5-6.0.0-3] */
	if (!request->has_mqtt)
		return -WEBSOCKET_REFUSAL_SUBPROTOCOL;
	return 0;
}

/* Sec-WebSocket-Accept (RFC 6455 s4.2.2) */
static void
make_accept(struct bytes key, char accept[WEBSOCKET_ACCEPT_LEN + 1])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	uint8_t text[KEY_LEN + sizeof(guid) - 1], hash[SHA1_LEN];
	size_t len;

	memcpy(text, key.data, KEY_LEN);
	memcpy(text + KEY_LEN, guid, sizeof(guid) - 1);
	if (mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), text,
		sizeof(text), hash) != 0 ||
	    mbedtls_base64_encode((uint8_t *)accept, WEBSOCKET_ACCEPT_LEN + 1,
		&len, hash, sizeof(hash)) != 0)
		panic("mbedTLS has SHA-1 and base64");
}

/* Where the request ends, with its empty line; 0 if it does not yet. */
static size_t
request_len(struct bytes input)
{
	const uint8_t *end = input.len == 0
				 ? NULL
				 : memmem(input.data, input.len, "\r\n\r\n", 4);

	return end == NULL ? 0 : (size_t)(end - input.data) + 4;
}

/* The lines of a request, each without its CRLF; 0 or a negated refusal. */
static int
take_lines(struct bytes lines, struct request *request)
{
	bool is_first = true;

	while (lines.len > 0) {
		struct bytes line = take_until(&lines, '\n');
		int error = 0;

		if (line.len == 0 || line.data[line.len - 1] != '\r')
			return -WEBSOCKET_REFUSAL_MALFORMED;
		line.len--;
		if (is_first)
			error = check_request_line(line);
		else if (!take_field(request, line))
			error = -WEBSOCKET_REFUSAL_MALFORMED;
		if (error != 0)
			return error;
		is_first = false;
	}
	return 0;
}

int
websocket_upgrade_decode(struct bytes input, struct websocket_upgrade *upgrade)
{
	static const char start[] = "GET ";
	size_t max = input.len < WEBSOCKET_REQUEST_MAX ? input.len
						       : WEBSOCKET_REQUEST_MAX;
	size_t len = request_len(bytes_of(input.data, max));
	struct request request = { .host_count = 0 };
	int error;

	if (input.len > 0 &&
	    strncmp((const char *)input.data, start,
		input.len < strlen(start) ? input.len : strlen(start)) != 0)
		return -WEBSOCKET_REFUSAL_MALFORMED;
	if (len == 0)
		return max < WEBSOCKET_REQUEST_MAX
			   ? WEBSOCKET_NEED_MORE
			   : -WEBSOCKET_REFUSAL_TOO_LARGE;
	error = take_lines(bytes_of(input.data, len - 2), &request);
	if (error == 0)
		error = check_fields(&request);
	if (error != 0)
		return error;
	upgrade->len = len;
	upgrade->origin = request.origin;
	make_accept(request.key, upgrade->accept);
	return 0;
}

void
websocket_upgrade_answer(const struct websocket_upgrade *upgrade,
    struct buffer *out)
{
	buffer_append(out,
	    BYTES_LITERAL("HTTP/1.1 101 Switching Protocols\r\n"
			  "Upgrade: websocket\r\n"
			  "Connection: Upgrade\r\n"
			  "Sec-WebSocket-Protocol: " SUBPROTOCOL "\r\n"
			  "Sec-WebSocket-Accept: "));
	buffer_append(out, bytes_of(upgrade->accept, WEBSOCKET_ACCEPT_LEN));
	buffer_append(out, BYTES_LITERAL("\r\n\r\n"));
}

void
websocket_refusal_answer(enum websocket_refusal refusal, struct buffer *out)
{
	const char *text = refusals[refusal].text;
	char answer[512];
	int len = snprintf(answer, sizeof(answer),
	    "HTTP/1.1 %s\r\nContent-Type: text/plain\r\n"
	    "Content-Length: %zu\r\n%s%s\r\n\r\n%s\n",
	    refusals[refusal].status, strlen(text) + 1, refusals[refusal].field,
	    refusals[refusal].field[0] == '\0' ? "Connection: close"
					       : "Connection: close, Upgrade",
	    text);

	if (len < 0 || (size_t)len >= sizeof(answer))
		panic("each answer is short");
	buffer_append(out, bytes_of(answer, (size_t)len));
}

const char *
websocket_refusal_word(enum websocket_refusal refusal)
{
	return refusals[refusal].word;
}
