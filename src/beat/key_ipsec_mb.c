/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags by Intel's multi-buffer library, which hashes two messages side by side
 * with the processor's SHA instructions, or, where it has none, as many as its
 * registers have room for: 8 with AVX2. Its manager, 50 kB, holds them
 * meanwhile.
 */
#include <intel-ipsec-mb.h>

#include "beat/key_pad.h"
#include "lib/log.h"
#include "lib/memory.h"

/* In one call. */
#define JOBS_MAX 64

static IMB_MGR *manager;
static IMB_JOB jobs[JOBS_MAX];

static bool
is_fit(const IMB_MGR *candidate)
{
	uint64_t features = candidate->features;

	if ((features & IMB_FEATURE_SSE4_2) == 0)
		return false;
	/* It wipes what it has computed with. */
	if ((features & IMB_FEATURE_SAFE_DATA) == 0)
		return false;
#ifdef IMB_FEATURE_SELF_TEST
	if ((features & IMB_FEATURE_SELF_TEST) &&
	    !(features & IMB_FEATURE_SELF_TEST_PASS))
		return false;
#endif
	return true;
}

/*
 * AVX2 also where there is AVX-512: its functions use SHA instructions where
 * there are some, which those for AVX-512 do not; and where there are none, some
 * processors need longer to power up the widest registers than a batch takes,
 * each time that they were not used for a while.
 */
static bool
choose(IMB_MGR *candidate)
{
	IMB_ARCH architecture = IMB_ARCH_NONE;

	init_mb_mgr_avx2(candidate);
	if (imb_get_errno(candidate) == 0)
		return true;
	init_mb_mgr_auto(candidate, &architecture);
	return imb_get_errno(candidate) == 0 && architecture != IMB_ARCH_NONE;
}

static bool
start(void)
{
	IMB_MGR *candidate;

	if (manager != NULL)
		return true;
	candidate = alloc_mb_mgr(0);
	if (candidate == NULL)
		return false;
	if (!choose(candidate) || !is_fit(candidate)) {
		free_mb_mgr(candidate);
		return false;
	}
	manager = candidate;
	return true;
}

static void
stop(void)
{
	free_mb_mgr(manager);
	manager = NULL;
}

static void
start_padded(uint32_t state[8], const uint8_t *secret, uint8_t pad)
{
	uint8_t block[BEAT_BLOCK_LEN];

	beat_key_pad(secret, pad, block);
	IMB_SHA256_ONE_BLOCK(manager, block, state);
	memory_wipe(block, sizeof(block));
}

static void
init(struct beat_key *key, const uint8_t *secret)
{
	start_padded(key->of.state.inner, secret, BEAT_INNER_PAD);
	start_padded(key->of.state.outer, secret, BEAT_OUTER_PAD);
}

static void
wipe(struct beat_key *key)
{
	memory_wipe(key, sizeof(*key));
}

static void
job_init(IMB_JOB *job, const struct beat_tag *tag)
{
	const void *inner = tag->key->of.state.inner;
	const void *outer = tag->key->of.state.outer;

	job->hash_alg = IMB_AUTH_HMAC_SHA_256;
	job->cipher_mode = IMB_CIPHER_NULL;
	job->src = tag->data.data;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = tag->data.len;
	job->u.HMAC._hashed_auth_key_xor_ipad = inner;
	job->u.HMAC._hashed_auth_key_xor_opad = outer;
	job->auth_tag_output = tag->out;
	job->auth_tag_output_len_in_bytes = BEAT_TAG_LEN;
}

static void
make_tags(const struct beat_tag *tags, size_t count)
{
	uint32_t some;

	for (; count > 0; tags += some, count -= some) {
		some = count < JOBS_MAX ? (uint32_t)count : JOBS_MAX;
		for (uint32_t i = 0; i < some; i++)
			job_init(&jobs[i], &tags[i]);
		if (IMB_SUBMIT_HASH_BURST(manager, jobs, some,
			IMB_AUTH_HMAC_SHA_256) != some)
			panic("HMAC-SHA-256 takes any bytes");
	}
}

const struct beat_key_backend beat_key_ipsec_mb = {
	.name = "ipsec-mb",
	.start = start,
	.stop = stop,
	.init = init,
	.wipe = wipe,
	.make_tags = make_tags,
};
