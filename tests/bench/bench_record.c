/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench_record
 *
 * Print the nanoseconds of processor time that protecting and deprotecting a
 * record of application data takes, for each suite, back end and size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/memory.h"
#include "tls/record.h"

/* Of each round; the best of ROUNDS counts. */
#define ROUND_NS 20000000
#define ROUNDS   5

static const unsigned int suites[] = { TLS_AES_128_GCM_SHA256,
	TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256,
	TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 };
static const size_t sizes[] = { 64, 1024, 16384 };

static uint8_t plaintext[TLS_PLAINTEXT_MAX];
static uint8_t sealed[TLS_PLAINTEXT_MAX + TLS_PROTECT_OVERHEAD];
static uint8_t wire[sizeof(sealed)];

static double
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void
protect(struct tls_records *records, size_t size, size_t *len)
{
	if (tls_record_protect(records, bytes_of(plaintext, size), sealed,
		len) != 0)
		abort();
}

/* The same record again and again: the number is put back each time. */
static void
deprotect(struct tls_records *records, size_t size, size_t *len)
{
	struct tls_record record;

	(void)size;
	memcpy(wire, sealed, *len);
	records->state.receive.sequence_number = 7;
	if (tls_record_deprotect(records, wire, *len, &record) != 0)
		abort();
}

static double
best_ns(struct tls_records *records, size_t size, size_t *len,
    void (*act)(struct tls_records *, size_t, size_t *))
{
	double best = 0, start, spent;
	int round, i, count;

	for (round = 0; round < ROUNDS; round++) {
		start = now_ns();
		for (count = 0, spent = 0; spent < ROUND_NS; count += 100) {
			for (i = 0; i < 100; i++)
				act(records, size, len);
			spent = now_ns() - start;
		}
		if (round == 0 || spent / count < best)
			best = spent / count;
	}
	return best;
}

static void
suite_measure(const struct tls_suite *suite)
{
	struct tls_state state = {
		.version = suite->version,
		.cipher_suite = suite->cipher_suite,
		.send_max = TLS_PLAINTEXT_MAX,
		.receive_max = TLS_PLAINTEXT_MAX,
	};
	struct tls_records records;
	size_t i, len = 0;

	printf("%-9s %-44s", tls_aead_name(), suite->name);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		double seal_ns, open_ns;

		if (tls_records_init(&records, &state) != 0)
			abort();
		seal_ns = best_ns(&records, sizes[i], &len, protect);
		records.state.send.sequence_number = 7;
		protect(&records, sizes[i], &len);
		open_ns = best_ns(&records, sizes[i], &len, deprotect);
		printf(" %8.0f /%7.0f", seal_ns, open_ns);
		tls_records_done(&records);
	}
	printf("\n");
}

int
main(void)
{
	const struct tls_aead_backend *backends[] = {
#ifdef HAVE_IPSEC_MB
		&tls_aead_ipsec_mb,
#endif
		&tls_aead_mbedtls,
	};
	size_t i, j;

	printf("ns per record, protect / deprotect, of 64, 1024 and 16384 "
	       "bytes\n");
	for (i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		if (!tls_aead_start_with(backends[i]))
			continue;
		for (j = 0; j < sizeof(suites) / sizeof(suites[0]); j++)
			suite_measure(tls_suite_find(suites[j]));
	}
	return EXIT_SUCCESS;
}
