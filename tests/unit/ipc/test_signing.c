/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/signing.h"

#include <errno.h>

#include "test_ipc.h"

static const uint8_t octets[IPC_SIGNATURE_MAX + 1] = { 1, 2, 3 };

/* Decoding fails at each length but the whole, and with a byte more. */
#define ASSERT_WHOLE_ONLY(decode, out, decoded)                                \
	do {                                                                   \
		for (size_t len = 0; len < (out)->len; len++)                  \
			ck_assert_int_eq(decode(bytes_of((out)->data, len),    \
					     decoded),                         \
			    -EBADMSG);                                         \
		buffer_append(out, BYTES_LITERAL("x"));                        \
		ck_assert_int_eq(decode(buffer_view(out), decoded), -EBADMSG); \
	} while (0)

static const struct {
	enum ipc_sign_hash hash;
	size_t len;
} hashes[] = {
	{ IPC_SIGN_SHA256, 32 },
	{ IPC_SIGN_SHA384, 48 },
	{ IPC_SIGN_SHA512, 64 },
};

START_TEST(sign_survives_the_way)
{
	struct ipc_sign sign = { .number = UINT32_MAX - 1,
		.scheme = (enum ipc_sign_scheme)(_i / 3 + 1),
		.hash = hashes[_i % 3].hash,
		.digest = bytes_of(octets, hashes[_i % 3].len) };
	struct buffer out = { NULL, 0, 0 };
	struct ipc_sign decoded;

	memcpy(sign.key_id, octets, IPC_KEY_ID_LEN);
	ipc_sign_encode(&sign, &out);
	ck_assert_int_eq(ipc_sign_decode(buffer_view(&out), &decoded), 0);
	ck_assert_uint_eq(decoded.number, sign.number);
	ck_assert_mem_eq(decoded.key_id, octets, IPC_KEY_ID_LEN);
	ck_assert_int_eq(decoded.scheme, sign.scheme);
	ck_assert_int_eq(decoded.hash, sign.hash);
	ck_assert(bytes_equal(decoded.digest, sign.digest));
	ASSERT_WHOLE_ONLY(ipc_sign_decode, &out, &decoded);
	buffer_done(&out);
}
END_TEST

/* A signature of what is no digest could be anything: a message, a secret. */
START_TEST(sign_takes_a_digest_of_the_hash_s_length_only)
{
	for (unsigned int hash = 0; hash < 6; hash++) {
		for (size_t len = 0; len <= IPC_DIGEST_MAX + 1; len++) {
			struct ipc_sign sign = { .scheme = IPC_SIGN_ECDSA,
				.hash = (enum ipc_sign_hash)hash,
				.digest = bytes_of(octets, len) };
			struct buffer out = { NULL, 0, 0 };
			bool is_good = hash >= 1 && hash <= 3 &&
				       len == hashes[hash - 1].len;

			ipc_sign_encode(&sign, &out);
			ck_assert_int_eq(ipc_sign_decode(buffer_view(&out),
					     &sign),
			    is_good ? 0 : -EBADMSG);
			buffer_done(&out);
		}
	}
	ck_assert_uint_eq(ipc_sign_digest_len(0), 0);
	ck_assert_uint_eq(ipc_sign_digest_len(4), 0);
	ck_assert_uint_eq(ipc_sign_digest_len(UINT32_MAX), 0);
}
END_TEST

START_TEST(sign_knows_three_schemes)
{
	for (unsigned int scheme = 0; scheme < 256; scheme++) {
		struct ipc_sign sign = { .scheme = (enum ipc_sign_scheme)scheme,
			.hash = IPC_SIGN_SHA256,
			.digest = bytes_of(octets, 32) };
		struct buffer out = { NULL, 0, 0 };

		ipc_sign_encode(&sign, &out);
		ck_assert_int_eq(ipc_sign_decode(buffer_view(&out), &sign),
		    scheme >= 1 && scheme <= 3 ? 0 : -EBADMSG);
		buffer_done(&out);
	}
}
END_TEST

START_TEST(signature_survives_the_way)
{
	static const size_t lens[] = { 1, 72, IPC_SIGNATURE_MAX };
	struct ipc_signature decoded;

	for (unsigned int i = 0; i < 3; i++) {
		const struct ipc_signature signature = { .number = 7 + i,
			.signature = bytes_of(octets, lens[i]) };
		struct buffer out = { NULL, 0, 0 };

		ipc_signature_encode(&signature, &out);
		ck_assert_int_eq(ipc_signature_decode(buffer_view(&out),
				     &decoded),
		    0);
		ck_assert_uint_eq(decoded.number, 7 + i);
		ck_assert_int_eq(decoded.status, IPC_SIGN_DONE);
		ck_assert(bytes_equal(decoded.signature, signature.signature));
		ASSERT_WHOLE_ONLY(ipc_signature_decode, &out, &decoded);
		buffer_done(&out);
	}
}
END_TEST

START_TEST(signature_is_there_if_it_was_made_and_only_then)
{
	for (unsigned int status = 0; status < 8; status++) {
		for (unsigned int i = 0; i < 3; i++) {
			static const size_t lens[] = { 0, 64,
				IPC_SIGNATURE_MAX + 1 };
			struct ipc_signature signature = {
				.status = (enum ipc_sign_status)status,
				.signature = bytes_of(octets, lens[i]),
			};
			struct buffer out = { NULL, 0, 0 };
			bool is_good = status == 0 ? i == 1
						   : status <= 3 && i == 0;

			ipc_signature_encode(&signature, &out);
			ck_assert_int_eq(ipc_signature_decode(buffer_view(&out),
					     &signature),
			    is_good ? 0 : -EBADMSG);
			buffer_done(&out);
		}
	}
}
END_TEST

START_TEST(key_added_survives_the_way)
{
	const struct ipc_key_added added[] = {
		{ .is_usable = true, .key_id = { 1, 2, 3 } },
		{ .why = BYTES_LITERAL("it is encrypted") },
	};
	struct ipc_key_added decoded;

	for (size_t i = 0; i < 2; i++) {
		struct buffer out = { NULL, 0, 0 };

		ipc_key_added_encode(&added[i], &out);
		ck_assert_int_eq(ipc_key_added_decode(buffer_view(&out),
				     &decoded),
		    0);
		ck_assert_int_eq(decoded.is_usable, i == 0);
		ck_assert_mem_eq(decoded.key_id, added[i].key_id,
		    IPC_KEY_ID_LEN);
		ck_assert(bytes_equal(decoded.why, added[i].why));
		out.data[0] ^= 1; /* usable with a reason, or not without */
		ck_assert_int_eq(ipc_key_added_decode(buffer_view(&out),
				     &decoded),
		    -EBADMSG);
		out.data[0] ^= 1;
		ASSERT_WHOLE_ONLY(ipc_key_added_decode, &out, &decoded);
		out.data[0] = 2;
		ck_assert_int_eq(ipc_key_added_decode(bytes_of(out.data,
							  out.len - 1),
				     &decoded),
		    -EBADMSG);
		buffer_done(&out);
	}
}
END_TEST

START_TEST(key_id_survives_the_way)
{
	struct buffer out = { NULL, 0, 0 };
	uint8_t decoded[IPC_KEY_ID_LEN];

	ipc_key_id_encode(octets, &out);
	ck_assert_int_eq(ipc_key_id_decode(buffer_view(&out), decoded), 0);
	ck_assert_mem_eq(decoded, octets, IPC_KEY_ID_LEN);
	ASSERT_WHOLE_ONLY(ipc_key_id_decode, &out, decoded);
	buffer_done(&out);
}
END_TEST

TCase *
test_signing(void)
{
	TCase *tests = tcase_create("signing");

	tcase_add_loop_test(tests, sign_survives_the_way, 0, 9);
	tcase_add_test(tests, sign_takes_a_digest_of_the_hash_s_length_only);
	tcase_add_test(tests, sign_knows_three_schemes);
	tcase_add_test(tests, signature_survives_the_way);
	tcase_add_test(tests, signature_is_there_if_it_was_made_and_only_then);
	tcase_add_test(tests, key_added_survives_the_way);
	tcase_add_test(tests, key_id_survives_the_way);
	return tests;
}
