/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/review.h"

#include "config/change.h"
#include "worker/connection.h"
#include "worker/permission.h"
#include "worker/session.h"
#include "worker/worker.h"

/* A subscription costs less than a microsecond for each rule of its roles. */
#define SUBSCRIPTIONS_A_TURN 500

bool
review_begin(struct worker *worker, const struct config *before)
{
	struct review *review = &worker->review;
	bool is_identity_same = config_is_same(before, worker->config,
	    "identity");

	if (is_identity_same && !review->is_going_on &&
	    config_is_same(before, worker->config, "roles"))
		return true;
	rights_table_free(&worker->rights);
	worker->rights = rights_table_new(worker->config);
	/* Who a client is may be something else by the new setting. */
	review->is_ending_all = !is_identity_same ||
				(review->is_going_on && review->is_ending_all);
	review->is_going_on = true;
	review->next = TAILQ_FIRST(&worker->connections);
	return false;
}

/* Returns what it has cost. */
static size_t
review_connection(struct review *review, struct connection *connection)
{
	struct session *session = connection->session;
	size_t count;

	if (connection->state != CONNECTION_OPEN)
		return 1;
	count = 1 + session->subscription_count;
	if (review->is_ending_all)
		connection_disconnect(connection, MQTT_REASON_NOT_AUTHORIZED,
		    "identity-setting-changed");
	else if (!permission_renew(connection))
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
		count += review_connection(review, connection);
	}
	if (review->next != NULL)
		return true;
	review->is_going_on = false;
	review->is_ending_all = false;
	proc_child_committed(worker->child);
	return false;
}

void
review_forget(struct worker *worker, const struct connection *connection)
{
	if (worker->review.next == connection)
		worker->review.next = TAILQ_NEXT(connection, in_all);
}
