/* SPDX-License-Identifier: Apache-2.0 */
#include "websocket/stream.h"

void
websocket_done(struct websocket *websocket)
{
	buffer_done(&websocket->output);
}

static void
push_control(struct websocket *websocket, enum websocket_opcode opcode,
    struct bytes payload)
{
	uint8_t head[WEBSOCKET_HEAD_MAX];
	size_t len = websocket_head_encode(opcode, payload.len, NULL, head);

	buffer_append(&websocket->output, bytes_of(head, len));
	buffer_append(&websocket->output, payload);
}

/* May an endpoint say this code (RFC 6455 s7.4)? */
static bool
may_be_said(unsigned int code)
{
	if (code >= 3000)
		return code <= 4999;
	return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}

/* The code stays in control, for the answer. */
static int
take_close(const struct websocket *websocket)
{
	const uint8_t *body = websocket->control;

	if (websocket->control_len == 0)
		return WEBSOCKET_CLOSED;
	if (websocket->control_len == 1 ||
	    !may_be_said((unsigned int)body[0] << 8 | body[1]))
		return -WEBSOCKET_PROTOCOL_ERROR;
	return WEBSOCKET_CLOSED;
}

static int
take_control(struct websocket *websocket, const struct websocket_part *part)
{
	if (part->is_first)
		websocket->control_len = 0;
	if (part->payload.len >
	    sizeof(websocket->control) - websocket->control_len)
		return -WEBSOCKET_PROTOCOL_ERROR;
	if (part->payload.len > 0)
		memcpy(websocket->control + websocket->control_len,
		    part->payload.data, part->payload.len);
	websocket->control_len += (uint8_t)part->payload.len;
	if (!part->is_last)
		return 0;
	if (part->opcode == WEBSOCKET_CLOSE)
		return take_close(websocket);
	if (part->opcode == WEBSOCKET_PING)
		push_control(websocket, WEBSOCKET_PONG,
		    bytes_of(websocket->control, websocket->control_len));
	websocket->control_len = 0;
	return 0;
}

/* May a frame begin here (RFC 6455 s5.4)? 0 or a negated Close code. */
static int
check_order(const struct websocket *websocket,
    const struct websocket_part *part)
{
	switch (part->opcode) {
	case WEBSOCKET_CONTINUATION:
		return websocket->in_message ? 0 : -WEBSOCKET_PROTOCOL_ERROR;
	case WEBSOCKET_BINARY:
		return websocket->in_message ? -WEBSOCKET_PROTOCOL_ERROR : 0;
	case WEBSOCKET_TEXT: /* [MQTT-6.0.0-1], [MQTT5-6.0.0-1] */
		return -WEBSOCKET_UNSUPPORTED_DATA;
	case WEBSOCKET_CLOSE:
	case WEBSOCKET_PING:
	case WEBSOCKET_PONG:
		return 0;
	default:
		return -WEBSOCKET_PROTOCOL_ERROR;
	}
}

/* Packets need not begin and end with frames [MQTT5-6.0.0-2]. */
static int
take_part(struct websocket *websocket, const struct websocket_part *part,
    uint8_t *out, size_t room, size_t *out_len)
{
	int error = part->is_first ? check_order(websocket, part) : 0;

	if (error != 0)
		return error;
	if (part->opcode >= WEBSOCKET_CLOSE)
		return take_control(websocket, part);
	if (part->payload.len > room - *out_len)
		return -WEBSOCKET_PROTOCOL_ERROR;
	if (part->payload.len > 0)
		memcpy(out + *out_len, part->payload.data, part->payload.len);
	*out_len += part->payload.len;
	websocket->in_message = !part->is_last || !part->is_final;
	return 0;
}

int
websocket_receive(struct websocket *websocket, struct bytes input, uint8_t *out,
    size_t *out_len)
{
	struct websocket_reader reader;
	struct websocket_part part;
	int status = websocket->status;

	*out_len = 0;
	if (status != 0 || input.len == 0)
		return status;
	websocket_reader_init(&reader, &websocket->frame, input);
	while (status == 0) {
		status = websocket_reader_next(&reader, &part);
		if (status == 0)
			status = take_part(websocket, &part, out, input.len,
			    out_len);
	}
	websocket_reader_done(&reader);
	websocket->status = status == WEBSOCKET_NEED_MORE ? 0 : status;
	return websocket->status;
}

void
websocket_close(struct websocket *websocket, enum websocket_close_code code)
{
	uint8_t body[2];

	if (websocket->is_close_sent)
		return;
	websocket->is_close_sent = true;
	if (websocket->status == WEBSOCKET_CLOSED &&
	    websocket->control_len >= sizeof(body)) {
		memcpy(body, websocket->control, sizeof(body));
	} else {
		if (websocket->status == WEBSOCKET_CLOSED)
			code = WEBSOCKET_NORMAL_CLOSURE;
		else if (websocket->status < 0)
			code = (enum websocket_close_code) - websocket->status;
		body[0] = (uint8_t)(code >> 8);
		body[1] = (uint8_t)code;
	}
	push_control(websocket, WEBSOCKET_CLOSE, bytes_of(body, sizeof(body)));
}
