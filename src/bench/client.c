/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/client.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/client_packets.h"
#include "bench/tls_context.h"

/* A TLS record's plaintext is at most this long (RFC 8446 s5.1). */
#define RECORD_BYTES 16384

uint64_t
client_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void
client_close(struct client *client)
{
	SSL_free(client->ssl);
	client->ssl = NULL;
	if (client->state != CLIENT_IDLE && client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client->state = CLIENT_IDLE;
	client->unread = BYTES_NONE;
	client->has_more = false;
	buffer_done(&client->input);
	buffer_done(&client->output);
	client->output_pos = 0;
	flight_done(&client->flight);
}

void
client_fail(struct client *client, const char *reason)
{
	static const char *const phases[] = {
		[CLIENT_CONNECTING] = "TCP connect: ",
		[CLIENT_HANDSHAKING] = "TLS handshake: ",
		[CLIENT_AWAITING_CONNACK] = "awaiting CONNACK: ",
		[CLIENT_READY] = "in session: ",
	};
	const char *phase = client->state < CLIENT_FAILED &&
				    client->state > CLIENT_IDLE
				? phases[client->state]
				: "";

	if (client->state == CLIENT_FAILED)
		return;
	snprintf(client->reason, sizeof(client->reason), "%s%s", phase, reason);
	client_close(client);
	client->state = CLIENT_FAILED;
	client->is_failure_told = false;
}

/* The error of an SSL operation; result is what it returned. */
static void
fail_of_tls(struct client *client, int error)
{
	int system_error = errno;
	char text[128];

	if (error == SSL_ERROR_ZERO_RETURN)
		snprintf(text, sizeof(text), "closed by the broker");
	else if (error == SSL_ERROR_SYSCALL && ERR_peek_error() == 0)
		snprintf(text, sizeof(text), "%s",
		    system_error != 0 ? strerror(system_error)
				      : "connection closed");
	else
		tls_fault_text(client->ssl, text, sizeof(text));
	client_fail(client, text);
}

void
client_open(struct client *client, struct client_context *context,
    uint32_t index, uint64_t now_ns)
{
	client->context = context;
	client->index = index;
	client->state = CLIENT_CONNECTING;
	client->opened_ns = now_ns;
	client->connected_ns = 0;
	client->has_output_blocked = true;
	client->keep_alive = (uint16_t)context->keep_alive;
	client->receive_maximum = FLIGHT_MAX;
	client->fd = endpoint_connect(&context->endpoint, index);
	if (client->fd < 0) {
		client_fail(client, strerror(-client->fd));
		return;
	}
	client->ssl = tls_connection_new(context->tls, client->fd,
	    context->server_name);
	if (client->ssl == NULL)
		client_fail(client, "TLS connection cannot be made");
}

static void
end(struct client *client, bool ends_session)
{
	if (client->state == CLIENT_READY) {
		client_packets_disconnect(client, ends_session);
		client_flush(client, client->written_ns);
	}
	if (client->state == CLIENT_READY)
		SSL_shutdown(client->ssl);
	ERR_clear_error();
	client_close(client);
}

void
client_disconnect(struct client *client)
{
	end(client, true);
}

void
client_leave(struct client *client)
{
	end(client, false);
}

static void
connect_go_on(struct client *client)
{
	socklen_t len = sizeof(int);
	int error = 0;

	getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		client_fail(client, strerror(error));
		return;
	}
	client->state = CLIENT_HANDSHAKING;
}

static void
handshake_go_on(struct client *client)
{
	int error, result;

	errno = 0;
	result = SSL_do_handshake(client->ssl);
	client->has_output_blocked = false;
	if (result == 1) {
		client->handshake_ns = client_clock_ns();
		client->state = CLIENT_AWAITING_CONNACK;
		client_packets_connect(client);
		client_flush(client, client->handshake_ns);
		return;
	}
	error = SSL_get_error(client->ssl, result);
	if (error == SSL_ERROR_WANT_WRITE)
		client->has_output_blocked = true;
	else if (error != SSL_ERROR_WANT_READ)
		fail_of_tls(client, error);
}

/* One record; how many bytes came, 0 if there are none now or it failed. */
static size_t
record_read(struct client *client, uint8_t *data, size_t len)
{
	size_t count = 0;
	int result, error;

	errno = 0;
	result = SSL_read_ex(client->ssl, data, len, &count);
	if (result == 1) {
		client->has_more = SSL_has_pending(client->ssl) == 1;
		return count;
	}
	client->has_more = false;
	error = SSL_get_error(client->ssl, result);
	if (error == SSL_ERROR_WANT_WRITE)
		client->has_output_blocked = true;
	else if (error != SSL_ERROR_WANT_READ)
		fail_of_tls(client, error);
	return 0;
}

/* Into scratch, or behind the beginning of a packet that waits in input. */
static void
records_read(struct client *client)
{
	struct client_context *context = client->context;
	size_t count = 0, len = 0;

	if (client->input.len > 0) {
		count = record_read(client,
		    buffer_reserve(&client->input, RECORD_BYTES), RECORD_BYTES);
		client->input.len += count;
		client->unread = buffer_view(&client->input);
	} else {
		do {
			count = record_read(client, context->scratch + len,
			    context->scratch_len - len);
			len += count;
		} while (count > 0 && client->has_more &&
			 context->scratch_len - len >= RECORD_BYTES);
		client->unread = bytes_of(context->scratch, len);
	}
	client->read_ns = client_clock_ns();
}

void
client_progress(struct client *client)
{
	if (client->state == CLIENT_CONNECTING)
		connect_go_on(client);
	if (client->state == CLIENT_HANDSHAKING) {
		handshake_go_on(client);
		if (client->state != CLIENT_AWAITING_CONNACK)
			return;
	}
	if (client->state != CLIENT_AWAITING_CONNACK &&
	    client->state != CLIENT_READY)
		return;
	if (client->has_output_blocked)
		client_flush(client, client->read_ns);
	if (client->state != CLIENT_FAILED)
		records_read(client);
}

/* The rest is no whole packet: keep it. */
static void
unread_keep(struct client *client)
{
	if (client->unread.data == NULL)
		return;
	if (client->unread.len == client->input.len)
		goto out;
	if (client->input.len > 0) {
		buffer_consume(&client->input,
		    client->input.len - client->unread.len);
		goto out;
	}
	buffer_append(&client->input, client->unread);
out:
	client->unread = BYTES_NONE;
}

bool
client_next(struct client *client, struct client_event *event)
{
	struct mqtt_frame frame;
	int status;

	while (client->unread.len > 0) {
		status = mqtt_frame_decode(client->unread, UINT32_MAX, &frame);
		if (status == MQTT_NEED_MORE)
			break;
		if (status != 0) {
			client_fail(client, "malformed packet from the broker");
			break;
		}
		client->unread = bytes_skip(client->unread, frame.len);
		if (client_packets_handle(client, &frame, event))
			return true;
	}
	if (client->state == CLIENT_FAILED) {
		if (client->is_failure_told)
			return false;
		client->is_failure_told = true;
		event->type = CLIENT_EVENT_FAILED;
		return true;
	}
	unread_keep(client);
	return false;
}

/* Without this, output that is never empty would grow for ever. */
static void
output_compact(struct client *client)
{
	if (client->output_pos <= client->output.len / 2)
		return;
	buffer_consume(&client->output, client->output_pos);
	client->output_pos = 0;
}

void
client_flush(struct client *client, uint64_t now_ns)
{
	size_t count;
	int result, error;

	client->has_output_blocked = false;
	while (client_output_len(client) > 0) {
		errno = 0;
		result = SSL_write_ex(client->ssl,
		    client->output.data + client->output_pos,
		    client_output_len(client), &count);
		if (result == 1) {
			client->output_pos += count;
			continue;
		}
		error = SSL_get_error(client->ssl, result);
		if (error == SSL_ERROR_WANT_WRITE ||
		    error == SSL_ERROR_WANT_READ)
			client->has_output_blocked = true;
		else
			fail_of_tls(client, error);
		output_compact(client);
		return;
	}
	client->written_ns = now_ns;
	client->output.len = 0;
	client->output_pos = 0;
}
