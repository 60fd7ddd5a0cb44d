/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/permission.h"

#include "mqtt/topic.h"
#include "worker/denial.h"
#include "worker/session.h"
#include "worker/throttle.h"

void
permission_load(struct connection *connection)
{
	struct rights_certificate certificate;
	struct tls_peer peer;

	permission_unload(connection);
	connection_peer(connection, &peer);
	certificate = (struct rights_certificate){
		.identity = peer.identity,
		.fingerprint = peer.fingerprint,
		.fields = peer.fields,
	};
	connection->rights = rights_ref(connection->worker->rights,
	    &certificate);
}

void
permission_unload(struct connection *connection)
{
	rights_unref(&connection->rights);
}

static bool
check(struct connection *connection, const struct rights_request *request,
    struct rights_verdict *verdict)
{
	struct worker *worker = connection->worker;

	/* Nobody is judged by roles of the past: see review.h. */
	if (!rights_are_of(connection->rights, worker->rights))
		permission_load(connection);
	/* And no identity of the past by roles of now. */
	if (connection->identity_kind != (uint8_t)worker->config->identity)
		*verdict = (struct rights_verdict){ .reason = RIGHTS_NO_ROLE };
	else if (rights_check(connection->rights, request, verdict))
		return true;
	worker->child->counted[IPC_STATISTIC_DENIED]++;
	denial_report(connection, request, verdict);
	return false;
}

enum mqtt_reason
permission_connect(struct connection *connection, struct bytes identity,
    struct bytes client_id)
{
	const struct rights_request request = {
		.action = RIGHTS_CONNECT,
		.identity = identity,
		.client_id = client_id,
	};
	struct rights_verdict verdict;

	if (check(connection, &request, &verdict))
		return MQTT_REASON_SUCCESS;
	/* MQTT 5.0, 3.2.2.2: valid, but not allowed by the server. */
	return verdict.reason == RIGHTS_NO_ROLE
		   ? MQTT_REASON_NOT_AUTHORIZED
		   : MQTT_REASON_CLIENT_IDENTIFIER_NOT_VALID;
}

bool
permission_will(struct connection *connection, struct bytes identity,
    struct bytes client_id, struct bytes topic_name, bool is_retained)
{
	const struct rights_request request = {
		.action = is_retained ? RIGHTS_RETAINED_WILL : RIGHTS_WILL,
		.identity = identity,
		.client_id = client_id,
		.topic = topic_name,
	};
	struct rights_verdict verdict;

	return check(connection, &request, &verdict);
}

/* What the client of a session asks for. */
static struct rights_request
request_of(const struct session *session, enum rights_action action,
    struct bytes topic)
{
	return (struct rights_request){
		.action = action,
		.identity = session_identity(session),
		.client_id = session_client_id(session),
		.topic = topic,
	};
}

bool
permission_publish(struct connection *connection, struct bytes topic_name,
    bool is_retained)
{
	const struct rights_request request = request_of(connection->session,
	    is_retained ? RIGHTS_RETAIN : RIGHTS_PUBLISH, topic_name);
	struct rights_verdict verdict;

	return check(connection, &request, &verdict);
}

bool
permission_subscribe(struct connection *connection, struct bytes topic_filter)
{
	struct rights_request request = request_of(connection->session,
	    RIGHTS_SUBSCRIBE, topic_filter);
	struct rights_verdict verdict;
	struct bytes group;

	/* Rights are to the topics, whoever the group is. */
	mqtt_topic_filter_is_shared(topic_filter, &group, &request.topic);
	return check(connection, &request, &verdict);
}

static void
subscription_filter(const struct subscription *subscription,
    struct buffer *filter)
{
	filter->len = 0;
	if (subscription->is_shared)
		share_filter(subscription->share, filter);
	else
		topic_node_filter(subscription->node, filter);
}

size_t
permission_withdraw(struct connection *connection)
{
	struct session *session = connection->session;
	struct subscription *subscription, *next;
	struct buffer filter = { .data = NULL };
	size_t count = 0;

	for (subscription = LIST_FIRST(&session->subscriptions);
	     subscription != NULL; subscription = next) {
		next = LIST_NEXT(subscription, of_session);
		subscription_filter(subscription, &filter);
		if (permission_subscribe(connection, buffer_view(&filter)))
			continue;
		session_unsubscribe(session, buffer_view(&filter));
		count++;
	}
	buffer_done(&filter);
	if (count > 0)
		log_warning(log_id("session", connection->id),
		    log_word("event", "subscriptions-withdrawn"),
		    log_text("identity", session_identity(session)),
		    log_text("client_id", session_client_id(session)),
		    log_number("count", (int64_t)count));
	return count;
}

/* Is there no will, or one that is granted? */
static bool
will_is_granted(struct connection *connection)
{
	const struct session *session = connection->session;
	const struct ipc_publish *parts;

	if (session->state.will == NULL)
		return true;
	parts = message_parts(session->state.will->message);
	return permission_will(connection, session_identity(session),
	    session_client_id(session), parts->topic_name, parts->retain);
}

bool
permission_renew(struct connection *connection)
{
	struct session *session = connection->session;
	bool is_granted;

	permission_load(connection);
	throttle_renew(connection);
	is_granted = permission_connect(connection, session_identity(session),
			 session_client_id(session)) == MQTT_REASON_SUCCESS;
	if (!will_is_granted(connection)) {
		session_will_free(&session->state.will);
		session_keep(session);
		is_granted = false;
	}
	return permission_withdraw(connection) == 0 && is_granted;
}
