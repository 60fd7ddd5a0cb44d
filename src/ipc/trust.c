/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/trust.h"

#include <errno.h>

#include "ipc/memory.h"
#include "lib/pack.h"

/* More than the largest index is long. */
#define INDEX_LEN_MAX (UINT64_C(1) << 28)

void
ipc_trust_file_encode(const struct ipc_trust_file *file, struct buffer *out)
{
	pack_u8(out, (uint8_t)file->kind);
	pack_bytes(out, file->path);
}

int
ipc_trust_file_decode(struct bytes payload, struct ipc_trust_file *file)
{
	struct unpack in = { .input = payload };
	uint8_t kind = unpack_u8(&in);
	struct bytes path = unpack_bytes(&in, IPC_TRUST_PATH_MAX);

	if (!unpack_is_complete(&in) || kind < IPC_TRUST_FILE_CERTIFICATE ||
	    kind > IPC_TRUST_FILE_CURRENT)
		return -EBADMSG;
	*file = (struct ipc_trust_file){ (enum ipc_trust_file_kind)kind, path };
	return 0;
}

void
ipc_trust_check_encode(const struct ipc_trust_check *check, struct buffer *out)
{
	pack_u64(out, check->generation);
	pack_u8(out, check->needs_all_crls);
	pack_u64(out, check->grace_seconds);
}

int
ipc_trust_check_decode(struct bytes payload, struct ipc_trust_check *check)
{
	struct unpack in = { .input = payload };
	uint64_t generation = unpack_u64(&in);
	uint8_t needs_all_crls = unpack_u8(&in);
	uint64_t grace_seconds = unpack_u64(&in);

	if (!unpack_is_complete(&in) || generation == 0 || needs_all_crls > 1)
		return -EBADMSG;
	*check = (struct ipc_trust_check){ generation, needs_all_crls == 1,
		grace_seconds };
	return 0;
}

void
ipc_trust_verdict_encode(const struct ipc_trust_verdict_of *verdict,
    struct buffer *out)
{
	struct bytes text = verdict->text;

	if (text.len > IPC_TRUST_TEXT_MAX)
		text.len = IPC_TRUST_TEXT_MAX;
	pack_u64(out, verdict->generation);
	pack_u8(out, verdict->is_good);
	pack_raw(out, verdict->spki, IPC_TRUST_SPKI_LEN);
	pack_bytes(out, text);
}

int
ipc_trust_verdict_decode(struct bytes payload,
    struct ipc_trust_verdict_of *verdict)
{
	struct unpack in = { .input = payload };
	struct ipc_trust_verdict_of decoded;
	uint8_t is_good;

	decoded.generation = unpack_u64(&in);
	is_good = unpack_u8(&in);
	decoded.is_good = is_good == 1;
	unpack_raw(&in, decoded.spki, IPC_TRUST_SPKI_LEN);
	decoded.text = unpack_bytes(&in, IPC_TRUST_TEXT_MAX);
	if (!unpack_is_complete(&in) || decoded.generation == 0 || is_good > 1)
		return -EBADMSG;
	*verdict = decoded;
	return 0;
}

void
ipc_trust_given_encode(const struct ipc_trust_given *given, struct buffer *out)
{
	pack_u64(out, given->generation);
	pack_u64(out, given->len);
}

int
ipc_trust_given_decode(struct bytes payload, struct ipc_trust_given *given)
{
	struct unpack in = { .input = payload };
	uint64_t generation = unpack_u64(&in);
	uint64_t len = unpack_u64(&in);

	if (!unpack_is_complete(&in) || generation == 0 || len == 0 ||
	    len > INDEX_LEN_MAX)
		return -EBADMSG;
	*given = (struct ipc_trust_given){ generation, len };
	return 0;
}

int
ipc_trust_map(int fd, const struct ipc_trust_given *given,
    struct ipc_trust_index *index)
{
	struct ipc_trust_index mapped;
	struct bytes view;
	int error = ipc_sealed_memory_map(fd, given->len, &view);

	if (error != 0)
		return error;
	error = ipc_trust_index_open(view, &mapped);
	if (error == 0 && mapped.generation != given->generation)
		error = -EBADMSG;
	if (error != 0) {
		ipc_sealed_memory_unmap(view);
		return error;
	}
	*index = mapped;
	return 0;
}

void
ipc_trust_unmap(struct ipc_trust_index *index)
{
	ipc_sealed_memory_unmap(index->view);
	*index = (struct ipc_trust_index){ .generation = 0 };
}
