/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/review.h"

#include "config/change.h"
#include "worker/connection.h"
#include "worker/handle_connect.h"
#include "worker/permission.h"
#include "worker/session.h"
#include "worker/worker.h"

/* A subscription costs less than a microsecond for each rule of its roles. */
#define SUBSCRIPTIONS_A_TURN 500

bool
review_begin(struct worker *worker, const struct config *before)
{
	struct review *review = &worker->review;

	if (before->identity == worker->config->identity &&
	    !review->is_going_on &&
	    config_is_same(before, worker->config, "roles"))
		return true;
	rights_table_free(&worker->rights);
	worker->rights = rights_table_new(worker->config);
	review->is_going_on = true;
	review->next = TAILQ_FIRST(&worker->connections);
	return false;
}

/*
 * Who a client is may be something else by the setting of now: also of one that
 * has said nothing yet, or that is about to move.
 */
static void
end_unknown(struct connection *connection)
{
	if (connection->state == CONNECTION_MOVING)
		connect_refuse(connection, MQTT_REASON_NOT_AUTHORIZED,
		    "identity-setting-changed");
	else
		connection_disconnect(connection, MQTT_REASON_NOT_AUTHORIZED,
		    "identity-setting-changed");
}

/* Returns what it has cost. */
static size_t
review_connection(struct connection *connection)
{
	const struct session *session = connection->session;
	size_t count;

	if (connection->state >= CONNECTION_CLOSING)
		return 1;
	count = 1 + (session != NULL ? session->subscription_count : 0);
	if (connection->identity_kind !=
	    (uint8_t)connection->worker->config->identity)
		end_unknown(connection);
	else if (connection->state == CONNECTION_OPEN &&
		 !permission_renew(connection))
		connection_disconnect(connection, MQTT_REASON_NOT_AUTHORIZED,
		    "rights-withdrawn");
	return count;
}

bool
review_turn(struct worker *worker)
{
	struct review *review = &worker->review;
	size_t count = 0;

	if (!review->is_going_on)
		return false;
	while (review->next != NULL && count < SUBSCRIPTIONS_A_TURN) {
		struct connection *connection = review->next;

		review->next = TAILQ_NEXT(connection, in_all);
		count += review_connection(connection);
	}
	if (review->next != NULL)
		return true;
	review->is_going_on = false;
	proc_child_committed(worker->child);
	return false;
}

void
review_forget(struct worker *worker, const struct connection *connection)
{
	if (worker->review.next == connection)
		worker->review.next = TAILQ_NEXT(connection, in_all);
}
