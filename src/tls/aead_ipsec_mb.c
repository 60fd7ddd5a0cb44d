/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AEADs over Intel's multi-buffer library, by its functions for a single
 * buffer. Its manager, 200 kB, only serves to choose the functions for this
 * processor: they are kept and the manager is not.
 */
#include <intel-ipsec-mb.h>
#include <stdlib.h>

#include "lib/log.h"
#include "lib/memory.h"
#include "tls/aead.h"

/* What the library's vector code may assume of an expanded key. */
#define KEY_ALIGNMENT 64

/* The processor computes AES and GHASH itself: fast, and without tables. */
#define FEATURES_NEEDED                                                        \
	(IMB_FEATURE_SSE4_2 | IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ)

struct gcm_functions {
	aes_gcm_pre_t expand;
	aes_gcm_enc_dec_t encrypt;
	aes_gcm_enc_dec_t decrypt;
};

static struct {
	struct gcm_functions aes_128_gcm;
	struct gcm_functions aes_256_gcm;
	chacha_poly_init_t chacha_init;
	chacha_poly_enc_dec_update_t chacha_encrypt;
	chacha_poly_enc_dec_update_t chacha_decrypt;
	chacha_poly_finalize_t chacha_finalize;
} functions;

/* The context of a record holds key stream; it is wiped with the key. */
struct tls_aead {
	union {
		struct {
			struct gcm_key_data key;
			struct gcm_context_data context;
		} gcm;
		struct {
			uint8_t key[TLS_KEY_MAX];
			struct chacha20_poly1305_context_data context;
		} chacha;
	} of;
	const struct gcm_functions *gcm; /* NULL: ChaCha20-Poly1305 */
	void *block;                     /* of the heap that it is in */
};

static bool
is_fit(const IMB_MGR *manager)
{
	uint64_t features = manager->features;

	if ((features & FEATURES_NEEDED) != FEATURES_NEEDED)
		return false;
#ifdef IMB_FEATURE_SELF_TEST
	if ((features & IMB_FEATURE_SELF_TEST) &&
	    !(features & IMB_FEATURE_SELF_TEST_PASS))
		return false;
#endif
	return true;
}

static void
functions_take(const IMB_MGR *manager)
{
	functions.aes_128_gcm = (struct gcm_functions){ manager->gcm128_pre,
		manager->gcm128_enc, manager->gcm128_dec };
	functions.aes_256_gcm = (struct gcm_functions){ manager->gcm256_pre,
		manager->gcm256_enc, manager->gcm256_dec };
	functions.chacha_init = manager->chacha20_poly1305_init;
	functions.chacha_encrypt = manager->chacha20_poly1305_enc_update;
	functions.chacha_decrypt = manager->chacha20_poly1305_dec_update;
	functions.chacha_finalize = manager->chacha20_poly1305_finalize;
}

static bool
start(void)
{
	IMB_MGR *manager = alloc_mb_mgr(0);
	IMB_ARCH architecture = IMB_ARCH_NONE;
	bool is_usable;

	if (manager == NULL)
		return false;
	init_mb_mgr_auto(manager, &architecture);
	is_usable = imb_get_errno(manager) == 0 &&
		    architecture != IMB_ARCH_NONE && is_fit(manager);
	if (is_usable)
		functions_take(manager);
	free_mb_mgr(manager);
	return is_usable;
}

static struct tls_aead *new (enum tls_aead_algorithm algorithm,
    const uint8_t *key)
{
	struct tls_aead *aead;
	/* aligned_alloc() would leave a hole before each that nothing fills. */
	uint8_t *block = memory_new(1, sizeof(*aead) + KEY_ALIGNMENT - 1);
	size_t skipped = -(uintptr_t)block & (KEY_ALIGNMENT - 1);

	aead = (struct tls_aead *)(void *)(block + skipped);
	aead->block = block;
	if (algorithm == TLS_AEAD_CHACHA20_POLY1305) {
		memcpy(aead->of.chacha.key, key, sizeof(aead->of.chacha.key));
		return aead;
	}
	aead->gcm = algorithm == TLS_AEAD_AES_128_GCM ? &functions.aes_128_gcm
						      : &functions.aes_256_gcm;
	aead->gcm->expand(key, &aead->of.gcm.key);
	return aead;
}

static void
aead_free(struct tls_aead *aead)
{
	void *block = aead->block;

	memory_wipe(aead, sizeof(*aead));
	free(block);
}

static void
chacha_seal(struct tls_aead *aead, const uint8_t *nonce,
    struct bytes associated, struct bytes plaintext, uint8_t *out)
{
	const uint8_t *key = aead->of.chacha.key;
	struct chacha20_poly1305_context_data *context = &aead->of.chacha
							      .context;

	functions.chacha_init(key, context, nonce, associated.data,
	    associated.len);
	functions.chacha_encrypt(key, context, out, plaintext.data,
	    plaintext.len);
	functions.chacha_finalize(context, out + plaintext.len,
	    TLS_AEAD_TAG_LEN);
}

static void
seal(struct tls_aead *aead, const uint8_t *nonce, struct bytes associated,
    struct bytes plaintext, uint8_t *out)
{
	if (aead->gcm == NULL)
		chacha_seal(aead, nonce, associated, plaintext, out);
	else
		aead->gcm->encrypt(&aead->of.gcm.key, &aead->of.gcm.context,
		    out, plaintext.data, plaintext.len, nonce, associated.data,
		    associated.len, out + plaintext.len, TLS_AEAD_TAG_LEN);
}

/* In time that does not tell how many bytes are right. */
static bool
tag_is_equal(const uint8_t *a, const uint8_t *b)
{
	volatile uint8_t difference = 0;
	size_t i;

	for (i = 0; i < TLS_AEAD_TAG_LEN; i++)
		difference = (uint8_t)(difference | (a[i] ^ b[i]));
	return difference == 0;
}

static void
chacha_open(struct tls_aead *aead, const uint8_t *nonce,
    struct bytes associated, const uint8_t *text, size_t len, uint8_t *out,
    uint8_t *tag)
{
	const uint8_t *key = aead->of.chacha.key;
	struct chacha20_poly1305_context_data *context = &aead->of.chacha
							      .context;

	functions.chacha_init(key, context, nonce, associated.data,
	    associated.len);
	functions.chacha_decrypt(key, context, out, text, len);
	functions.chacha_finalize(context, tag, TLS_AEAD_TAG_LEN);
}

static bool
aead_open(struct tls_aead *aead, const uint8_t *nonce, struct bytes associated,
    const uint8_t *text, size_t len, uint8_t *out)
{
	uint8_t tag[TLS_AEAD_TAG_LEN];

	if (aead->gcm == NULL)
		chacha_open(aead, nonce, associated, text, len, out, tag);
	else
		aead->gcm->decrypt(&aead->of.gcm.key, &aead->of.gcm.context,
		    out, text, len, nonce, associated.data, associated.len, tag,
		    TLS_AEAD_TAG_LEN);
	if (tag_is_equal(tag, text + len))
		return true;
	/* Nobody may use what is not authentic, nor learn the right tag. */
	memory_wipe(out, len);
	memory_wipe(tag, sizeof(tag));
	return false;
}

const struct tls_aead_backend tls_aead_ipsec_mb = {
	.name = "ipsec-mb",
	.start = start,
	.new = new,
	.free = aead_free,
	.seal = seal,
	.open = aead_open,
};
