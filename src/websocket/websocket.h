/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of the WebSocket Protocol (RFC 6455). Functions of this folder
 * return 0, a positive status of this file, or a negated Close code.
 */
#ifndef SIGNET_WEBSOCKET_WEBSOCKET_H
#define SIGNET_WEBSOCKET_WEBSOCKET_H

enum websocket_status {
	WEBSOCKET_NEED_MORE = 1,
	WEBSOCKET_CLOSED = 2, /* the peer has sent its Close frame */
};

/* RFC 6455 s5.2 */
enum websocket_opcode {
	WEBSOCKET_CONTINUATION = 0x0,
	WEBSOCKET_TEXT = 0x1,
	WEBSOCKET_BINARY = 0x2,
	WEBSOCKET_CLOSE = 0x8,
	WEBSOCKET_PING = 0x9,
	WEBSOCKET_PONG = 0xa,
};

/* RFC 6455 s7.4.1 */
enum websocket_close_code {
	WEBSOCKET_NORMAL_CLOSURE = 1000,
	WEBSOCKET_GOING_AWAY = 1001,
	WEBSOCKET_PROTOCOL_ERROR = 1002,
	WEBSOCKET_UNSUPPORTED_DATA = 1003,
	WEBSOCKET_MESSAGE_TOO_BIG = 1009,
};

/* Bytes of the largest frame head, of a mask, of a control frame's payload. */
#define WEBSOCKET_HEAD_MAX    14
#define WEBSOCKET_MASK_LEN    4
#define WEBSOCKET_CONTROL_MAX 125

#endif
