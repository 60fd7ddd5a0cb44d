/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message that several rows refer to is kept once, with the number of its
 * references. They are added and given back without reading what is there, by
 * operands that the database merges; what nothing refers to any more loses
 * its body in a merge, and goes with the next compaction.
 *
 * An operand and the merged value look alike: see docs/store.md.
 */
#ifndef SIGNET_STORE_REFERENCE_H
#define SIGNET_STORE_REFERENCE_H

#include "store/rocksdb.h"

#include "lib/buffer.h"
#include "lib/bytes.h"

struct reference {
	int64_t count; /* of an operand: added, or, below 0, given back */
	bool has_body;
	int64_t expires_at; /* with a body: IPC_STORE_NEVER or in seconds */
	struct bytes body;
};

/* Append the operand or value. */
void reference_encode(const struct reference *reference, struct buffer *out);

/* reference: with a view into value. 0 or -EBADMSG. */
int reference_decode(struct bytes value, struct reference *reference);

/* The sum of two that follow each other; views into either. */
struct reference reference_merge(const struct reference *a,
    const struct reference *b);

/* Does nothing refer to it any more, or has it expired? now: in seconds. */
bool reference_is_over(const struct reference *reference, int64_t now);

/* For the family of messages; the database frees the first. */
rocksdb_mergeoperator_t *reference_merge_operator(void);
/* Returned, free with rocksdb.compactionfilter_destroy() after the database. */
rocksdb_compactionfilter_t *reference_compaction_filter(void);

#endif
