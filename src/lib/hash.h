/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 (Aumasson, Bernstein 2012): a hash that peers who choose the
 * keys of a table cannot make collide without its secret.
 */
#ifndef SIGNET_LIB_HASH_H
#define SIGNET_LIB_HASH_H

#include "lib/bytes.h"

#define HASH_KEY_LEN 16

struct hash_key {
	uint8_t bytes[HASH_KEY_LEN];
};

/* Draw the key of this process's tables; once, before the first table. */
void hash_start(void);

/* A key drawn from the kernel (fatal if there is none). */
void hash_key_init(struct hash_key *key);

uint64_t hash_keyed(const struct hash_key *key, struct bytes view);

/*
 * At which of count places what has this name is at home: the same in each
 * process that has the key.
 */
unsigned int hash_home(const uint8_t key[HASH_KEY_LEN], struct bytes name,
    unsigned int count);

/* Under this process's own key: for its tables only. */
uint64_t hash_of(struct bytes view);

#endif
