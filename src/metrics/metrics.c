/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics role.
 *
 * Duties: shows what the daemon counts, over HTTP, to whoever asks: numbers for
 *   Prometheus, whether it is alive, and a page.
 * Privileges: its listening socket. No secrets, no files, no other process.
 * Receives: STATUS every second, PROPOSE, COMMIT and STOP from the master.
 * Sends: nothing but answers to HTTP requests.
 * On failure: nobody sees the numbers until it is started again.
 */
#include "metrics/metrics.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/memory.h"
#include "metrics/exposition.h"
#include "metrics/microhttpd.h"
#include "metrics/page.h"
#include "metrics/state.h"

#define CONNECTIONS_MAX   64U
#define TIMEOUT_SECONDS   10U
#define REQUEST_BYTES_MAX ((size_t)16384)

struct metrics {
	struct proc_child *child;
	struct state state;
	struct MHD_Daemon *server;
	uv_poll_t poll;
	uv_timer_t timer;
};

/* Nothing from elsewhere, no script, and nobody shows it inside of theirs. */
static const char policy[] = "default-src 'none'; style-src 'unsafe-inline'; "
			     "base-uri 'none'; form-action 'none'; "
			     "frame-ancestors 'none'";

static enum MHD_Result
answer(struct MHD_Connection *connection, unsigned int status,
    const char *content_type, struct buffer *body)
{
	struct MHD_Response *response = microhttpd.create_response_from_buffer(
	    body->len, body->data, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	buffer_done(body);
	if (response == NULL)
		return MHD_NO;
	microhttpd.add_response_header(response, "Content-Type", content_type);
	microhttpd.add_response_header(response, "Cache-Control", "no-store");
	microhttpd.add_response_header(response, "X-Content-Type-Options",
	    "nosniff");
	microhttpd.add_response_header(response, "Referrer-Policy",
	    "no-referrer");
	microhttpd.add_response_header(response, "Content-Security-Policy",
	    policy);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		microhttpd.add_response_header(response, "Allow", "GET, HEAD");
	result = microhttpd.queue_response(connection, status, response);
	microhttpd.destroy_response(response);
	return result;
}

static enum MHD_Result
answer_text(struct MHD_Connection *connection, unsigned int status,
    const char *text)
{
	struct buffer body = { NULL, 0, 0 };

	buffer_append(&body, bytes_of_string(text));
	return answer(connection, status, "text/plain; charset=utf-8", &body);
}

static enum MHD_Result
on_metrics(struct metrics *metrics, struct MHD_Connection *connection)
{
	const char *accept = microhttpd.lookup_connection_value(connection,
	    MHD_HEADER_KIND, "Accept");
	bool is_open_metrics = accept != NULL &&
			       strstr(accept, "application/openmetrics-text") !=
				   NULL;
	struct buffer body = { NULL, 0, 0 };

	exposition_print(&metrics->state, clock_monotonic_ms(), is_open_metrics,
	    &body);
	return answer(connection, MHD_HTTP_OK,
	    is_open_metrics ? "application/openmetrics-text; version=1.0.0; "
			      "charset=utf-8"
			    : "text/plain; version=0.0.4; charset=utf-8",
	    &body);
}

static enum MHD_Result
on_page(struct metrics *metrics, struct MHD_Connection *connection)
{
	struct buffer body = { NULL, 0, 0 };

	page_print(&metrics->state, clock_monotonic_ms(), &body);
	return answer(connection, MHD_HTTP_OK, "text/html; charset=utf-8",
	    &body);
}

static enum MHD_Result
on_healthz(struct metrics *metrics, struct MHD_Connection *connection)
{
	bool is_alive = state_is_alive(&metrics->state, clock_monotonic_ms());

	return answer_text(connection,
	    is_alive ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
	    is_alive ? "alive\n" : "the master is silent\n");
}

static enum MHD_Result
on_readyz(struct metrics *metrics, struct MHD_Connection *connection)
{
	bool is_ready = state_is_ready(&metrics->state, clock_monotonic_ms());

	return answer_text(connection,
	    is_ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
	    is_ready ? "ready\n" : "not every process is ready\n");
}

static const struct {
	const char *path;
	enum MHD_Result (*answer)(struct metrics *metrics,
	    struct MHD_Connection *connection);
} paths[] = {
	{ "/", on_page },
	{ "/healthz", on_healthz },
	{ "/metrics", on_metrics },
	{ "/readyz", on_readyz },
};

static enum MHD_Result
on_request(void *context, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *upload,
    size_t *upload_len, void **request)
{
	(void)version;
	(void)upload;
	(void)request;
	/* a body is of no use to anybody: the connection ends */
	if (*upload_len > 0)
		return MHD_NO;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
		    "GET or HEAD\n");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strcmp(paths[i].path, path) == 0)
			return paths[i].answer(context, connection);
	return answer_text(connection, MHD_HTTP_NOT_FOUND, "not here\n");
}

static void serve(struct metrics *metrics);

static void
on_timer(uv_timer_t *timer)
{
	serve(timer->data);
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	serve(poll->data);
}

/* Let it do what it can, and wake up when it has to end something. */
static void
serve(struct metrics *metrics)
{
	MHD_UNSIGNED_LONG_LONG timeout_ms;

	if (microhttpd.run(metrics->server) != MHD_YES)
		fatal("libmicrohttpd has stopped");
	if (microhttpd.get_timeout(metrics->server, &timeout_ms) == MHD_YES)
		uv_timer_start(&metrics->timer, on_timer, timeout_ms, 0);
	else
		uv_timer_stop(&metrics->timer);
}

static int
on_status(struct metrics *metrics, struct bytes lines)
{
	int error = state_take(&metrics->state, lines, clock_monotonic_ms());

	/* One that had as many connections as it may looks for new ones only
	 * when it is called again after their end. */
	serve(metrics);
	return error;
}

static int
on_control(struct proc_child *child, struct ipc_message *message)
{
	if (message->type != IPC_STATUS)
		return -EBADMSG;
	return on_status(child->context, message->payload);
}

static int
on_message(struct proc_child *child, struct proc_peer *peer,
    struct ipc_message *message)
{
	(void)child;
	(void)peer;
	(void)message;
	return -EBADMSG; /* it has no peers */
}

static const struct proc_events metrics_events = {
	.on_message = on_message,
	.on_control = on_control,
};

/* libmicrohttpd closes the socket when it stops: it gets its own. */
static struct MHD_Daemon *
start_server(struct metrics *metrics, int listener)
{
	return microhttpd.start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0,
	    NULL, NULL, on_request, metrics, MHD_OPTION_LISTEN_SOCKET, listener,
	    MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_SECONDS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_BYTES_MAX,
	    MHD_OPTION_END);
}

static void
open_server(struct metrics *metrics)
{
	struct proc_child *child = metrics->child;
	const union MHD_DaemonInfo *info;

	if (child->listener_count != 1)
		fatal("the metrics role is given its socket");
	metrics->server = start_server(metrics, child->listeners[0]);
	if (metrics->server == NULL)
		fatal("libmicrohttpd cannot start");
	child->listener_count = 0;
	info = microhttpd.get_daemon_info(metrics->server,
	    MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL ||
	    uv_poll_init(&child->loop, &metrics->poll, info->epoll_fd) != 0)
		fatal("libmicrohttpd cannot be watched");
	metrics->poll.data = metrics;
	uv_poll_start(&metrics->poll, UV_READABLE, on_readable);
	metrics->timer.data = metrics;
	uv_timer_init(&child->loop, &metrics->timer);
}

int
metrics_prepare(char *why, size_t why_size)
{
	return microhttpd_load(why, why_size);
}

int
metrics_run(struct proc_child *child)
{
	struct metrics *metrics = memory_new(1, sizeof(*metrics));
	int status;

	metrics->child = child;
	child->context = metrics;
	open_server(metrics);
	proc_child_ready(child);
	status = proc_child_loop(child, &metrics_events);
	uv_close((uv_handle_t *)&metrics->poll, NULL);
	uv_close((uv_handle_t *)&metrics->timer, NULL);
	uv_run(&child->loop, UV_RUN_NOWAIT);
	microhttpd.stop_daemon(metrics->server);
	state_done(&metrics->state);
	free(metrics);
	return status;
}
