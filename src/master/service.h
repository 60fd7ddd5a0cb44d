/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service manager (systemd) is told: sd_notify(3)'s protocol, which
 * is one datagram of lines to the socket in NOTIFY_SOCKET. Without one, all of
 * this does nothing, but for the processes that hang.
 */
#ifndef SIGNET_MASTER_SERVICE_H
#define SIGNET_MASTER_SERVICE_H

#include "lib/bytes.h"

struct master;

#define SERVICE_STATUS_MAX 512

struct service {
	int fd;               /* -1: nobody wants to be told */
	uint64_t watchdog_ms; /* within which it wants to hear; 0: no */
	uint64_t fed_ms;      /* CLOCK_MONOTONIC: when it did last */
	bool is_last_reload_refused;
	char why[192]; /* that was so */
	char status[SERVICE_STATUS_MAX];
};

/* Take what the environment says, and out of it: for no other process. */
void service_open(struct service *service);
void service_close(struct service *service);

/* Clients can connect; a new state is looked at; that is over; we end. */
void service_ready(struct service *service);
void service_reloading(struct service *service);
void service_reloaded(struct service *service, bool is_good, struct bytes text);
void service_stopping(struct service *service);

/*
 * Each second: end processes that do not answer for processes.hang_seconds,
 * tell what has changed, and, as long as all answer, that we are alive.
 */
void service_tick(struct master *master, uint64_t now_ms);

#endif
