/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Network Connection: the socket, its records, and what goes in and out.
 *
 * What comes in goes one way: socket, record, packet, handler. What goes out
 * is appended to the outbox and leaves at the end of the turn. Nothing is
 * freed inside a turn: a closed connection goes when libuv has let go of it.
 */
#ifndef SIGNET_WORKER_CONNECTION_H
#define SIGNET_WORKER_CONNECTION_H

#include <sys/queue.h>

#include <uv.h>

#include "mqtt/packet.h"
#include "tls/handover.h"
#include "tls/record.h"
#include "worker/acks.h"
#include "worker/deadline.h"
#include "worker/outbox.h"
#include "worker/topic_alias.h"
#include "worker/worker.h"

struct connection_websocket;
struct heartbeat;
struct promise;
struct throttle;

enum connection_state {
	CONNECTION_OPENING,   /* CONNECT is awaited */
	CONNECTION_MOVING,    /* CONNECT is here, its session elsewhere */
	CONNECTION_OPEN,      /* has a session */
	CONNECTION_CLOSING,   /* the last bytes are on their way out */
	CONNECTION_LINGERING, /* all is sent; the peer's end is awaited */
	CONNECTION_CLOSED,    /* is freed when libuv has let go of it */
};

/* Bytes of one receive, and of one send. */
#define CONNECTION_READ_MAX  (128 * 1024)
#define CONNECTION_WRITE_MAX (256 * 1024)
/* What was received and waits while reading is held back is at most this. */
#define CONNECTION_READ_BUFFER (CONNECTION_READ_MAX + TLS_RECORD_MAX)

/* What CONNACK has told the client, which holds whatever is set later. */
struct connection_terms {
	uint32_t packet_bytes;
	uint16_t receive_maximum;
	uint16_t topic_alias_maximum;
	uint8_t maximum_qos;
};

struct connection {
	uv_poll_t poll;
	struct worker *worker;
	struct session *session; /* NULL unless OPEN */
	uint64_t publisher;      /* session_publisher() of it */
	uint64_t id;
	int64_t not_after; /* of its certificate: seconds since 1970 */
	uint8_t *peer;     /* of tls_peer_encode() */
	uint32_t peer_len;
	int fd;
	uint8_t state;         /* enum connection_state */
	uint8_t version;       /* enum mqtt_version; 0 before CONNECT */
	uint8_t events;        /* of uv_poll_start() */
	uint8_t closing_alert; /* enum tls_alert */
	uint8_t
	    identity_kind; /* enum config_identity: by what its peer is known */
	bool is_home : 1;  /* another worker sent it here */
	bool is_throttled : 1; /* a limit of its roles is reached */
	bool is_resuming : 1;  /* the session: what waited may be denied now */
	bool is_dirty : 1;
	bool is_active : 1;
	bool is_held : 1;
	bool is_homeless : 1;
	bool is_alert_sent : 1;
	bool waits_connack : 1;   /* OPEN, but the client cannot know it yet */
	bool wants_reasons : 1;   /* Reason Strings (5.0) */
	bool is_packet_alone : 1; /* in hand: plaintext holds nothing else */
	bool shows_heartbeat : 1; /* what its presence says */
	struct connection_terms terms;
	uint16_t keep_alive_seconds;  /* 0: none is agreed on */
	uint32_t maximum_packet_size; /* what the client takes; 0: any */
	uint16_t home;                /* the worker to move to, if MOVING */
	uint32_t
	    packet_len; /* of the one that is not whole yet; 0: not known */
	uint32_t waiting_subacks;
	uint32_t waiting_acks; /* for other workers: see retention.c */
	uint64_t received_ms;  /* when the last packet came */
	uint64_t messages_received;
	uint64_t messages_sent;
	uint64_t active_ms;
	int64_t
	    online_since_ms; /* since 1970: what its presence says; 0: none */

	const struct rights *rights; /* NULL before CONNECT */
	struct heartbeat *heartbeat; /* NULL: it has none */
	struct throttle *throttle;   /* NULL: its roles have no limits */
	struct tls_records records;
	struct buffer ciphertext;               /* received, not deprotected */
	struct buffer plaintext;                /* deprotected, not decoded */
	struct connection_websocket *websocket; /* NULL: plain MQTT */
	struct buffer unsent; /* protected, not taken by the socket */
	struct outbox outbox;
	struct acks *acks;             /* NULL: none waits */
	LIST_HEAD(, promise) promises; /* see promise.h */
	struct topic_aliases aliases;  /* of the client's */

	struct deadline deadline;
	TAILQ_ENTRY(connection) in_all;
	TAILQ_ENTRY(connection) in_dirty;
	TAILQ_ENTRY(connection) in_active;
	TAILQ_ENTRY(connection) in_held; /* or among the homeless */
};

/*
 * Go on with a connection that was handed over.
 *
 * fd: taken. handover: borrowed; what was read and not used yet is put into
 * ciphertext and plaintext before connection_resume().
 * Returned: it frees itself; NULL if the state is not a possible one or the
 * socket cannot be watched.
 */
struct connection *connection_new(struct worker *worker, int fd,
    const struct tls_handover *handover);

/* Take the bounds of the configuration: until CONNACK they may change. */
void connection_take_terms(struct connection *connection);

/* Process what was read already, and read again. */
void connection_resume(struct connection *connection);

/* Is it we who do not read what its client may have sent? */
bool connection_is_held_back(const struct connection *connection);

/* Read no more until connection_resume(): a queue that it feeds is full. */
void connection_hold(struct connection *connection);

/* The address, identity and so on of its peer; views into the connection. */
void connection_peer(const struct connection *connection,
    struct tls_peer *peer);

/* Append an encoded packet to the outbox, unless it is too large for the
 * client: then it is as if it had been sent [MQTT5-3.1.2-25]. */
void connection_send(struct connection *connection, struct bytes packet);

/* Append a message; delivery->version is the connection's. */
void connection_send_message(struct connection *connection,
    struct message *message, const struct message_delivery *delivery);

/* Is there room in the outbox for a message of so many bytes? */
bool connection_has_room(const struct connection *connection, size_t bytes);

/*
 * End it from our side: in 5.0 with a DISCONNECT, if the reason is not 0; the
 * word is what the log says. The session ends ungracefully.
 */
void connection_disconnect(struct connection *connection,
    enum mqtt_reason reason, const char *word);

/* The same with a Reason String of its own, of REASON_STRING_MAX bytes. */
void connection_disconnect_saying(struct connection *connection,
    enum mqtt_reason reason, const char *text, const char *word);

/* End it with a TLS alert, with nothing before it. */
void connection_alert(struct connection *connection, enum tls_alert alert,
    const char *word);

/* The client has said DISCONNECT: end it without a will, or with it. */
void connection_disconnected(struct connection *connection, bool keeps_will);

/* End it at once: the peer is gone, or the socket moves elsewhere. */
void connection_abort(struct connection *connection, const char *word);

/* Take the socket out; the connection is over without any trace. */
int connection_release(struct connection *connection);

/* Give memory back while nothing happens. */
void connection_rest(struct connection *connection);

/* Its deadline is due. Set it: it is due before, if the certificate ends or has
 * to be looked at again. */
void connection_due(struct connection *connection);
void connection_set_deadline(struct connection *connection, uint64_t in_ms);

/* Something was received or sent: it is not at rest. */
void connection_touch(struct connection *connection);

/* Watch the socket for what the connection now waits for. */
void connection_watch(struct connection *connection);

/* connection_input.c: the socket is readable. */
void connection_receive(struct connection *connection);

/* connection_output.c: have it flushed at the end of the turn; do it. */
void connection_mark_dirty(struct connection *connection);
void connection_flush(struct connection *connection);

/* A packet arrived (dispatch.c). 0, or a negated Reason Code that ends it. */
int connection_dispatch(struct connection *connection,
    const struct mqtt_frame *frame);

#endif
