/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topics below $SYS/broker: what is counted, as retained messages, under
 * the names and in the form that monitoring tools know from mosquitto.
 *
 * Every interval each worker reports its counters to all others; a second
 * later the one that has been there longest publishes what has changed.
 */
#ifndef SIGNET_WORKER_SYS_H
#define SIGNET_WORKER_SYS_H

#include "worker/worker.h"

struct sys;

/* Returned, free with sys_free(). */
struct sys *sys_new(const struct worker *worker);
void sys_free(struct sys **sys);

/* At each tick: report or publish if it is time. */
void sys_tick(struct worker *worker);

/* Another worker is there, or gone. */
void sys_peer_up(struct worker *worker, struct proc_peer *peer);
void sys_peer_down(struct worker *worker, struct proc_peer *peer);

/* It takes retained messages from now on. It keeps a part of the topics, and
 * may have none of them yet: all are published again. */
void sys_peer_known(struct worker *worker);

/* Handler of STATISTICS; 0 or -EBADMSG. */
int on_statistics(struct worker *worker, struct proc_peer *peer,
    struct bytes payload);

#endif
