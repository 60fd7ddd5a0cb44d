/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's record layer against a client that does what it likes. The
 * first byte chooses the suite and one of two ways: the rest is either what
 * lies on the wire, with an AEAD that takes nearly everything; or a list of
 * acts of either side, with an AEAD that takes only what was sealed under the
 * same key and nonce, so that both sides must agree on every generation.
 */
#include <stdlib.h>

#include "lib/memory.h"
#include "tls/handover.h"
#include "tls/key_limit.h"
#include "tls/post_handshake.h"
#include "tls/record_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool is_true)
{
	if (!is_true)
		abort();
}

/* An AEAD without secrecy: the tag shows key and nonce. */
struct tls_aead {
	uint8_t key_start[4];
};

static bool is_lenient;

static bool
null_start(void)
{
	return true;
}

static struct tls_aead *
null_new(enum tls_aead_algorithm algorithm, const uint8_t *key)
{
	struct tls_aead *aead = memory_new(1, sizeof(*aead));

	(void)algorithm;
	memcpy(aead->key_start, key, sizeof(aead->key_start));
	return aead;
}

static void
null_free(struct tls_aead *aead)
{
	free(aead);
}

static void
tag_make(const struct tls_aead *aead, const uint8_t *nonce, uint8_t *tag)
{
	memcpy(tag, nonce, TLS_AEAD_NONCE_LEN);
	memcpy(tag + TLS_AEAD_NONCE_LEN, aead->key_start, 4);
}

static void
null_seal(struct tls_aead *aead, const uint8_t *nonce, struct bytes associated,
    struct bytes plaintext, uint8_t *out)
{
	(void)associated;
	if (plaintext.len > 0)
		memmove(out, plaintext.data, plaintext.len);
	tag_make(aead, nonce, out + plaintext.len);
}

static bool
null_open(struct tls_aead *aead, const uint8_t *nonce, struct bytes associated,
    const uint8_t *text, size_t len, uint8_t *out)
{
	uint8_t tag[TLS_AEAD_TAG_LEN];

	(void)associated;
	if (len > 0)
		memmove(out, text, len);
	if (is_lenient)
		return text[len] != 0xff;
	tag_make(aead, nonce, tag);
	return memcmp(text + len, tag, sizeof(tag)) == 0;
}

static const struct tls_aead_backend null_backend = {
	.name = "null",
	.start = null_start,
	.new = null_new,
	.free = null_free,
	.seal = null_seal,
	.open = null_open,
};

static struct tls_records server, client;

static void
sides_init(uint8_t choice)
{
	static const uint16_t suites[] = { TLS_AES_128_GCM_SHA256,
		TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256,
		TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, 0xc02b, 0xcca9 };
	const struct tls_suite *suite = tls_suite_find(suites[choice % 8]);
	struct tls_state state = {
		.version = suite->version,
		.cipher_suite = suite->cipher_suite,
		.send_max = choice & 8 ? 512 : TLS_PLAINTEXT_MAX,
		.receive_max = choice & 8 ? 512 : TLS_PLAINTEXT_MAX,
	};

	memset(&state.send, 1, sizeof(state.send));
	memset(&state.receive, 2, sizeof(state.receive));
	state.send.is_closed = state.receive.is_closed = false;
	state.send.protected_blocks = state.receive.protected_blocks = 0;
	check(tls_records_init(&server, &state) == 0);
	client = server;
	client.state.send = state.receive;
	client.state.receive = state.send;
}

static void
limits_check(void)
{
	check(server.handshake_len <= sizeof(server.handshake));
	check(server.handshake_skip <= TLS_CLIENT_HELLO_MAX);
	check(server.warning_count <= TLS_WARNINGS_MAX);
	check(server.update_count <= TLS_UPDATES_MAX);
	check(!server.state.send.is_closed || !tls_records_owe(&server));
}

static void
alert_check(int status)
{
	switch (-status) {
	case TLS_ALERT_UNEXPECTED_MESSAGE:
	case TLS_ALERT_BAD_RECORD_MAC:
	case TLS_ALERT_RECORD_OVERFLOW:
	case TLS_ALERT_ILLEGAL_PARAMETER:
	case TLS_ALERT_DECODE_ERROR:
	case TLS_ALERT_PROTOCOL_VERSION:
	case TLS_ALERT_INTERNAL_ERROR:
		break;
	default:
		abort();
	}
}

/* Where a record's data is: in the copy, or apart from it and all there is. */
static bool
is_in_place(const struct tls_record *record, const uint8_t *copy)
{
	return record->plaintext.len == 0 ||
	       (record->plaintext.data >= copy + TLS_HEADER_LEN &&
		   record->plaintext.data + record->plaintext.len <=
		       copy + record->len);
}

static bool
is_apart(const struct tls_record *record, const struct buffer *out)
{
	return bytes_equal(record->plaintext, buffer_view(out));
}

/* Take one record from a copy that ends where the wire ends. */
static int
take(const uint8_t *wire, size_t len, struct tls_record *record)
{
	bool was_closed = server.state.receive.is_closed;
	uint8_t *copy = memory_copy(bytes_of(wire, len));
	struct buffer out = { NULL, 0, 0 };
	bool goes_apart = len % 2 != 0;
	int status;

	copy = memory_resize(copy, len > 0 ? len : 1);
	*record = (struct tls_record){ .len = 4711 };
	status = goes_apart
		     ? tls_record_deprotect_to(&server, copy, len, &out, record)
		     : tls_record_deprotect(&server, copy, len, record);
	limits_check();
	check(!goes_apart || memcmp(copy, wire, len) == 0);
	if (was_closed)
		check(status == TLS_CLOSE_NOTIFY && record->len == len);
	else if (status == TLS_NEED_MORE)
		check(record->len == 4711 && !memcmp(copy, wire, len));
	else if (status < 0)
		alert_check(status);
	else
		check(record->len >= TLS_HEADER_LEN && record->len <= len);
	if (status == 0) {
		check(record->plaintext.len <= server.state.receive_max);
		check(goes_apart ? is_apart(record, &out)
				 : is_in_place(record, copy));
	} else if (status != TLS_NEED_MORE) {
		check(server.state.receive.is_closed);
	}
	buffer_done(&out);
	free(copy);
	return status;
}

static void
wire_run(const uint8_t *wire, size_t len)
{
	struct tls_record record;
	int status = 0;

	is_lenient = true;
	while (status == 0 && len > 0) {
		status = take(wire, len, &record);
		if (status == 0) {
			wire += record.len;
			len -= record.len;
		}
	}
	is_lenient = false;
}

struct acts {
	const uint8_t *data;
	size_t len;
};

static uint8_t
acts_u8(struct acts *acts)
{
	if (acts->len == 0)
		return 0;
	acts->len--;
	return *acts->data++;
}

static struct bytes
acts_bytes(struct acts *acts, size_t most)
{
	size_t len = acts_u8(acts);
	struct bytes view;

	if (len == 255)
		len = most;
	len = len < acts->len ? len : acts->len;
	view = bytes_of(acts->data, len);
	acts->data += len;
	acts->len -= len;
	return view;
}

static uint8_t wire[TLS_PLAINTEXT_MAX + 300];

/* The client sends any content; it follows a KeyUpdate of its own. */
static void
client_sends(struct acts *acts)
{
	uint8_t type = acts_u8(acts);
	struct bytes content = acts_bytes(acts, 1024);
	uint8_t before[TLS_SECRET_MAX];
	struct tls_record record;
	size_t len;

	if (type < 16)
		type = (uint8_t)(TLS_CONTENT_ALERT + type % 3);
	client.state.send.is_closed = false;
	if (tls_content_protect(&client, (enum tls_content_type)type, content,
		wire, &len) != 0)
		return;
	memcpy(before, server.state.receive.traffic_secret, sizeof(before));
	take(wire, len, &record);
	if (memcmp(before, server.state.receive.traffic_secret, 48) != 0)
		check(tls_records_update_send(&client) == 0);
}

/* The client takes what the server sent, in whole records. */
static int
client_takes(size_t len, struct bytes *plaintext)
{
	struct tls_record record;
	size_t pos = 0;
	int status = 0;

	client.warning_count = client.update_count = 0;
	client.state.receive.is_closed = false;
	while (status == 0 && pos < len) {
		status = tls_record_deprotect(&client, wire + pos, len - pos,
		    &record);
		check(status >= 0 && status != TLS_NEED_MORE);
		pos += record.len;
	}
	check(pos == len);
	*plaintext = record.plaintext;
	return status;
}

static void
server_sends(struct acts *acts)
{
	struct bytes data = acts_bytes(acts, 1024), plaintext;
	bool was_closed = server.state.send.is_closed;
	size_t len = 0;

	if (tls_record_protect(&server, data, wire, &len) != 0)
		return;
	check(!was_closed && data.len <= server.state.send_max);
	check(len <= data.len + TLS_PROTECT_OVERHEAD);
	check(client_takes(len, &plaintext) == 0);
	check(bytes_equal(plaintext, data));
}

static void
server_pays(void)
{
	struct bytes plaintext;
	size_t len = 0;

	if (tls_owed_protect(&server, wire, &len) != 0)
		return;
	check(len <= TLS_OWED_MAX);
	check(!tls_records_owe(&server));
	if (len > 0)
		check(client_takes(len, &plaintext) == 0);
}

static void
server_alerts(uint8_t alert)
{
	struct bytes plaintext;
	size_t len = 0;

	if (tls_alert_protect(&server, (enum tls_alert)alert, wire, &len) != 0)
		return;
	check(len <= TLS_ALERT_MAX);
	if (alert == TLS_ALERT_CLOSE_NOTIFY)
		check(client_takes(len, &plaintext) == TLS_CLOSE_NOTIFY);
	else if (server.state.send.is_closed)
		check(client_takes(len, &plaintext) == TLS_FATAL_ALERT);
	else
		client_takes(len, &plaintext);
}

static void
server_moves(void)
{
	struct tls_handover sent = { .state = server.state,
		.peer = { .identity = BYTES_LITERAL("x"), .chain_count = 1 } };
	struct tls_handover taken;
	struct buffer out = { 0 };

	if (!tls_records_are_quiet(&server))
		return;
	sent.peer.address.ss_family = AF_INET;
	tls_handover_encode(&sent, &out);
	check(tls_handover_decode(buffer_view(&out), &taken) == 0);
	buffer_wipe(&out);
	tls_records_done(&server);
	check(tls_records_init(&server, &taken.state) == 0);
}

static void
keys_wear(uint8_t how)
{
	struct tls_direction *direction = how & 1 ? &server.state.send
						  : &server.state.receive;

	direction->protected_blocks = (how & 2 ? TLS_BLOCKS_MAX
					       : TLS_BLOCKS_WORN) -
				      (how >> 4);
}

/* So that a run stays short: a KeyUpdate costs some microseconds. */
#define ACTS_MAX 100

static void
acts_run(struct acts *acts)
{
	int count;

	for (count = 0; count < ACTS_MAX && acts->len > 0; count++) {
		switch (acts_u8(acts) % 8) {
		case 0:
		case 1:
		case 2:
			client_sends(acts);
			break;
		case 3:
			server_sends(acts);
			break;
		case 4:
			server_pays();
			break;
		case 5:
			server_alerts(acts_u8(acts));
			break;
		case 6:
			tls_records_rest(&server);
			server_moves();
			break;
		default:
			keys_wear(acts_u8(acts));
		}
		limits_check();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct acts acts = { data, len };
	uint8_t choice = acts_u8(&acts);

	tls_aead_start_with(&null_backend);
	sides_init(choice);
	if (choice & 16)
		wire_run(acts.data, acts.len);
	else
		acts_run(&acts);
	tls_records_done(&server);
	tls_records_done(&client);
	return 0;
}
