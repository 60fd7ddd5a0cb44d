/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdlib.h>

#include "lib/memory.h"
#include "tls/key_limit.h"
#include "tls/record_format.h"

static const unsigned int suites_1_3[] = { TLS_AES_128_GCM_SHA256,
	TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256 };
static const unsigned int suites_1_2[] = {
	TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
};

const struct tls_aead_backend *
rig_backend(int number)
{
	const struct tls_aead_backend *backends[] = {
		&tls_aead_mbedtls,
#ifdef HAVE_IPSEC_MB
		tls_aead_ipsec_mb.start() ? &tls_aead_ipsec_mb : NULL,
#endif
		NULL,
	};

	return backends[number];
}

struct rig_case
rig_case_get(int number)
{
	struct rig_case found = { .backend = rig_backend(
				      number % RIG_BACKENDS_MAX) };

	if (number < RIG_CASES_1_3)
		found.cipher_suite = suites_1_3[number / RIG_BACKENDS_MAX];
	else
		found.cipher_suite =
		    suites_1_2[(number - RIG_CASES_1_3) / RIG_BACKENDS_MAX];
	return found;
}

static void
direction_init(const struct tls_suite *suite, uint8_t seed,
    struct tls_direction *direction)
{
	size_t i;

	memset(direction, 0, sizeof(*direction));
	for (i = 0; i < suite->secret_len; i++)
		direction->traffic_secret[i] = (uint8_t)(seed + 7 * i);
	if (suite->version == TLS_VERSION_1_3) {
		ck_assert_int_eq(tls_direction_derive(suite, direction), 0);
		return;
	}
	memcpy(direction->key, direction->traffic_secret, suite->key_len);
	for (i = 0; i < suite->iv_len; i++)
		direction->iv[i] = (uint8_t)(seed ^ (11 * i));
	direction->sequence_number = 1;
}

struct rig *
rig_new(int case_number)
{
	struct rig_case chosen = rig_case_get(case_number);
	const struct tls_suite *suite = tls_suite_find(chosen.cipher_suite);
	struct rig *rig = memory_new(1, sizeof(*rig));
	struct tls_state state = {
		.version = suite->version,
		.cipher_suite = suite->cipher_suite,
		.send_max = TLS_PLAINTEXT_MAX,
		.receive_max = TLS_PLAINTEXT_MAX,
	};
	struct tls_direction swapped;

	/* Without a second back end the first one runs twice. */
	tls_aead_start_with(
	    chosen.backend != NULL ? chosen.backend : &tls_aead_mbedtls);
	direction_init(suite, 1, &state.send);
	direction_init(suite, 101, &state.receive);
	ck_assert_int_eq(tls_records_init(&rig->server, &state), 0);
	swapped = state.send;
	state.send = state.receive;
	state.receive = swapped;
	ck_assert_int_eq(tls_records_init(&rig->client, &state), 0);
	return rig;
}

void
rig_free(struct rig *rig)
{
	tls_records_done(&rig->server);
	tls_records_done(&rig->client);
	free(rig);
}

/* All is taken: begin at the front again. */
static void
wire_reuse(struct rig *rig)
{
	if (rig->wire_start == rig->wire_len)
		rig->wire_start = rig->wire_len = 0;
}

void
rig_send(struct rig *rig, uint8_t content_type, const void *content, size_t len)
{
	size_t record_len;

	wire_reuse(rig);
	ck_assert_uint_le(rig->wire_len + len + 64, sizeof(rig->wire));
	rig->client.state.send.is_closed = false;
	ck_assert_int_eq(tls_content_protect(&rig->client, content_type,
			     bytes_of(content, len), rig->wire + rig->wire_len,
			     &record_len),
	    0);
	rig->wire_len += record_len;
}

void
rig_send_inner(struct rig *rig, const void *inner, size_t len)
{
	struct tls_direction *direction = &rig->client.state.send;
	uint8_t *header;
	uint8_t nonce[TLS_AEAD_NONCE_LEN];
	struct tls_aead *aead;

	wire_reuse(rig);
	header = rig->wire + rig->wire_len;
	header[0] = TLS_CONTENT_APPLICATION_DATA;
	header[1] = header[2] = 3;
	header[3] = (uint8_t)((len + TLS_AEAD_TAG_LEN) >> 8);
	header[4] = (uint8_t)(len + TLS_AEAD_TAG_LEN);
	aead = tls_aead_new(rig->client.suite->algorithm, direction->key);
	tls_nonce_make(direction, nonce);
	tls_aead_seal(aead, nonce, bytes_of(header, TLS_HEADER_LEN),
	    bytes_of(inner, len), header + TLS_HEADER_LEN);
	tls_aead_free(&aead);
	direction->sequence_number++;
	rig->wire_len += TLS_HEADER_LEN + len + TLS_AEAD_TAG_LEN;
}

int
rig_take(struct rig *rig)
{
	int status = tls_record_deprotect(&rig->server,
	    rig->wire + rig->wire_start, rig->wire_len - rig->wire_start,
	    &rig->record);

	if (status == 0)
		rig->wire_start += rig->record.len;
	return status;
}

int
rig_take_all(struct rig *rig)
{
	int status = 0;

	while (status == 0 && rig->wire_start < rig->wire_len)
		status = rig_take(rig);
	return status;
}

int
rig_exchange(struct rig *rig, uint8_t content_type, const void *content,
    size_t len)
{
	rig_send(rig, content_type, content, len);
	return rig_take(rig);
}

int
rig_client_take(struct rig *rig, uint8_t *wire, size_t len,
    struct tls_record *record)
{
	int status = tls_record_deprotect(&rig->client, wire, len, record);

	if (status == 0)
		ck_assert_uint_eq(record->len, len);
	return status;
}

void
rig_assert_alive(struct rig *rig)
{
	uint8_t out[64 + TLS_PROTECT_OVERHEAD];
	struct tls_record record;
	size_t len;

	ck_assert_int_eq(rig_exchange(rig, TLS_CONTENT_APPLICATION_DATA,
			     "to server", 9),
	    0);
	ck_assert_mem_eq(rig->record.plaintext.data, "to server", 9);
	ck_assert_int_eq(tls_record_protect(&rig->server,
			     BYTES_LITERAL("to client"), out, &len),
	    0);
	ck_assert_int_eq(rig_client_take(rig, out, len, &record), 0);
	ck_assert(bytes_equal(record.plaintext, BYTES_LITERAL("to client")));
}

int
rig_next_byte(int byte)
{
	/* The last types in use are 24 and 254, the alert 90 is another case. */
	static const int others[] = { 64, 90, 127, 128, 253, 254, 255, 256 };
	int i = 0;

	if (byte < 26 || getenv("SIGNET_TESTS_ARE_SLOWED") == NULL)
		return byte + 1;
	while (others[i] <= byte)
		i++;
	return others[i];
}
