/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In an index numbers are in network byte order, and its parts lie one behind
 * the other: head, authorities (by fingerprint), anchors, CRLs (by issuer),
 * revoked certificates, dates.
 */
#include "ipc/trust_index.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/log.h"
#include "lib/memory.h"
#include "lib/pack.h"

/* "SgT" and the version of the format. */
#define FORMAT ((uint32_t)0x536754 << 8 | 3)

#define HEAD_LEN (4 + 8 + 1 + 5 * 4)
#define AUTHORITY_LEN                                                          \
	(IPC_TRUST_FINGERPRINT_LEN + 2 * IPC_TRUST_ID_LEN + 4 + 2 + 16 + 1 +   \
	    IPC_TRUST_COMMON_NAME_MAX)
#define CRL_LEN      (IPC_TRUST_ID_LEN + 3 * 8)
#define DATE_LEN_MIN (1 + 8 + 8 + 3 * 4)

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, IPC_TRUST_ID_LEN);
}

/* Encoding */

/* An authority and where it stood before it was sorted. */
struct placed {
	const struct ipc_trust_authority *authority;
	uint32_t before;
};

static int
compare_placed(const void *a, const void *b)
{
	const struct placed *first = a, *second = b;

	return memcmp(first->authority->fingerprint,
	    second->authority->fingerprint, IPC_TRUST_FINGERPRINT_LEN);
}

static int
compare_crls(const void *a, const void *b)
{
	const struct ipc_trust_crl *first = a, *second = b;

	return memcmp(first->issuer, second->issuer, IPC_TRUST_ID_LEN);
}

static void
encode_authority(const struct placed *placed, uint32_t parent,
    struct buffer *out)
{
	const struct ipc_trust_authority *authority = placed->authority;

	pack_raw(out, authority->fingerprint, IPC_TRUST_FINGERPRINT_LEN);
	pack_raw(out, authority->id, IPC_TRUST_ID_LEN);
	pack_raw(out, authority->certificate, IPC_TRUST_ID_LEN);
	pack_u32(out, parent);
	pack_u16(out, authority->length_max);
	pack_u64(out, (uint64_t)authority->not_before);
	pack_u64(out, (uint64_t)authority->not_after);
	pack_u8(out, authority->name_len);
	pack_raw(out, authority->name, IPC_TRUST_COMMON_NAME_MAX);
}

static void
encode_authorities(const struct ipc_trust_content *content, struct buffer *out)
{
	size_t count = content->authority_count;
	struct placed *sorted = memory_new(count + 1, sizeof(*sorted));
	uint32_t *after = memory_new(count + 1, sizeof(*after));

	for (uint32_t i = 0; i < count; i++)
		sorted[i] = (struct placed){ &content->authorities[i], i };
	qsort(sorted, count, sizeof(*sorted), compare_placed);
	for (uint32_t i = 0; i < count; i++)
		after[sorted[i].before] = i;
	for (uint32_t i = 0; i < count; i++) {
		if (sorted[i].authority->parent >= count)
			panic("the issuer of an authority is one of them");
		encode_authority(&sorted[i], after[sorted[i].authority->parent],
		    out);
	}
	free(after);
	free(sorted);
}

/* Sort ids and drop what is there twice; how many are left. */
static size_t
sort_ids(struct buffer *ids)
{
	size_t count = ids->len / IPC_TRUST_ID_LEN, kept = 0;

	if (count == 0)
		return 0;
	qsort(ids->data, count, IPC_TRUST_ID_LEN, compare_ids);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *id = ids->data + i * IPC_TRUST_ID_LEN;
		uint8_t *last = ids->data + kept * IPC_TRUST_ID_LEN;

		if (kept > 0 && compare_ids(last - IPC_TRUST_ID_LEN, id) == 0)
			continue;
		memmove(last, id, IPC_TRUST_ID_LEN);
		kept++;
	}
	ids->len = kept * IPC_TRUST_ID_LEN;
	return kept;
}

static size_t
gather_anchors(const struct ipc_trust_content *content, struct buffer *anchors)
{
	for (uint32_t i = 0; i < content->authority_count; i++)
		if (content->authorities[i].parent == i)
			buffer_append(anchors,
			    bytes_of(content->authorities[i].id,
				IPC_TRUST_ID_LEN));
	return sort_ids(anchors);
}

static void
encode_crls(const struct ipc_trust_content *content, struct buffer *out)
{
	size_t count = content->crl_count;
	struct ipc_trust_crl *sorted = memory_new(count + 1, sizeof(*sorted));

	if (count > 0)
		memcpy(sorted, content->crls, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_crls);
	for (size_t i = 0; i < count; i++) {
		pack_raw(out, sorted[i].issuer, IPC_TRUST_ID_LEN);
		pack_u64(out, (uint64_t)sorted[i].this_update);
		pack_u64(out, (uint64_t)sorted[i].next_update);
		pack_u64(out, (uint64_t)sorted[i].ends_at);
	}
	free(sorted);
}

static void
encode_dates(const struct ipc_trust_content *content, struct buffer *out)
{
	for (size_t i = 0; i < content->date_count; i++) {
		const struct ipc_trust_date *date = &content->dates[i];

		pack_u8(out, (uint8_t)date->kind);
		pack_u64(out, (uint64_t)date->tell_from);
		pack_u64(out, (uint64_t)date->ends_at);
		pack_bytes(out, date->name);
		pack_bytes(out, date->id);
		pack_bytes(out, date->number);
	}
}

void
ipc_trust_index_encode(const struct ipc_trust_content *content,
    struct buffer *out)
{
	struct buffer anchors = { NULL, 0, 0 };
	size_t anchor_count = gather_anchors(content, &anchors);
	size_t revoked_count = sort_ids(content->revoked);

	if (content->authority_count > IPC_TRUST_AUTHORITIES_MAX ||
	    content->crl_count > IPC_TRUST_AUTHORITIES_MAX ||
	    content->date_count > IPC_TRUST_DATES_MAX ||
	    revoked_count > IPC_TRUST_REVOKED_MAX)
		panic("an index holds what its maker has counted");
	pack_u32(out, FORMAT);
	pack_u64(out, content->generation);
	pack_u8(out, content->needs_all_crls);
	pack_u32(out, (uint32_t)content->authority_count);
	pack_u32(out, (uint32_t)anchor_count);
	pack_u32(out, (uint32_t)content->crl_count);
	pack_u32(out, (uint32_t)revoked_count);
	pack_u32(out, (uint32_t)content->date_count);
	encode_authorities(content, out);
	buffer_append(out, buffer_view(&anchors));
	encode_crls(content, out);
	buffer_append(out, buffer_view(content->revoked));
	encode_dates(content, out);
	buffer_done(&anchors);
}

/* Opening */

static bool
head_decode(struct unpack *in, struct ipc_trust_index *index)
{
	uint8_t needs_all_crls;

	if (unpack_u32(in) != FORMAT)
		return false;
	index->generation = unpack_u64(in);
	needs_all_crls = unpack_u8(in);
	index->needs_all_crls = needs_all_crls == 1;
	index->authority_count = unpack_u32(in);
	index->anchor_count = unpack_u32(in);
	index->crl_count = unpack_u32(in);
	index->revoked_count = unpack_u32(in);
	index->date_count = unpack_u32(in);
	return !in->failed && needs_all_crls <= 1 && index->generation > 0 &&
	       index->authority_count <= IPC_TRUST_AUTHORITIES_MAX &&
	       index->anchor_count <= index->authority_count &&
	       index->crl_count <= IPC_TRUST_AUTHORITIES_MAX &&
	       index->revoked_count <= IPC_TRUST_REVOKED_MAX &&
	       index->date_count <= IPC_TRUST_DATES_MAX;
}

/* The part of count rows at *pos; NULL if it is not all there. */
static const uint8_t *
part(struct bytes view, size_t *pos, size_t count, size_t row_len)
{
	const uint8_t *at = view.data + *pos;

	if (count * row_len > view.len - *pos)
		return NULL;
	*pos += count * row_len;
	return at;
}

/* Does each row come behind the one before, by the first key_len bytes? */
static bool
is_sorted(const uint8_t *rows, size_t count, size_t row_len, size_t key_len)
{
	for (size_t i = 1; i < count; i++)
		if (memcmp(rows + (i - 1) * row_len, rows + i * row_len,
			key_len) >= 0)
			return false;
	return true;
}

static void
authority_decode(const uint8_t *row, struct ipc_trust_authority *authority)
{
	struct unpack in = { .input = bytes_of(row, AUTHORITY_LEN) };

	unpack_raw(&in, authority->fingerprint, IPC_TRUST_FINGERPRINT_LEN);
	unpack_raw(&in, authority->id, IPC_TRUST_ID_LEN);
	unpack_raw(&in, authority->certificate, IPC_TRUST_ID_LEN);
	authority->parent = unpack_u32(&in);
	authority->length_max = unpack_u16(&in);
	authority->not_before = (int64_t)unpack_u64(&in);
	authority->not_after = (int64_t)unpack_u64(&in);
	authority->name_len = unpack_u8(&in);
	unpack_raw(&in, authority->name, IPC_TRUST_COMMON_NAME_MAX);
}

static bool
leads_to_anchor(const struct ipc_trust_index *index, uint32_t number)
{
	struct ipc_trust_authority authority;

	for (unsigned int i = 0; i < IPC_TRUST_CHAIN_MAX; i++) {
		if (!ipc_trust_authority_at(index, number, &authority))
			return false;
		if (authority.parent == number)
			return ipc_trust_is_anchor(index, authority.id);
		number = authority.parent;
	}
	return false;
}

static bool
crls_are_sound(const struct ipc_trust_index *index)
{
	for (uint32_t i = 0; i < index->crl_count; i++) {
		struct unpack in = { .input = bytes_of(index->crls +
							   i * CRL_LEN +
							   IPC_TRUST_ID_LEN,
					 CRL_LEN - IPC_TRUST_ID_LEN) };

		for (int j = 0; j < 3; j++)
			if (unpack_u64(&in) > INT64_MAX)
				return false;
	}
	return true;
}

static bool
dates_are_sound(const struct ipc_trust_index *index)
{
	struct ipc_trust_date date;
	size_t pos = 0, count = 0;

	while (ipc_trust_date_next(index, &pos, &date))
		count++;
	return count == index->date_count &&
	       index->dates + pos == index->view.data + index->view.len;
}

static bool
content_is_sound(const struct ipc_trust_index *index)
{
	if (!is_sorted(index->authorities, index->authority_count,
		AUTHORITY_LEN, IPC_TRUST_FINGERPRINT_LEN) ||
	    !is_sorted(index->anchors, index->anchor_count, IPC_TRUST_ID_LEN,
		IPC_TRUST_ID_LEN) ||
	    !is_sorted(index->crls, index->crl_count, CRL_LEN,
		IPC_TRUST_ID_LEN) ||
	    !is_sorted(index->revoked, index->revoked_count, IPC_TRUST_ID_LEN,
		IPC_TRUST_ID_LEN))
		return false;
	for (uint32_t i = 0; i < index->authority_count; i++)
		if (!leads_to_anchor(index, i))
			return false;
	return crls_are_sound(index) && dates_are_sound(index);
}

int
ipc_trust_index_open(struct bytes view, struct ipc_trust_index *index)
{
	struct ipc_trust_index opened = { .view = view };
	struct unpack in = { .input = view };
	size_t pos = HEAD_LEN;

	if (view.len < HEAD_LEN || !head_decode(&in, &opened))
		return -EBADMSG;
	opened.authorities = part(view, &pos, opened.authority_count,
	    AUTHORITY_LEN);
	if (opened.authorities == NULL)
		return -EBADMSG;
	opened.anchors = part(view, &pos, opened.anchor_count,
	    IPC_TRUST_ID_LEN);
	if (opened.anchors == NULL)
		return -EBADMSG;
	opened.crls = part(view, &pos, opened.crl_count, CRL_LEN);
	if (opened.crls == NULL)
		return -EBADMSG;
	opened.revoked = part(view, &pos, opened.revoked_count,
	    IPC_TRUST_ID_LEN);
	if (opened.revoked == NULL)
		return -EBADMSG;
	opened.dates = view.data + pos;
	if (!content_is_sound(&opened))
		return -EBADMSG;
	*index = opened;
	return 0;
}

/* Looking things up */

/* The row whose first key_len bytes are the key; NULL: there is none. */
static const uint8_t *
row_find(const uint8_t *rows, size_t count, size_t row_len, const uint8_t *key,
    size_t key_len)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const uint8_t *row = rows + middle * row_len;
		int order = memcmp(key, row, key_len);

		if (order == 0)
			return row;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool
ipc_trust_authority_find(const struct ipc_trust_index *index,
    const uint8_t fingerprint[IPC_TRUST_FINGERPRINT_LEN],
    struct ipc_trust_authority *authority, uint32_t *number)
{
	const uint8_t *row = row_find(index->authorities,
	    index->authority_count, AUTHORITY_LEN, fingerprint,
	    IPC_TRUST_FINGERPRINT_LEN);

	if (row == NULL)
		return false;
	authority_decode(row, authority);
	*number = (uint32_t)((size_t)(row - index->authorities) /
			     AUTHORITY_LEN);
	return true;
}

bool
ipc_trust_authority_at(const struct ipc_trust_index *index, uint32_t number,
    struct ipc_trust_authority *authority)
{
	if (number >= index->authority_count)
		return false;
	authority_decode(index->authorities + (size_t)number * AUTHORITY_LEN,
	    authority);
	return true;
}

bool
ipc_trust_is_anchor(const struct ipc_trust_index *index,
    const uint8_t id[IPC_TRUST_ID_LEN])
{
	return row_find(index->anchors, index->anchor_count, IPC_TRUST_ID_LEN,
		   id, IPC_TRUST_ID_LEN) != NULL;
}

bool
ipc_trust_is_revoked(const struct ipc_trust_index *index,
    const uint8_t certificate[IPC_TRUST_ID_LEN])
{
	return row_find(index->revoked, index->revoked_count, IPC_TRUST_ID_LEN,
		   certificate, IPC_TRUST_ID_LEN) != NULL;
}

static void
crl_decode(const uint8_t *row, struct ipc_trust_crl *crl)
{
	struct unpack in = { .input = bytes_of(row, CRL_LEN) };

	unpack_raw(&in, crl->issuer, IPC_TRUST_ID_LEN);
	crl->this_update = (int64_t)unpack_u64(&in);
	crl->next_update = (int64_t)unpack_u64(&in);
	crl->ends_at = (int64_t)unpack_u64(&in);
}

bool
ipc_trust_crl_find(const struct ipc_trust_index *index,
    const uint8_t issuer[IPC_TRUST_ID_LEN], struct ipc_trust_crl *crl)
{
	const uint8_t *row = row_find(index->crls, index->crl_count, CRL_LEN,
	    issuer, IPC_TRUST_ID_LEN);

	if (row == NULL)
		return false;
	crl_decode(row, crl);
	return true;
}

bool
ipc_trust_date_next(const struct ipc_trust_index *index, size_t *pos,
    struct ipc_trust_date *date)
{
	/* there may be no bytes at all to count in */
	size_t len = index->date_count == 0
			 ? 0
			 : (size_t)(index->view.data + index->view.len -
				    index->dates);
	struct unpack in = { .input = bytes_of(index->dates, len),
		.pos = *pos };
	struct ipc_trust_date next;
	uint8_t kind;

	if (*pos >= len)
		return false;
	kind = unpack_u8(&in);
	next.tell_from = (int64_t)unpack_u64(&in);
	next.ends_at = (int64_t)unpack_u64(&in);
	next.name = unpack_bytes(&in, IPC_TRUST_NAME_MAX);
	next.id = unpack_bytes(&in, IPC_TRUST_FINGERPRINT_LEN);
	next.number = unpack_bytes(&in, IPC_TRUST_NUMBER_MAX);
	if (in.failed || kind < IPC_TRUST_DATE_SERVER ||
	    kind > IPC_TRUST_DATE_CRL || next.tell_from < 0 || next.ends_at < 0)
		return false;
	next.kind = (enum ipc_trust_date_kind)kind;
	*pos = in.pos;
	*date = next;
	return true;
}

int64_t
ipc_trust_crls_end_at(const struct ipc_trust_index *index, int64_t now)
{
	int64_t first = IPC_TRUST_NEVER;

	for (uint32_t i = 0; i < index->crl_count; i++) {
		struct ipc_trust_crl crl;

		crl_decode(index->crls + i * CRL_LEN, &crl);
		if (crl.ends_at > now && crl.ends_at < first)
			first = crl.ends_at;
	}
	return first;
}

static enum ipc_trust_verdict
check_crl(const struct ipc_trust_index *index,
    const struct ipc_trust_link *link, int64_t now)
{
	struct ipc_trust_crl crl;

	if (!ipc_trust_crl_find(index, link->issuer, &crl))
		return index->needs_all_crls ? IPC_TRUST_CRL_MISSING
					     : IPC_TRUST_GOOD;
	return now >= crl.ends_at ? IPC_TRUST_CRL_ENDED : IPC_TRUST_GOOD;
}

enum ipc_trust_verdict
ipc_trust_chain_check(const struct ipc_trust_index *index,
    const struct ipc_trust_link *links, size_t count, int64_t now)
{
	for (size_t i = 0; i < count; i++)
		if (ipc_trust_is_revoked(index, links[i].certificate))
			return IPC_TRUST_REVOKED;
	if (!ipc_trust_is_anchor(index, links[count - 1].issuer))
		return IPC_TRUST_ANCHOR_GONE;
	/* Of an anchor no CRL of somebody else speaks. */
	for (size_t i = 0; i + 1 < count; i++) {
		enum ipc_trust_verdict verdict = check_crl(index, &links[i],
		    now);

		if (verdict != IPC_TRUST_GOOD)
			return verdict;
	}
	return IPC_TRUST_GOOD;
}
