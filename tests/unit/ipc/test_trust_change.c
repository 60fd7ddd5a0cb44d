/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "ipc/trust_change.h"
#include "lib/memory.h"
#include "test_ipc.h"

/* Each byte of an id, so that it can be told from others. */
#define ID_A     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B     "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEX(two) two two two two two two two two
#define HEX_A    HEX("61616161")
#define HEX_B    HEX("62626262")

struct row {
	enum ipc_trust_date_kind kind; /* 0: behind the last */
	const char *name, *id, *number;
	int64_t ends_at;
};

#define AT_0 "1970-01-01 00:00:00 UTC"

static const struct {
	struct row before[3], after[3];
	size_t revoked; /* after; before: none */
	const char *changes;
} pairs[] = {
	{ { { IPC_TRUST_DATE_SERVER, "s", ID_A, "", 0 } },
	    { { IPC_TRUST_DATE_SERVER, "s", ID_A, "", 0 } }, 0, "" },
	{ { { IPC_TRUST_DATE_SERVER, "s", ID_A, "", 0 } },
	    { { IPC_TRUST_DATE_SERVER, "t", ID_B, "", 86400 } }, 0,
	    "server-certificate: SHA-256 " HEX_B
	    " notAfter 1970-01-02 00:00:00 UTC \"t\"; SHA-256 " HEX_A
	    " notAfter " AT_0 " \"s\"\n" },
	/* What is sent with it. */
	{ { { IPC_TRUST_DATE_SERVER, "s", ID_A, "", 0 } },
	    { { IPC_TRUST_DATE_SERVER, "s", ID_A, "", 0 },
		{ IPC_TRUST_DATE_SERVER, "i", ID_B, "", 0 } },
	    0, "server-chain: SHA-256 " HEX_B " notAfter " AT_0 " \"i\"; \n" },
	{ { { IPC_TRUST_DATE_AUTHORITY, "a", ID_A, "", 5 } },
	    { { IPC_TRUST_DATE_AUTHORITY, "b", ID_B, "", 0 } }, 0,
	    "client-ca: ; SHA-256 " HEX_A
	    " notAfter 1970-01-01 00:00:05 UTC \"a\"\n"
	    "client-ca: SHA-256 " HEX_B " notAfter " AT_0 " \"b\"; \n" },
	/* Order is nothing. */
	{ { { IPC_TRUST_DATE_AUTHORITY, "a", ID_A, "", 0 },
	      { IPC_TRUST_DATE_AUTHORITY, "b", ID_B, "", 0 } },
	    { { IPC_TRUST_DATE_AUTHORITY, "b", ID_B, "", 0 },
		{ IPC_TRUST_DATE_AUTHORITY, "a", ID_A, "", 0 } },
	    0, "" },
	{ { { IPC_TRUST_DATE_CRL, "a", ID_A, "\x01\x02", 0 } },
	    { { IPC_TRUST_DATE_CRL, "a", ID_A, "\x01\x03", 60 } }, 1,
	    "crl: number 259 nextUpdate 1970-01-01 00:01:00 UTC of \"a\"; "
	    "number 258 nextUpdate " AT_0 " of \"a\"\n"
	    "revoked: 1 certificates; 0\n" },
	{ { { IPC_TRUST_DATE_CRL, "a", ID_A, "", 0 } },
	    { { IPC_TRUST_DATE_CRL, "b", ID_B,
		"\x01\x02\x03\x04\x05\x06\x07\x08\x09", 0 } },
	    0,
	    "crl: ; no number nextUpdate " AT_0 " of \"a\"\n"
	    "crl: number 0x010203040506070809 nextUpdate " AT_0
	    " of \"b\"; \n" },
};

static void
make_index(const struct row rows[3], size_t revoked_count, struct buffer *out,
    struct ipc_trust_index *index)
{
	struct ipc_trust_date dates[3];
	struct buffer revoked = { NULL, 0, 0 };
	struct ipc_trust_content content = { .generation = 1,
		.revoked = &revoked,
		.dates = dates };

	for (; content.date_count < 3 && rows[content.date_count].kind != 0;
	     content.date_count++) {
		const struct row *row = &rows[content.date_count];

		dates[content.date_count] = (struct ipc_trust_date){ row->kind,
			0, row->ends_at, bytes_of_string(row->name),
			bytes_of_string(row->id),
			bytes_of_string(row->number) };
	}
	if (revoked_count > 0)
		buffer_append(&revoked, bytes_of(ID_A, IPC_TRUST_ID_LEN));
	ipc_trust_index_encode(&content, out);
	ck_assert_int_eq(ipc_trust_index_open(buffer_view(out), index), 0);
	buffer_done(&revoked);
}

static void
note(void *context, const char *what, struct bytes now, struct bytes before)
{
	buffer_append(context, bytes_of_string(what));
	buffer_append(context, BYTES_LITERAL(": "));
	buffer_append(context, now);
	buffer_append(context, BYTES_LITERAL("; "));
	buffer_append(context, before);
	buffer_append(context, BYTES_LITERAL("\n"));
}

START_TEST(what_one_index_has_and_another_not_is_told)
{
	struct buffer before = { NULL, 0, 0 }, after = { NULL, 0, 0 };
	struct buffer told = { NULL, 0, 0 };
	struct ipc_trust_index old, new;
	char *text;

	make_index(pairs[_i].before, 0, &before, &old);
	make_index(pairs[_i].after, pairs[_i].revoked, &after, &new);
	ipc_trust_changes(&old, &new, &told, note);
	text = memory_copy(buffer_view(&told));
	ck_assert_str_eq(text, pairs[_i].changes);
	free(text);
	buffer_done(&told);
	buffer_done(&before);
	buffer_done(&after);
}
END_TEST

TCase *
test_trust_change(void)
{
	TCase *tcase = tcase_create("trust change");

	tcase_add_loop_test(tcase, what_one_index_has_and_another_not_is_told,
	    0, (int)(sizeof(pairs) / sizeof(pairs[0])));
	return tcase;
}
