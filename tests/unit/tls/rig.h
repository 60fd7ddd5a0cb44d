/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection for tests: the server's records, which are tested, and a
 * client's, which can send whatever a test wants, authentically.
 */
#ifndef SIGNET_TEST_RIG_H
#define SIGNET_TEST_RIG_H

#include <check.h>

#include "tls/record.h"

/* Each back end that this machine can run, with each suite. */
struct rig_case {
	const struct tls_aead_backend *backend;
	unsigned int cipher_suite;
};
#define RIG_BACKENDS_MAX   2
#define RIG_CASES_1_3      (3 * RIG_BACKENDS_MAX)
#define RIG_CASES_1_2      (6 * RIG_BACKENDS_MAX)
#define RIG_CASES          (RIG_CASES_1_3 + RIG_CASES_1_2)
#define RIG_CASE_FIRST_1_2 RIG_CASES_1_3

/* 0..RIG_CASES-1, those of TLS 1.3 first. */
struct rig_case rig_case_get(int number);

/* The back ends; NULL behind the last one that this machine can run. */
const struct tls_aead_backend *rig_backend(int number);

struct rig {
	struct tls_records server;
	struct tls_records client;
	uint8_t wire[3 * TLS_RECORD_MAX]; /* from client to server */
	size_t wire_start;                /* of what the server has not taken */
	size_t wire_len;                  /* of all that the client sent */
	struct tls_record record;         /* the last one that was taken */
};

/*
 * New keys, known to both. Where the case's back end cannot run, mbedTLS does
 * its work.
 */
struct rig *rig_new(int case_number);
void rig_free(struct rig *rig);

/* Put a record of the client on the wire, even a closed client's. */
void rig_send(struct rig *rig, uint8_t content_type, const void *content,
    size_t len);

/* TLS 1.3: with this whole inner plaintext, type and padding included. */
void rig_send_inner(struct rig *rig, const void *inner, size_t len);

/* Let the server take a record; with status 0 the next one is at its turn. */
int rig_take(struct rig *rig);

/* Let it take all there are: the first status that is not 0, or 0. */
int rig_take_all(struct rig *rig);

/* One record of the client, and what the server says to it. */
int rig_exchange(struct rig *rig, uint8_t content_type, const void *content,
    size_t len);

/* Data goes from client to server and back, intact. */
void rig_assert_alive(struct rig *rig);

/* The client takes exactly one record from these bytes. */
int rig_client_take(struct rig *rig, uint8_t *wire, size_t len,
    struct tls_record *record);

/*
 * The byte to try after this one; 256 ends it. All of them, or, where each
 * instruction takes many (see tests/lib/step), those that the standards name
 * for handshake messages and some of the others.
 */
int rig_next_byte(int byte);

/* Add a test that runs for all cases, or for those of one version. */
#define rig_add(tcase, test) tcase_add_loop_test(tcase, test, 0, RIG_CASES)
#define rig_add_1_3(tcase, test)                                               \
	tcase_add_loop_test(tcase, test, 0, RIG_CASES_1_3)
#define rig_add_1_2(tcase, test)                                               \
	tcase_add_loop_test(tcase, test, RIG_CASE_FIRST_1_2, RIG_CASES)

#endif
