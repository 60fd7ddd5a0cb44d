/* SPDX-License-Identifier: Apache-2.0 */
#include "beatctl/link.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "mqtt/packet.h"

#define PACKET_MAX       1024
#define PACKET_BYTES_MAX 65536
#define READ_BYTES       4096
#define SUBSCRIBE_ID     1

static int
fail_tls(const struct link *link, const char *what, char *why, size_t size)
{
	long verified = link->ssl != NULL ? SSL_get_verify_result(link->ssl)
					  : X509_V_OK;
	unsigned long code = ERR_peek_error();
	const char *reason = ERR_SYSTEM_ERROR(code)
				 ? strerror(ERR_GET_REASON(code))
				 : ERR_reason_error_string(code);

	if (verified != X509_V_OK)
		reason = X509_verify_cert_error_string(verified);
	snprintf(why, size, "%s: %s", what,
	    reason != NULL ? reason : "the connection has ended");
	ERR_clear_error();
	return -1;
}

static int
load_files(struct link *link, const struct link_options *options, char *why,
    size_t size)
{
	const char *failed = NULL;

	link->context = SSL_CTX_new(TLS_client_method());
	if (link->context == NULL)
		return fail_tls(link, "TLS", why, size);
	SSL_CTX_set_min_proto_version(link->context, TLS1_2_VERSION);
	SSL_CTX_set_verify(link->context, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_load_verify_locations(link->context, options->ca, NULL) !=
	    1)
		failed = options->ca;
	else if (SSL_CTX_use_certificate_chain_file(link->context,
		     options->cert) != 1)
		failed = options->cert;
	else if (SSL_CTX_use_PrivateKey_file(link->context, options->key,
		     SSL_FILETYPE_PEM) != 1)
		failed = options->key;
	return failed == NULL ? 0 : fail_tls(link, failed, why, size);
}

/* Connect to the first of its addresses that answers. */
static int
connect_tcp(struct link *link, const struct link_options *options, char *why,
    size_t size)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL, *at;
	int error = getaddrinfo(options->host, options->port, &hints, &found);

	if (error != 0) {
		snprintf(why, size, "%s: %s", options->host,
		    gai_strerror(error));
		return -1;
	}
	for (at = found; at != NULL && link->fd < 0; at = at->ai_next) {
		link->fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (link->fd < 0)
			continue;
		memcpy(&link->server, at->ai_addr, at->ai_addrlen);
		link->server_len = at->ai_addrlen;
		if (connect(link->fd, at->ai_addr, at->ai_addrlen) == 0)
			break;
		snprintf(why, size, "%s port %s: %s", options->host,
		    options->port, strerror(errno));
		close(link->fd);
		link->fd = -1;
	}
	freeaddrinfo(found);
	return link->fd >= 0 ? 0 : -1;
}

/* The server's certificate is to name the host, whichever way it is given. */
static void
expect_host(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
		return;
	SSL_set_tlsext_host_name(ssl, host);
	SSL_set1_host(ssl, host);
}

static int
connect_tls(struct link *link, const struct link_options *options, char *why,
    size_t size)
{
	link->ssl = SSL_new(link->context);
	if (link->ssl == NULL || SSL_set_fd(link->ssl, link->fd) != 1)
		return fail_tls(link, "TLS", why, size);
	expect_host(link->ssl, options->host);
	return SSL_connect(link->ssl) == 1 ? 0
					   : fail_tls(link, "TLS", why, size);
}

static int
send_packet(struct link *link, const struct mqtt_writer *writer)
{
	return SSL_write(link->ssl, writer->data, (int)writer->len) ==
		       (int)writer->len
		   ? 0
		   : -1;
}

static int
send_connect(struct link *link, const struct link_options *options)
{
	uint8_t packet[PACKET_MAX];
	struct mqtt_writer writer = { packet, sizeof(packet), 0 };
	const struct mqtt_connect connect = {
		.version = MQTT_VERSION_5,
		.clean_start = true,
		.keep_alive = options->keep_alive_seconds,
		.client_id = bytes_of_string(options->client_id),
	};

	return mqtt_connect_encode(&connect, &writer) == 0
		   ? send_packet(link, &writer)
		   : -1;
}

static int
send_subscribe(struct link *link, uint32_t interval_ms)
{
	uint8_t packet[PACKET_MAX], entry[PACKET_MAX / 2];
	struct mqtt_writer writer = { packet, sizeof(packet), 0 };
	struct mqtt_writer entries = { entry, sizeof(entry), 0 };
	struct mqtt_subscribe subscribe = { .packet_id = SUBSCRIBE_ID };
	struct mqtt_subscription subscription = { .qos = 0 };
	char topic_filter[64];

	snprintf(topic_filter, sizeof(topic_filter), BEAT_TOPIC_PREFIX "%u",
	    interval_ms);
	subscription.topic_filter = bytes_of_string(topic_filter);
	if (mqtt_subscription_encode(MQTT_VERSION_5, &subscription, &entries) !=
	    0)
		return -1;
	subscribe.entries = bytes_of(entry, entries.len);
	subscribe.count = 1;
	return mqtt_subscribe_encode(MQTT_VERSION_5, &subscribe, &writer) == 0
		   ? send_packet(link, &writer)
		   : -1;
}

/* Read once into the input; 0, or -1 at the end. */
static int
read_more(struct link *link)
{
	uint8_t *room = buffer_reserve(&link->input, READ_BYTES);
	int got = SSL_read(link->ssl, room, READ_BYTES);

	if (got > 0) {
		link->input.len += (size_t)got;
		return 0;
	}
	return SSL_get_error(link->ssl, got) == SSL_ERROR_WANT_READ ? 0 : -1;
}

static int
refused(const char *what, uint8_t reason, char *why, size_t size)
{
	snprintf(why, size, "%s: %s", what,
	    mqtt_reason_name((enum mqtt_reason)reason));
	return -1;
}

/* As the daemon's heartbeat_check() has it. */
static int
refused_heartbeat(uint8_t reason, char *why, size_t size)
{
	const char *hint = "";

	if (reason == MQTT_REASON_NOT_AUTHORIZED)
		hint = ": no role of the client's grants a subscription to "
		       "$signet/heartbeat/+";
	else if (reason == MQTT_REASON_IMPLEMENTATION_SPECIFIC_ERROR)
		hint = ": the server's heartbeat.enabled is off";
	snprintf(why, size, "heartbeat: %s%s",
	    mqtt_reason_name((enum mqtt_reason)reason), hint);
	return -1;
}

/* 1 if it is an offer; 0; -1 if it ends the session. */
static int
take(struct link *link, const struct mqtt_frame *frame,
    struct beat_offer *offer, char *why, size_t size)
{
	struct mqtt_disconnect disconnect;
	struct mqtt_connack connack;
	struct mqtt_publish publish;
	struct mqtt_suback suback;

	switch (frame->type) {
	case MQTT_CONNACK:
		if (mqtt_connack_decode(MQTT_VERSION_5, frame, &connack) != 0)
			break;
		return connack.reason == 0
			   ? 0
			   : refused("CONNECT", connack.reason, why, size);
	case MQTT_SUBACK:
		if (mqtt_suback_decode(MQTT_VERSION_5, frame, &suback) != 0 ||
		    suback.codes.len != 1)
			break;
		return suback.codes.data[0] < 0x80
			   ? 0
			   : refused_heartbeat(suback.codes.data[0], why, size);
	case MQTT_PUBLISH:
		if (mqtt_publish_decode(MQTT_VERSION_5, frame, &publish) != 0 ||
		    beat_offer_decode(publish.payload, offer) != 0)
			break;
		return 1;
	case MQTT_PINGRESP:
		link->pongs++;
		return 0;
	case MQTT_DISCONNECT:
		if (mqtt_disconnect_decode(MQTT_VERSION_5, frame,
			&disconnect) != 0)
			break;
		return refused("the server has ended the session",
		    disconnect.reason, why, size);
	default:
		break;
	}
	snprintf(why, size, "the server has sent what is not understood");
	return -1;
}

int
link_receive(struct link *link, struct beat_offer *offer, char *why,
    size_t size)
{
	struct mqtt_frame frame;
	int status, found = 0;

	if (read_more(link) != 0)
		return fail_tls(link, "the session has ended", why, size);
	while ((status = mqtt_frame_decode(buffer_view(&link->input),
		    PACKET_BYTES_MAX, &frame)) == 0) {
		int taken = take(link, &frame, offer, why, size);

		if (taken < 0)
			return taken;
		found |= taken;
		buffer_consume(&link->input, frame.len);
	}
	if (status == MQTT_NEED_MORE)
		return found;
	snprintf(why, size, "the server does not speak MQTT");
	return -1;
}

bool
link_has_input(const struct link *link)
{
	return SSL_pending(link->ssl) > 0;
}

int
link_ping(struct link *link)
{
	uint8_t packet[PACKET_MAX];
	struct mqtt_writer writer = { packet, sizeof(packet), 0 };

	return mqtt_ping_encode(MQTT_PINGREQ, &writer) == 0
		   ? send_packet(link, &writer)
		   : -1;
}

int
link_open(struct link *link, const struct link_options *options, char *why,
    size_t size)
{
	*link = (struct link){ .fd = -1 };
	if (load_files(link, options, why, size) != 0 ||
	    connect_tcp(link, options, why, size) != 0 ||
	    connect_tls(link, options, why, size) != 0)
		return -1;
	if (send_connect(link, options) != 0 ||
	    send_subscribe(link, options->interval_ms) != 0)
		return fail_tls(link, "the session has ended", why, size);
	/* Requests are sent whole, as they are small; answers as they come. */
	(void)fcntl(link->fd, F_SETFL, O_NONBLOCK);
	return 0;
}

void
link_close(struct link *link)
{
	uint8_t packet[PACKET_MAX];
	struct mqtt_writer writer = { packet, sizeof(packet), 0 };
	const struct mqtt_disconnect disconnect = { .reason = 0 };

	if (link->ssl != NULL && SSL_is_init_finished(link->ssl)) {
		if (mqtt_disconnect_encode(MQTT_VERSION_5, MQTT_DISCONNECT,
			&disconnect, &writer) == 0)
			(void)send_packet(link, &writer);
		(void)SSL_shutdown(link->ssl);
	}
	SSL_free(link->ssl);
	SSL_CTX_free(link->context);
	if (link->fd >= 0)
		close(link->fd);
	buffer_done(&link->input);
	*link = (struct link){ .fd = -1 };
}
