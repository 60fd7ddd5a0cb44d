/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/connection_websocket.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/memory.h"
#include "websocket/upgrade.h"

/* Of a frame whose payload fits in a record. */
#define RECORD_HEAD_MAX 4

void
connection_websocket_free(struct connection_websocket **websocket)
{
	if (*websocket == NULL)
		return;
	websocket_done(&(*websocket)->stream);
	free(*websocket);
	*websocket = NULL;
}

/* 'G', of "GET ", is the first byte of no CONNECT [MQTT-3.1.0-1]. */
bool
connection_begins_websocket(const struct connection *connection,
    struct bytes plaintext)
{
	struct bytes first = connection->plaintext.len > 0
				 ? buffer_view(&connection->plaintext)
				 : plaintext;

	return connection->state == CONNECTION_OPENING &&
	       !connection->is_home && first.len > 0 && first.data[0] == 'G' &&
	       connection->worker->config->websocket.enabled;
}

/* A browser names its page's origin; where they are listed it must be one. */
static bool
origin_is_allowed(const struct connection *connection, struct bytes origin)
{
	const struct config_strings *origins = &connection->worker->config
						    ->websocket.origins;

	if (origins->count == 0 || origin.len == 0)
		return true;
	for (size_t i = 0; i < origins->count; i++)
		if (strlen(origins->items[i]) == origin.len &&
		    strncasecmp(origins->items[i], (const char *)origin.data,
			origin.len) == 0)
			return true;
	return false;
}

static void
refuse_request(struct connection *connection, enum websocket_refusal refusal)
{
	websocket_refusal_answer(refusal,
	    &connection->websocket->stream.output);
	connection_disconnect(connection, 0, websocket_refusal_word(refusal));
}

/* The request is kept until it is whole. True once it is answered with 101. */
static bool
take_request(struct connection *connection, struct bytes plaintext)
{
	struct connection_websocket *websocket = connection->websocket;
	struct buffer *kept = &connection->plaintext;
	struct websocket_upgrade upgrade;
	int status;

	buffer_append(kept, plaintext);
	status = websocket_upgrade_decode(buffer_view(kept), &upgrade);
	if (status == WEBSOCKET_NEED_MORE)
		return false;
	if (status == 0 && !origin_is_allowed(connection, upgrade.origin))
		status = -WEBSOCKET_REFUSAL_ORIGIN;
	if (status != 0) {
		refuse_request(connection, (enum websocket_refusal) - status);
		return false;
	}
	websocket_upgrade_answer(&upgrade, &websocket->stream.output);
	connection_mark_dirty(connection);
	buffer_consume(kept, upgrade.len);
	websocket->is_open = true;
	return true;
}

/* A turn of the loop reads records, or writes them: one buffer does. */
static struct bytes
take_frames(struct connection *connection, struct bytes frames)
{
	uint8_t *out = connection->worker->record_buffer;
	struct websocket *stream = &connection->websocket->stream;
	size_t len = 0;

	websocket_receive(stream, frames, out, &len);
	if (stream->output.len > 0)
		connection_mark_dirty(connection);
	return bytes_of(out, len);
}

bool
connection_unwrap(struct connection *connection, struct bytes plaintext,
    struct bytes *stream)
{
	if (connection->websocket == NULL)
		connection->websocket = memory_new(1,
		    sizeof(*connection->websocket));
	if (connection->websocket->is_open) {
		*stream = take_frames(connection, plaintext);
		return true;
	}
	if (!take_request(connection, plaintext))
		return false;
	if (connection->plaintext.len > TLS_PLAINTEXT_MAX) {
		connection_disconnect(connection, 0, "http-malformed");
		return false;
	}
	*stream = take_frames(connection, buffer_view(&connection->plaintext));
	connection->plaintext.len = 0;
	return true;
}

void
connection_end_websocket(struct connection *connection)
{
	switch (connection->websocket->stream.status) {
	case 0:
		break;
	case WEBSOCKET_CLOSED:
		connection_disconnect(connection, 0, "closed-by-peer");
		break;
	case -WEBSOCKET_UNSUPPORTED_DATA:
		connection_disconnect(connection, 0, "websocket-text-frame");
		break;
	default:
		connection_disconnect(connection, 0,
		    "websocket-protocol-error");
	}
}

static struct bytes
take_waiting(struct connection *connection, size_t room)
{
	struct buffer *output = &connection->websocket->stream.output;
	uint8_t *out = connection->worker->record_buffer;
	size_t len = output->len < room ? output->len : room;

	memcpy(out, output->data, len);
	buffer_consume(output, len);
	return bytes_of(out, len);
}

/* The end, behind all packets; an alert is sent with nothing before it. */
static void
close_websocket(struct connection *connection)
{
	struct connection_websocket *websocket = connection->websocket;

	if (connection->state == CONNECTION_CLOSING && websocket->is_open &&
	    connection->closing_alert == TLS_ALERT_CLOSE_NOTIFY)
		websocket_close(&websocket->stream,
		    websocket->close_code == 0
			? WEBSOCKET_NORMAL_CLOSURE
			: (enum websocket_close_code)websocket->close_code);
}

/* One frame around as much of the outbox as a record holds. */
static struct bytes
wrap_outbox(struct connection *connection, size_t room)
{
	struct worker *worker = connection->worker;
	uint8_t head[WEBSOCKET_HEAD_MAX];
	uint8_t *payload = worker->record_buffer + RECORD_HEAD_MAX;
	struct bytes direct;
	size_t len, head_len;

	len = outbox_take(&connection->outbox,
	    (enum mqtt_version)connection->version, worker_now_ms(worker),
	    payload, room - RECORD_HEAD_MAX, &direct);
	if (len == 0)
		return BYTES_NONE;
	if (direct.len > 0)
		memcpy(payload, direct.data, direct.len);
	/* [MQTT-6.0.0-1], [MQTT5-6.0.0-1]: binary */
	head_len = websocket_head_encode(WEBSOCKET_BINARY, len, NULL, head);
	memcpy(payload - head_len, head, head_len);
	return bytes_of(payload - head_len, head_len + len);
}

struct bytes
connection_wrap(struct connection *connection, size_t room)
{
	struct connection_websocket *websocket = connection->websocket;
	struct bytes record = BYTES_NONE;

	if (websocket->stream.output.len > 0)
		return take_waiting(connection, room);
	if (websocket->is_open)
		record = wrap_outbox(connection, room);
	if (record.len > 0)
		return record;
	close_websocket(connection);
	if (websocket->stream.output.len > 0)
		return take_waiting(connection, room);
	return BYTES_NONE;
}

void
connection_websocket_closes(struct connection *connection,
    enum mqtt_reason reason)
{
	if (connection->websocket == NULL)
		return;
	if (connection->worker->is_stopping)
		connection->websocket->close_code = WEBSOCKET_GOING_AWAY;
	else if (reason == MQTT_REASON_PACKET_TOO_LARGE)
		connection->websocket->close_code = WEBSOCKET_MESSAGE_TOO_BIG;
}

bool
connection_websocket_waits(const struct connection *connection)
{
	return connection->websocket != NULL &&
	       connection->websocket->stream.output.len > 0;
}

void
connection_websocket_encode(const struct connection *connection,
    struct buffer *out)
{
	if (connection->websocket != NULL)
		websocket_encode(&connection->websocket->stream, out);
}

int
connection_websocket_decode(struct bytes input,
    struct connection_websocket **websocket)
{
	struct websocket stream = { .status = 0 };

	*websocket = NULL;
	if (input.len == 0)
		return 0;
	if (websocket_decode(input, &stream) != 0)
		return -EBADMSG;
	*websocket = memory_new(1, sizeof(**websocket));
	(*websocket)->stream = stream;
	(*websocket)->is_open = true;
	return 0;
}
