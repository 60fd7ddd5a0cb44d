/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "lib/log.h"
#include "lib/memory.h"

/* Taken at a time: accepting is cheap, the handshakes that follow are not. */
#define ACCEPT_MAX 4
/* How long to leave connections waiting when descriptors have run out. */
#define PAUSE_MS    100
#define COMPLAIN_MS 10000

static void on_readable(uv_poll_t *poll, int status, int events);

/* Watch or leave alone, by what holds now. */
static void
apply(struct acceptor *acceptor)
{
	for (size_t i = 0; i < acceptor->listener_count; i++) {
		if (!acceptor->is_pausing)
			uv_poll_start(&acceptor->listeners[i], UV_READABLE,
			    on_readable);
		else
			uv_poll_stop(&acceptor->listeners[i]);
	}
}

static void
on_pause_end(uv_timer_t *timer)
{
	acceptor_resume(timer->data);
}

static void
pause_for(struct acceptor *acceptor, uint64_t ms)
{
	acceptor->is_pausing = true;
	uv_timer_start(&acceptor->pause, on_pause_end, ms, 0);
	apply(acceptor);
}

void
acceptor_resume(struct acceptor *acceptor)
{
	if (!acceptor->is_started || !acceptor->is_pausing)
		return;
	acceptor->is_pausing = false;
	uv_timer_stop(&acceptor->pause);
	apply(acceptor);
}

/* The connection stays in the queue, so that watching on would spin. */
static void
pause_for_lack(struct acceptor *acceptor, int error)
{
	uint64_t now = uv_now(acceptor->loop);

	if (acceptor->complained_ms == 0 ||
	    now - acceptor->complained_ms >= COMPLAIN_MS) {
		acceptor->complained_ms = now;
		log_error(log_word("event", "accept-paused"),
		    log_errno("error", error),
		    log_string("hint", "raise the limit of open files "
				       "(LimitNOFILE=, ulimit -n)"));
	}
	pause_for(acceptor, PAUSE_MS);
}

static bool
is_lack(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	       error == ENOMEM;
}

/* False if there is nothing more to take now. */
static bool
accept_one(struct acceptor *acceptor, int listener)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(address);
	uint64_t wait_ms = acceptor->events->wait_ms(acceptor->context);
	int on = 1;
	int fd;

	if (wait_ms > 0) {
		pause_for(acceptor, wait_ms);
		return false;
	}
	fd = accept4(listener, (struct sockaddr *)&address, &len,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 && is_lack(errno))
		pause_for_lack(acceptor, errno);
	if (fd < 0) /* others concern a connection that is gone */
		return errno == ECONNABORTED || errno == EINTR ||
		       errno == EPROTO || errno == EPERM;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	acceptor->events->on_connection(acceptor->context, fd, &address);
	return true;
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct acceptor *acceptor = poll->data;
	uv_os_fd_t listener;

	(void)events;
	if (status != 0 || acceptor->is_pausing ||
	    uv_fileno((uv_handle_t *)poll, &listener) != 0)
		return;
	for (int i = 0; i < ACCEPT_MAX; i++)
		if (!accept_one(acceptor, listener))
			return;
}

void
acceptor_start(struct acceptor *acceptor, uv_loop_t *loop, const int *fds,
    size_t count, const struct acceptor_events *events, void *context)
{
	*acceptor = (struct acceptor){
		.loop = loop,
		.listener_count = count,
		.listeners = memory_new(count, sizeof(uv_poll_t)),
		.is_started = true,
		.events = events,
		.context = context,
	};
	uv_timer_init(loop, &acceptor->pause);
	acceptor->pause.data = acceptor;
	for (size_t i = 0; i < count; i++) {
		if (uv_poll_init(loop, &acceptor->listeners[i], fds[i]) != 0)
			fatal("a listening socket cannot be watched");
		acceptor->listeners[i].data = acceptor;
	}
	apply(acceptor);
}

static void
on_closed(uv_handle_t *handle)
{
	struct acceptor *acceptor = handle->data;

	if (--acceptor->listener_count > 0)
		return;
	free(acceptor->listeners);
	acceptor->listeners = NULL;
}

void
acceptor_stop(struct acceptor *acceptor)
{
	size_t count = acceptor->listener_count;

	if (!acceptor->is_started)
		return;
	acceptor->is_started = false;
	uv_close((uv_handle_t *)&acceptor->pause, NULL);
	for (size_t i = 0; i < count; i++) {
		uv_poll_stop(&acceptor->listeners[i]);
		uv_close((uv_handle_t *)&acceptor->listeners[i], on_closed);
	}
}
