/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topics below $SYS/broker: what is counted, as retained messages, under
 * the names and in the form that monitoring tools know from mosquitto.
 *
 * The master adds up what all processes have counted, and every interval tells
 * one worker, which publishes what has changed.
 */
#ifndef SIGNET_WORKER_SYS_H
#define SIGNET_WORKER_SYS_H

#include "worker/worker.h"

struct sys;

/* Returned, free with sys_free(). */
struct sys *sys_new(void);
void sys_free(struct sys **sys);

/* At each tick: publish if there is something new. */
void sys_tick(struct worker *worker);

/* Another worker takes retained messages from now on. It keeps a part of the
 * topics, and may have none of them yet: all are published again. */
void sys_peer_known(struct worker *worker);

/* Handler of STATISTICS_SUM; 0 or -EBADMSG. */
int on_statistics_sum(struct worker *worker, struct bytes payload);

#endif
