/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeps messages under numbers, as a store would: a list in memory.
 */
#ifndef SIGNET_TESTS_UNIT_WORKER_BOOK_H
#define SIGNET_TESTS_UNIT_WORKER_BOOK_H

#include "worker/message.h"

struct book {
	struct message **messages; /* [0] is number 1 */
	size_t count;
};

/* A record_number_of: a message that is new is written down. */
uint64_t book_number_of(void *context, struct message *message);

/* A record_find. */
struct message *book_find(void *context, uint64_t number);

void book_done(struct book *book);

#endif
