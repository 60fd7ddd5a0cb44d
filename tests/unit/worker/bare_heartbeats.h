/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heartbeats of a worker that has nothing else: for the unit tests and the
 * fuzzer of the datagrams.
 */
#ifndef SIGNET_TESTS_UNIT_WORKER_BARE_HEARTBEATS_H
#define SIGNET_TESTS_UNIT_WORKER_BARE_HEARTBEATS_H

#include "worker/heartbeat.h"

#define BARE_HEARTBEATS 2

/* The number of the key of now; the one before it is good, too. */
#define BARE_KEY_NUMBER 7

struct bare_heartbeats {
	struct worker worker;
	struct proc_child child;
	struct heartbeats heartbeats;
	struct connection connections[BARE_HEARTBEATS];
	struct heartbeat each[BARE_HEARTBEATS];
};

/* False if this machine cannot run the back end. */
bool bare_heartbeats_init(struct bare_heartbeats *bare,
    const struct beat_key_backend *backend);
void bare_heartbeats_done(struct bare_heartbeats *bare);

/* The secret of a heartbeat's key: of now, or of before. */
void bare_heartbeats_secret(unsigned int which, bool is_old,
    uint8_t secret[BEAT_KEY_LEN]);

/* A question of it with its tag, which no back end has made. */
void bare_heartbeats_ask(unsigned int which, bool is_old, uint64_t sequence,
    uint8_t out[BEAT_DATAGRAM_LEN]);

/* Is this the tag of a datagram under that key? */
bool bare_heartbeats_is_tagged(unsigned int which, bool is_old,
    const uint8_t datagram[BEAT_DATAGRAM_LEN]);

#endif
