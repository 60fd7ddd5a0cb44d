/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/signing.h"

#include <errno.h>

#include "lib/pack.h"

static const size_t digest_lens[] = {
	[IPC_SIGN_SHA256] = 32,
	[IPC_SIGN_SHA384] = 48,
	[IPC_SIGN_SHA512] = 64,
};

size_t
ipc_sign_digest_len(unsigned int hash)
{
	if (hash >= sizeof(digest_lens) / sizeof(digest_lens[0]))
		return 0;
	return digest_lens[hash];
}

void
ipc_sign_encode(const struct ipc_sign *sign, struct buffer *out)
{
	pack_u32(out, sign->number);
	pack_raw(out, sign->key_id, sizeof(sign->key_id));
	pack_u8(out, (uint8_t)sign->scheme);
	pack_u8(out, (uint8_t)sign->hash);
	pack_bytes(out, sign->digest);
}

int
ipc_sign_decode(struct bytes payload, struct ipc_sign *sign)
{
	struct unpack in = { .input = payload };
	struct ipc_sign decoded;
	uint8_t scheme, hash;

	decoded.number = unpack_u32(&in);
	unpack_raw(&in, decoded.key_id, sizeof(decoded.key_id));
	scheme = unpack_u8(&in);
	hash = unpack_u8(&in);
	decoded.digest = unpack_bytes(&in, IPC_DIGEST_MAX);
	if (!unpack_is_complete(&in))
		return -EBADMSG;
	if (scheme < IPC_SIGN_ECDSA || scheme > IPC_SIGN_RSA_PSS)
		return -EBADMSG;
	/* The length of none of them is 0. */
	if (decoded.digest.len == 0 ||
	    decoded.digest.len != ipc_sign_digest_len(hash))
		return -EBADMSG;
	decoded.scheme = (enum ipc_sign_scheme)scheme;
	decoded.hash = (enum ipc_sign_hash)hash;
	*sign = decoded;
	return 0;
}

void
ipc_signature_encode(const struct ipc_signature *signature, struct buffer *out)
{
	pack_u32(out, signature->number);
	pack_u8(out, (uint8_t)signature->status);
	pack_bytes(out, signature->signature);
}

int
ipc_signature_decode(struct bytes payload, struct ipc_signature *signature)
{
	struct unpack in = { .input = payload };
	struct ipc_signature decoded;
	uint8_t status;

	decoded.number = unpack_u32(&in);
	status = unpack_u8(&in);
	decoded.signature = unpack_bytes(&in, IPC_SIGNATURE_MAX);
	if (!unpack_is_complete(&in) || status > IPC_SIGN_FAILED)
		return -EBADMSG;
	if ((status == IPC_SIGN_DONE) != (decoded.signature.len > 0))
		return -EBADMSG;
	decoded.status = (enum ipc_sign_status)status;
	*signature = decoded;
	return 0;
}

void
ipc_key_added_encode(const struct ipc_key_added *added, struct buffer *out)
{
	pack_u8(out, added->is_usable);
	pack_raw(out, added->key_id, sizeof(added->key_id));
	pack_bytes(out, added->why);
}

int
ipc_key_added_decode(struct bytes payload, struct ipc_key_added *added)
{
	struct unpack in = { .input = payload };
	struct ipc_key_added decoded;
	uint8_t is_usable = unpack_u8(&in);

	unpack_raw(&in, decoded.key_id, sizeof(decoded.key_id));
	decoded.why = unpack_bytes(&in, IPC_KEY_WHY_MAX);
	if (!unpack_is_complete(&in) || is_usable > 1)
		return -EBADMSG;
	if ((is_usable == 0) != (decoded.why.len > 0))
		return -EBADMSG;
	decoded.is_usable = is_usable == 1;
	*added = decoded;
	return 0;
}

void
ipc_key_id_encode(const uint8_t key_id[IPC_KEY_ID_LEN], struct buffer *out)
{
	pack_raw(out, key_id, IPC_KEY_ID_LEN);
}

int
ipc_key_id_decode(struct bytes payload, uint8_t key_id[IPC_KEY_ID_LEN])
{
	if (payload.len != IPC_KEY_ID_LEN)
		return -EBADMSG;
	memcpy(key_id, payload.data, IPC_KEY_ID_LEN);
	return 0;
}
