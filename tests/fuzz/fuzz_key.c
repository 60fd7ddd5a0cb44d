/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gates may send to the process that has the key: each step is a gate, a
 * while that passes, and the payload of a message. A bit of the first byte
 * puts the name of the key where it belongs, which nobody could guess.
 */
#include <errno.h>
#include <stdlib.h>

#include "ipc/message.h"
#include "key/keyring.h"
#include "key/requests.h"

#define GATES      4
#define PER_SECOND 5
#define KEY_ID_POS 4
#define HAS_KEY_ID 0x80
#define HEAD_LEN   2

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct keyring keyring;
static uint8_t key_id[IPC_KEY_ID_LEN];

struct state {
	struct requests requests;
	struct requester *gates[GATES];
	uint64_t now_ms;
};

int
LLVMFuzzerInitialize(int *count, char ***arguments)
{
	const struct x509_fault fault = { (char[256]){ 0 }, 256 };
	uint8_t pem[1024] = { 0 };
	mbedtls_pk_context key;

	(void)count;
	(void)arguments;
	mbedtls_pk_init(&key);
	if (keyring_open(&keyring) != 0 ||
	    mbedtls_pk_setup(&key,
		mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) != 0 ||
	    mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key),
		mbedtls_ctr_drbg_random, &keyring.random) != 0 ||
	    mbedtls_pk_write_key_pem(&key, pem, sizeof(pem)) != 0 ||
	    keyring_add(&keyring, bytes_of_string((char *)pem), key_id,
		&fault) != 0)
		abort();
	mbedtls_pk_free(&key);
	return 0;
}

static void
sign_next(struct state *state)
{
	uint8_t signature[IPC_SIGNATURE_MAX];
	struct request request;
	uint64_t wait_ms = 0;
	size_t len = 0;
	struct requester *gate = requests_pop(&state->requests, state->now_ms,
	    &request, &wait_ms);

	if (gate == NULL) {
		if (wait_ms == 0)
			abort();
		return;
	}
	if (gate->is_waiting)
		abort();
	switch (keyring_sign(&keyring, &request.sign, signature, &len)) {
	case IPC_SIGN_DONE:
		if (len == 0 || len > IPC_SIGNATURE_MAX ||
		    request.sign.scheme != IPC_SIGN_ECDSA)
			abort();
		break;
	case IPC_SIGN_UNKNOWN_KEY:
	case IPC_SIGN_UNFIT_KEY:
		if (len != 0)
			abort();
		break;
	case IPC_SIGN_FAILED:
		abort();
	}
}

/* One message; false if the gate would be ended for it. */
static bool
take(struct state *state, struct requester *gate, struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	struct ipc_sign sign;
	const char *fault;
	bool was_waiting = gate->is_waiting;

	if (ipc_message_check(IPC_SIGN, IPC_ROLE_GATE, IPC_ROLE_KEY,
		payload.len, false, &fault) != 0 ||
	    ipc_sign_decode(payload, &sign) != 0)
		return false;
	ipc_sign_encode(&sign, &out);
	if (!bytes_equal(buffer_view(&out), payload))
		abort();
	buffer_done(&out);
	if ((requests_push(&state->requests, gate, &sign) == 0) == was_waiting)
		abort();
	return !was_waiting;
}

static struct bytes
next_payload(struct bytes *input, uint8_t copy[UINT8_MAX], bool has_key_id)
{
	size_t len = input->data[1];

	*input = bytes_skip(*input, HEAD_LEN);
	if (len > input->len)
		len = input->len;
	memcpy(copy, input->data, len);
	*input = bytes_skip(*input, len);
	if (has_key_id && len >= KEY_ID_POS + IPC_KEY_ID_LEN)
		memcpy(copy + KEY_ID_POS, key_id, IPC_KEY_ID_LEN);
	return bytes_of(copy, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes input = bytes_of(data, len);
	struct state state = { .now_ms = 1 };

	requests_init(&state.requests, PER_SECOND);
	for (size_t i = 0; i < GATES; i++)
		state.gates[i] = requester_new(&state.requests, NULL, 1);
	while (input.len > HEAD_LEN) {
		uint8_t head = input.data[0];
		uint8_t copy[UINT8_MAX];
		struct bytes payload = next_payload(&input, copy,
		    (head & HAS_KEY_ID) != 0);
		struct requester **gate = &state.gates[head % GATES];

		state.now_ms += (head & 0x7c) * 4U;
		if (!take(&state, *gate, payload)) {
			requester_free(&state.requests, gate);
			*gate = requester_new(&state.requests, NULL,
			    state.now_ms);
		}
		if ((head & 4) != 0)
			sign_next(&state);
	}
	for (size_t i = 0; i < GATES; i++)
		requester_free(&state.requests, &state.gates[i]);
	return 0;
}
