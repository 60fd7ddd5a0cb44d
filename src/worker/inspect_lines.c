/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/inspect_lines.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "lib/fields.h"
#include "rights/rights.h"
#include "worker/connection.h"
#include "worker/heartbeat.h"
#include "worker/session_queue.h"
#include "worker/share.h"

static void
print_address(const struct sockaddr_storage *storage, char *text, size_t size,
    uint16_t *port)
{
	const struct sockaddr_in *in = (const void *)storage;
	const struct sockaddr_in6 *in6 = (const void *)storage;

	if (storage->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, text, (socklen_t)size);
		*port = ntohs(in6->sin6_port);
	} else {
		inet_ntop(AF_INET, &in->sin_addr, text, (socklen_t)size);
		*port = ntohs(in->sin_port);
	}
}

void
inspect_address(const struct session *session,
    char address[INSPECT_ADDRESS_MAX])
{
	struct tls_peer peer;
	uint16_t port;

	address[0] = '\0';
	if (session->connection == NULL)
		return;
	connection_peer(session->connection, &peer);
	print_address(&peer.address, address, INSPECT_ADDRESS_MAX, &port);
}

static const char *
protocol_of(const struct connection *connection)
{
	bool is_websocket = connection->websocket != NULL;

	if (connection->version == MQTT_VERSION_5)
		return is_websocket ? "mqtt-5.0-websocket" : "mqtt-5.0";
	return is_websocket ? "mqtt-3.1.1-websocket" : "mqtt-3.1.1";
}

static void
print_roles(const struct rights *rights, struct buffer *out)
{
	struct buffer names = { NULL, 0, 0 };
	const char *name;

	for (size_t i = 0;
	     rights != NULL && (name = rights_role_name(rights, i)) != NULL;
	     i++) {
		if (i > 0)
			buffer_append(&names, BYTES_LITERAL(","));
		buffer_append(&names, bytes_of_string(name));
	}
	fields_text(out, "roles", buffer_view(&names));
	buffer_done(&names);
}

static void
print_connection(const struct connection *connection, struct buffer *out)
{
	char address[INSPECT_ADDRESS_MAX];
	struct tls_peer peer;
	uint16_t port;

	connection_peer(connection, &peer);
	print_address(&peer.address, address, sizeof(address), &port);
	fields_word(out, "peer", address);
	fields_number(out, "port", port);
	fields_word(out, "protocol", protocol_of(connection));
	fields_word(out, "tls",
	    tls_version_name(connection->records.state.version));
	fields_word(out, "cipher",
	    tls_cipher_suite_name(connection->records.state.cipher_suite));
	fields_hex(out, "fingerprint",
	    bytes_of(peer.fingerprint, sizeof(peer.fingerprint)));
	fields_number(out, "not_after", connection->not_after);
	fields_number(out, "connected_at", peer.authenticated_at);
	fields_number(out, "keep_alive", connection->keep_alive_seconds);
	if (connection->heartbeat != NULL && connection->heartbeat->is_on) {
		fields_number(out, "heartbeat_ms",
		    connection->heartbeat->interval_ms);
		fields_number(out, "heartbeat_misses",
		    connection->heartbeat->misses);
	}
	fields_number(out, "idle_ms",
	    (int64_t)(worker_now_ms(connection->worker) -
		      connection->received_ms));
	fields_number(out, "messages_received",
	    (int64_t)connection->messages_received);
	fields_number(out, "messages_sent", (int64_t)connection->messages_sent);
	fields_number(out, "unsent_bytes", (int64_t)connection->unsent.len);
	print_roles(connection->rights, out);
}

/* Until it expires; nothing if it does not. */
static void
print_offline(const struct session *session, struct buffer *out)
{
	uint64_t now_ms = worker_now_ms(session->worker);

	if (session->expires_at_ms == UINT64_MAX)
		return;
	fields_number(out, "expires_in",
	    session->expires_at_ms > now_ms
		? (int64_t)((session->expires_at_ms - now_ms) / 1000)
		: 0);
}

void
inspect_session(const struct session *session, struct buffer *out)
{
	const struct connection *connection = session->connection;

	fields_begin(out, "session");
	fields_text(out, "identity", session_identity(session));
	fields_text(out, "client_id", session_client_id(session));
	fields_word(out, "state", connection != NULL ? "connected" : "offline");
	fields_number(out, "worker", session->worker->child->index);
	if (session->id != 0)
		fields_id(out, "id", session->id);
	fields_number(out, "subscription_count", session->subscription_count);
	fields_number(out, "queued", (int64_t)session_waiting(session));
	fields_number(out, "queued_bytes",
	    (int64_t)(session->queue != NULL
			  ? session_queue_waiting_bytes(session->queue)
			  : pending_queue_bytes(&session->state.queued)));
	fields_number(out, "inflight",
	    pending_queue_count(&session->state.inflight));
	fields_number(out, "received_unreleased",
	    session->state.received_count);
	fields_number(out, "dropped", (int64_t)session->dropped);
	fields_number(out, "expiry", session->state.expiry_seconds);
	fields_word(out, "durable",
	    session->number != IPC_STORE_NONE ? "true" : "false");
	if (connection != NULL)
		print_connection(connection, out);
	else
		print_offline(session, out);
	fields_end(out);
}

static void
print_subscription(const struct subscription *subscription, struct buffer *out)
{
	struct buffer filter = { NULL, 0, 0 };

	if (subscription->is_shared)
		share_filter(subscription->share, &filter);
	else
		topic_node_filter(subscription->node, &filter);
	fields_begin(out, "subscription");
	fields_text(out, "filter", buffer_view(&filter));
	fields_number(out, "qos", subscription->qos);
	fields_word(out, "no_local", subscription->no_local ? "true" : "false");
	fields_word(out, "retain_as_published",
	    subscription->retain_as_published ? "true" : "false");
	if (subscription->identifier != 0)
		fields_number(out, "identifier", subscription->identifier);
	fields_end(out);
	buffer_done(&filter);
}

size_t
inspect_subscriptions(const struct session *session, size_t skip,
    size_t page_bytes, struct buffer *out)
{
	const struct subscription *subscription;
	size_t position = 0, count = 0;

	LIST_FOREACH(subscription, &session->subscriptions, of_session)
	{
		if (position++ < skip)
			continue;
		if (out->len >= page_bytes)
			break;
		print_subscription(subscription, out);
		count++;
	}
	return count;
}
