/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One MQTT client over mutual TLS, driven by readiness: it never waits. What
 * happens to it is asked for one event at a time.
 */
#ifndef SIGNET_BENCH_CLIENT_H
#define SIGNET_BENCH_CLIENT_H

#include <openssl/ssl.h>

#include "bench/endpoint.h"
#include "bench/flight.h"
#include "lib/buffer.h"
#include "mqtt/packet.h"

#define CLIENT_REASON_LEN 160
#define CLIENT_ID_MAX     48

/* What all clients of a run have in common. */
struct client_context {
	struct endpoint endpoint;
	SSL_CTX *tls;
	const char *server_name;
	enum mqtt_version version;
	uint32_t keep_alive; /* seconds */
	uint64_t run;        /* random, part of the client identifiers */
	/* Received bytes of the client that is read just now. */
	uint8_t *scratch;
	size_t scratch_len;
};

enum client_state {
	CLIENT_IDLE, /* not opened yet, or closed by ourselves */
	CLIENT_CONNECTING,
	CLIENT_HANDSHAKING,
	CLIENT_AWAITING_CONNACK,
	CLIENT_READY,
	CLIENT_FAILED,
};

struct client {
	struct client_context *context;
	SSL *ssl;
	int fd;
	uint32_t index;
	uint32_t session_expiry; /* seconds; set before it is opened */
	uint8_t state;
	bool has_output_blocked; /* wait until the socket can be written */
	bool is_polled_for_output;
	bool has_more; /* TLS holds bytes that no poll announces */
	bool is_failure_told;
	uint16_t keep_alive;      /* seconds; the broker may have lowered it */
	uint16_t receive_maximum; /* unacknowledged messages we may send */

	uint64_t opened_ns;
	uint64_t handshake_ns; /* when TLS was done */
	uint64_t connected_ns; /* when CONNACK came; 0 before */
	uint64_t read_ns;      /* when the bytes at hand came */
	uint64_t written_ns;

	struct bytes unread;  /* view into scratch or input */
	struct buffer input;  /* the beginning of a packet */
	struct buffer output; /* packets, from output_pos on */
	size_t output_pos;

	struct flight flight;           /* of a publisher at QoS above 0 */
	char reason[CLIENT_REASON_LEN]; /* why it failed */
};

enum client_event_type {
	CLIENT_EVENT_CONNECTED,
	CLIENT_EVENT_SUBSCRIBED,
	CLIENT_EVENT_MESSAGE,
	CLIENT_EVENT_ACKNOWLEDGED, /* PUBACK or PUBCOMP, or a refusal */
	CLIENT_EVENT_FAILED,       /* last: the reason is in the client */
};

struct client_event {
	enum client_event_type type;
	struct bytes payload;     /* MESSAGE; a view until the next read */
	uint64_t acknowledged_ns; /* ACKNOWLEDGED: from PUBLISH to here */
	bool is_refused;          /* ACKNOWLEDGED with an error */
};

/*
 * Begin to connect a client that is CLIENT_IDLE or CLIENT_FAILED; index numbers
 * it. A failure comes as an event. The descriptor is then to be polled.
 */
void client_open(struct client *client, struct client_context *context,
    uint32_t index, uint64_t now_ns);

/* Close without further ado; the memory can be opened again. */
void client_close(struct client *client);

/*
 * Send DISCONNECT and close_notify as far as the socket takes it; close. The
 * session ends, too, unless it is one of MQTT 3.1.1 that lasts.
 */
void client_disconnect(struct client *client);

/* The same, and a session that lasts stays. */
void client_leave(struct client *client);

/* End it with a reason: an event will tell. */
void client_fail(struct client *client, const char *reason);

/*
 * The socket is ready, or has_more: go on with connecting, or read. Events
 * must be taken until there are none before another client progresses.
 */
void client_progress(struct client *client);

/* The next event; false if there is none now. */
bool client_next(struct client *client, struct client_event *event);

/* Write what is in output, as far as the socket takes it. */
void client_flush(struct client *client, uint64_t now_ns);

/* Append packets to output. */
void client_subscribe(struct client *client, struct bytes topic_filter,
    uint8_t qos);
void client_ping(struct client *client);

/* Bytes that the socket has not taken yet. */
static inline size_t
client_output_len(const struct client *client)
{
	return client->output.len - client->output_pos;
}

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t client_clock_ns(void);

#endif
