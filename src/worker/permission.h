/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the client of a connection may do. What it may not is counted, and
 * logged once a minute for each identity and rule.
 */
#ifndef SIGNET_WORKER_PERMISSION_H
#define SIGNET_WORKER_PERMISSION_H

#include "worker/connection.h"

/*
 * Find the rights of the certificate behind a connection, by the roles that
 * the worker has now: when CONNECT has come, and when the roles change.
 */
void permission_load(struct connection *connection);
void permission_unload(struct connection *connection);

/*
 * May it connect under this client identifier? SUCCESS, NOT_AUTHORIZED if it
 * has no role at all, else CLIENT_IDENTIFIER_NOT_VALID.
 */
enum mqtt_reason permission_connect(struct connection *connection,
    struct bytes identity, struct bytes client_id);

/* May it have this will? */
bool permission_will(struct connection *connection, struct bytes identity,
    struct bytes client_id, struct bytes topic_name, bool is_retained);

/* The same for what it asks for with its session. topic_filter: as in the
 * packet. */
bool permission_publish(struct connection *connection, struct bytes topic_name,
    bool is_retained);
bool permission_subscribe(struct connection *connection,
    struct bytes topic_filter);

/*
 * The session is an older one than the rights are: take from it the
 * subscriptions that are not granted any more, as if the client had
 * unsubscribed. Returns how many.
 */
size_t permission_withdraw(struct connection *connection);

/*
 * The roles have changed: load the rights anew, and withdraw all that they do
 * not grant any more, a will too.
 *
 * connection: OPEN.
 * Returns false if that was anything, or the client may not even connect under
 * its client identifier: then the connection is to be ended with
 * NOT_AUTHORIZED, so that the client hears of it.
 */
bool permission_renew(struct connection *connection);

#endif
