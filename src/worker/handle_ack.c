/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUBACK, PUBREC, PUBREL and PUBCOMP (3.4 to 3.7). An identifier that nothing
 * is known of is no fault: the answer says so, and the exchange ends.
 */
#include "worker/handler.h"
#include "worker/reason_string.h"
#include "worker/router_forward.h"
#include "worker/session.h"

/* Reason Codes from here on say that something failed (2.4). */
#define FAILURE 0x80

/* An acknowledgement with a reason and an empty block of properties. */
#define ACK_LEN_MAX 8

static int
decode_ack(const struct connection *connection, const struct mqtt_frame *frame,
    struct mqtt_ack *ack)
{
	return mqtt_ack_decode((enum mqtt_version)connection->version, frame,
	    ack);
}

void
send_ack(struct connection *connection, enum mqtt_packet_type type,
    uint16_t packet_id, enum mqtt_reason reason)
{
	uint8_t packet[ACK_LEN_MAX + REASON_STRING_MAX];
	struct mqtt_writer writer = { packet, sizeof(packet), 0 };
	struct mqtt_ack ack = {
		.packet_id = packet_id,
		.reason = (uint8_t)reason,
	};

	if (reason >= FAILURE)
		reason_string_add(connection, reason, ACK_LEN_MAX,
		    &ack.properties);
	send_encoded(connection,
	    mqtt_ack_encode((enum mqtt_version)connection->version, type, &ack,
		&writer),
	    &writer);
}

int
handle_puback(struct connection *connection, const struct mqtt_frame *frame)
{
	struct mqtt_ack ack;
	int error = decode_ack(connection, frame, &ack);

	if (error != 0)
		return error;
	session_on_puback(connection->session, ack.packet_id);
	return 0;
}

int
handle_pubrec(struct connection *connection, const struct mqtt_frame *frame)
{
	enum session_pubrec state;
	struct mqtt_ack ack;
	bool is_refused;
	int error = decode_ack(connection, frame, &ack);

	if (error != 0)
		return error;
	is_refused = ack.reason >= FAILURE;
	state = session_on_pubrec(connection->session, ack.packet_id,
	    is_refused);
	if (!is_refused && state != SESSION_PUBREC_WAITS)
		send_ack(connection, MQTT_PUBREL, ack.packet_id,
		    state == SESSION_PUBREC_DONE
			? MQTT_REASON_SUCCESS
			: MQTT_REASON_PACKET_IDENTIFIER_NOT_FOUND);
	return 0;
}

/*
 * PUBCOMP frees the identifier for another message. Where it is kept that it
 * was used, that must be over on disk: here, and at the workers that have noted
 * it, too.
 */
static void
complete(struct connection *connection, uint16_t packet_id, bool is_known)
{
	struct worker *worker = connection->worker;
	struct forward_origin origin = {
		.session = connection->session->number,
		.packet_id = packet_id,
	};
	struct ack ack = {
		.packet_id = packet_id,
		.type = MQTT_PUBCOMP,
		.reason = is_known ? MQTT_REASON_SUCCESS
				   : MQTT_REASON_PACKET_IDENTIFIER_NOT_FOUND,
	};
	worker_set told = forwards_release(worker, &origin, is_known);

	ack.transaction = journal_covering(worker);
	acks_push_after(connection, &ack, told, NULL);
	if (worker_is_full(worker))
		connection_hold(connection);
}

int
handle_pubrel(struct connection *connection, const struct mqtt_frame *frame)
{
	struct mqtt_ack ack;
	int error = decode_ack(connection, frame, &ack);
	bool is_known;

	if (error != 0)
		return error;
	is_known = session_release(connection->session, ack.packet_id);
	if (connection->session->number != IPC_STORE_NONE)
		complete(connection, ack.packet_id, is_known);
	else
		send_ack(connection, MQTT_PUBCOMP, ack.packet_id,
		    is_known ? MQTT_REASON_SUCCESS
			     : MQTT_REASON_PACKET_IDENTIFIER_NOT_FOUND);
	return 0;
}

int
handle_pubcomp(struct connection *connection, const struct mqtt_frame *frame)
{
	struct mqtt_ack ack;
	int error = decode_ack(connection, frame, &ack);

	if (error != 0)
		return error;
	session_on_pubcomp(connection->session, ack.packet_id);
	return 0;
}
