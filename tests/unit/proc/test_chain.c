/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "lib/buffer.h"
#include "proc/chain.h"
#include "test_proc.h"

#define ANCHOR 0x20

static struct ipc_trust_authority anchor;
static struct buffer encoded, revoked;
static struct ipc_trust_index trust;

static void
set_id(uint8_t *id, uint8_t value)
{
	memset(id, value, TLS_ID_LEN);
}

static void
set_up(void)
{
	struct ipc_trust_content content = {
		.generation = 1,
		.authority_count = 1,
		.authorities = &anchor,
		.revoked = &revoked,
	};
	uint8_t id[TLS_ID_LEN];

	set_id(anchor.id, ANCHOR);
	set_id(anchor.certificate, ANCHOR + 1);
	anchor.not_after = IPC_TRUST_NEVER;
	set_id(id, 9);
	buffer_append(&revoked, bytes_of(id, sizeof(id)));
	ipc_trust_index_encode(&content, &encoded);
	ck_assert_int_eq(ipc_trust_index_open(buffer_view(&encoded), &trust),
	    0);
}

static void
tear_down(void)
{
	buffer_done(&encoded);
	buffer_done(&revoked);
}

/* As long as a chain may be: one certificate of it is revoked, or none. */
START_TEST(each_link_of_a_chain_counts)
{
	struct tls_certificate_id chain[TLS_CHAIN_MAX];

	for (size_t i = 0; i < TLS_CHAIN_MAX; i++) {
		set_id(chain[i].issuer, ANCHOR);
		set_id(chain[i].certificate,
		    (int)i == _i ? 9 : (uint8_t)(10 + i));
	}
	ck_assert_int_eq(proc_chain_check(&trust, chain, TLS_CHAIN_MAX, 0),
	    _i < TLS_CHAIN_MAX ? IPC_TRUST_REVOKED : IPC_TRUST_GOOD);
}
END_TEST

START_TEST(a_chain_ends_at_an_anchor)
{
	struct tls_certificate_id chain[2];

	set_id(chain[0].issuer, ANCHOR);
	set_id(chain[0].certificate, 1);
	set_id(chain[1].issuer, ANCHOR + 2);
	set_id(chain[1].certificate, 2);
	ck_assert_int_eq(proc_chain_check(&trust, chain, 1, 0), IPC_TRUST_GOOD);
	ck_assert_int_eq(proc_chain_check(&trust, chain, 2, 0),
	    IPC_TRUST_ANCHOR_GONE);
}
END_TEST

TCase *
test_chain(void)
{
	TCase *tcase = tcase_create("chain");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, each_link_of_a_chain_counts, 0,
	    TLS_CHAIN_MAX + 1);
	tcase_add_test(tcase, a_chain_ends_at_an_anchor);
	return tcase;
}
