/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes that gather in a worker's transaction until rig_send().
 */
#ifndef SIGNET_TEST_CHANGES_H
#define SIGNET_TEST_CHANGES_H

#include "rig.h"

void put_session(struct rig_worker *worker, uint64_t session, struct bytes key);
void remove_session(struct rig_worker *worker, uint64_t session);
void put_subscription(struct rig_worker *worker, uint64_t session,
    struct bytes filter);
void put_received(struct rig_worker *worker, uint64_t session,
    uint16_t packet_id);
/* message: none, or of one that is put besides. */
void put_entry(struct rig_worker *worker, uint64_t session, uint64_t sequence,
    uint64_t message, int64_t expires_at);
void remove_entry(struct rig_worker *worker, uint64_t session,
    uint64_t sequence, uint64_t message);
void put_message(struct rig_worker *worker, uint64_t message,
    uint32_t references);

#endif
