/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may begin a handshake: by how many connections there are, in all and of
 * the same source, and how fast they come.
 *
 * Each process says what it has: workers their connections, gates their
 * handshakes. So each gate knows of all, but for what is on its way between
 * processes, and decides alone. There is no clock here.
 */
#ifndef SIGNET_GATE_ADMISSION_H
#define SIGNET_GATE_ADMISSION_H

#include <sys/queue.h>
#include <sys/socket.h>

#include "config/config.h"
#include "gate/sources.h"
#include "gate/tally.h"
#include "ipc/message.h"
#include "lib/address.h"

enum admission {
	ADMISSION_GRANTED,
	ADMISSION_CONNECTIONS,
	ADMISSION_CONNECTIONS_PER_SOURCE,
	ADMISSION_HANDSHAKES_PER_SOURCE,
	ADMISSION_HANDSHAKES_PER_SECOND_PER_SOURCE,
	ADMISSION_DISPLACED, /* let in, but closed for another one */
	ADMISSION_COUNT
};

/* Another process, and what it has. */
struct admission_peer {
	LIST_ENTRY(admission_peer) link;
	bool is_gate; /* handshakes under way; else connections */
	struct tally tally;
};

struct admission_limits {
	uint32_t connections;
	uint32_t connections_per_source;
	uint32_t handshakes_per_source;
	uint32_t handshakes_per_second;
	uint32_t handshakes_per_second_per_source;
};

struct admissions {
	struct admission_limits limits;
	size_t exempt_count;
	struct address_prefix *exempt;
	struct tally own; /* handshakes under way here */
	LIST_HEAD(, admission_peer) peers;
	struct sources *sources;
	uint64_t spent_ns; /* of limits.handshakes_per_second */
};

/* config: borrowed. */
void admissions_init(struct admissions *admissions,
    const struct config *config);
void admissions_done(struct admissions *admissions);

/* Hold to these limits from now on. */
void admissions_renew(struct admissions *admissions,
    const struct config *config);

/* The word of a verdict: the name of the setting without its group. */
const char *admission_word(enum admission verdict);

/* What it is now; 0 for what no setting bounds. */
uint32_t admission_limit(const struct admissions *admissions,
    enum admission verdict);

/* Do the limits of a source not hold for this address? */
bool admission_is_exempt(const struct admissions *admissions,
    const struct sockaddr *address);

/*
 * Would a few more reach a limit? Then it matters what others have said that
 * was not heard yet.
 */
bool admission_is_close(const struct admissions *admissions,
    const struct sockaddr *address);

/* May this one begin? now_ms: 1.., of CLOCK_MONOTONIC. */
enum admission admission_decide(struct admissions *admissions,
    const struct sockaddr *address, uint64_t now_ms);

/* How long until limits.handshakes_per_second allows one, rounded up. */
uint64_t admission_wait_ms(const struct admissions *admissions,
    uint64_t now_ms);

/* One has begun here, or has ended. */
void admission_begin(struct admissions *admissions, uint64_t source,
    uint64_t now_ms);
void admission_end(struct admissions *admissions, uint64_t source);

/*
 * How much more than others this one would have to give way: the number of
 * handshakes that are under way from its source. 1 if it is exempt.
 */
uint32_t admission_weight(const struct admissions *admissions,
    const struct sockaddr *address);

/* A process that says what it has is there: returned, free with
 * admission_peer_free(). */
struct admission_peer *admission_peer_new(struct admissions *admissions,
    bool is_gate);
void admission_peer_free(struct admission_peer **peer);

/* It has said so. 0; -EBADMSG if that cannot be. */
int admission_peer_report(struct admissions *admissions,
    struct admission_peer *peer, const struct ipc_source *report,
    uint64_t now_ms);

#endif
