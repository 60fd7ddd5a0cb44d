/* SPDX-License-Identifier: Apache-2.0 */
#include "master/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fields.h"
#include "lib/memory.h"
#include "master/control_internal.h"
#include "master/reload.h"

static void on_client(uv_poll_t *poll, int status, int events);

/* Does what it asked for still come, or wait to be read by it? */
static bool
is_busy(const struct control_client *client)
{
	return client->out.len > 0 || client->query.number != 0;
}

/* Of one that is busy nothing is read, but its end is noticed. */
static void
watch(struct control_client *client)
{
	int events = UV_DISCONNECT;

	if (client->out.len > 0)
		events |= UV_WRITABLE;
	if (!is_busy(client))
		events |= UV_READABLE;
	uv_poll_start(&client->poll, events, on_client);
}

void
control_flush(struct control_client *client)
{
	ssize_t len = 0;

	while (client->sent < client->out.len) {
		len = send(client->fd, client->out.data + client->sent,
		    client->out.len - client->sent,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			break;
		client->sent += (size_t)len;
		client->active_ms = uv_now(&client->control->master->loop);
	}
	/* One that is gone is noticed where it is watched. */
	if (client->sent == client->out.len || (len < 0 && errno != EAGAIN)) {
		buffer_done(&client->out);
		client->sent = 0;
	}
	watch(client);
}

void
control_answer(struct control_client *client, const char *format, ...)
{
	char line[CONTROL_ANSWER_MAX];
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	if (len < 0)
		return;
	if ((size_t)len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	buffer_append(&client->out, bytes_of(line, (size_t)len));
	control_flush(client);
}

static bool
take_field(struct control_field *fields, size_t count, struct bytes name,
    struct bytes value, struct buffer *memory)
{
	for (size_t i = 0; i < count; i++) {
		size_t begin = memory->len;

		if (!bytes_equal(bytes_of_string(fields[i].name), name))
			continue;
		if (!fields_unescape(value, memory))
			return false;
		fields[i].value = bytes_of(memory->data + begin,
		    memory->len - begin);
		return true;
	}
	return false;
}

bool
control_fields_take(struct bytes line, struct control_field *fields,
    size_t count, struct buffer *memory)
{
	struct bytes name, value;

	/* so that it does not move */
	buffer_reserve(memory, line.len + 1);
	while (fields_next(&line, &name, &value))
		if (!take_field(fields, count, name, value, memory))
			return false;
	return true;
}

static struct member *
store_of(struct master *master)
{
	for (size_t i = 0; i < master->member_count; i++)
		if (master->members[i].role->id == IPC_ROLE_STORE)
			return &master->members[i];
	return NULL;
}

static void
on_backup(struct control_client *client, struct bytes fields)
{
	struct control *control = client->control;
	struct member *store = store_of(control->master);

	(void)fields;
	if (control->backup != NULL) {
		control_answer(client, "error another backup is under way");
		return;
	}
	if (store == NULL || control->master->is_stopping ||
	    !member_tell(store, IPC_BACKUP)) {
		control_answer(client, "error the store is not there");
		return;
	}
	control->backup = client;
	control->is_awaited = true;
}

static void
backup_end(struct control *control)
{
	struct member *store = store_of(control->master);

	control->backup = NULL;
	control->is_awaited = false;
	if (store != NULL)
		(void)member_tell(store, IPC_BACKUP_REMOVE);
}

static void
on_backup_done(struct control_client *client, struct bytes fields)
{
	struct control *control = client->control;

	(void)fields;
	if (control->backup != client || control->is_awaited) {
		control_answer(client,
		    "error there is no backup to be done with");
		return;
	}
	backup_end(control);
	control_answer(client, "ok");
}

void
control_store_done(struct control *control, struct bytes why)
{
	struct control_client *client = control->backup;

	if (client == NULL || !control->is_awaited)
		return;
	control->is_awaited = false;
	if (why.len == 0) {
		log_info(log_word("event", "backup-made"));
		control_answer(client, "ok %s/backup",
		    control->master->config->store.path);
		return;
	}
	control_answer(client, "error %.*s", (int)why.len,
	    (const char *)why.data);
	control->backup = NULL;
}

static void
on_reload(struct control_client *client, struct bytes fields)
{
	struct master *master = client->control->master;

	(void)fields;
	if (client->reload_run != 0)
		control_answer(client, "error you are waiting for one already");
	else if (master->is_stopping)
		control_answer(client, "error the daemon is about to end");
	else {
		/* it may be over when the request returns */
		client->reload_run = master->reload->run_count + 1;
		reload_request(master->reload, RELOAD_BY_CONTROL);
	}
}

void
control_reload_done(struct control *control, uint64_t run, bool is_good,
    struct bytes text)
{
	char line[CONTROL_ANSWER_MAX - 16];
	size_t len = text.len < sizeof(line) ? text.len : sizeof(line);

	for (size_t i = 0; i < len; i++)
		line[i] = text.data[i] == '\n' ? '\t' : (char)text.data[i];
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_client *client = &control->clients[i];

		if (client->fd < 0 || client->reload_run == 0 ||
		    client->reload_run > run)
			continue;
		client->reload_run = 0;
		control_answer(client, "%s %.*s", is_good ? "ok" : "error",
		    (int)len, line);
	}
}

static const struct {
	const char *name;
	void (*handle)(struct control_client *client, struct bytes fields);
} commands[] = {
	{ "backup", on_backup },
	{ "disconnect", control_on_disconnect },
	{ "done", on_backup_done },
	{ "log-level", control_on_log_level },
	{ "reload", on_reload },
	{ "session", control_on_session },
	{ "sessions", control_on_sessions },
	{ "status", control_on_status },
	{ "version", control_on_version },
};

static void
on_line(struct control_client *client, struct bytes line)
{
	struct bytes name, word;

	if (fields_next(&line, &name, &word) && name.len == 0)
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]);
		     i++) {
			if (!bytes_equal(bytes_of_string(commands[i].name),
				word))
				continue;
			commands[i].handle(client, line);
			return;
		}
	control_answer(client, "error there is no such command");
}

static void
on_client_closed(uv_handle_t *handle)
{
	struct control_client *client = handle->data;

	client->is_closing = false;
}

static void
client_close(struct control_client *client)
{
	if (client->control->backup == client)
		backup_end(client->control);
	control_query_end(client);
	buffer_done(&client->out);
	client->is_closing = true;
	uv_close((uv_handle_t *)&client->poll, on_client_closed);
	close(client->fd);
	client->fd = -1;
}

/* Every whole line that has come, as long as it is not busy; false if one is
 * too long. */
static bool
take_lines(struct control_client *client)
{
	char *end;

	while (!is_busy(client) &&
	       (end = memchr(client->line, '\n', client->len)) != NULL) {
		size_t len = (size_t)(end - client->line) + 1;

		/* none is hidden behind a NUL */
		if (memchr(client->line, '\0', len) != NULL)
			return false;
		on_line(client, bytes_of(client->line, len - 1));
		client->len -= len;
		memmove(client->line, client->line + len, client->len);
	}
	return is_busy(client) || client->len < sizeof(client->line);
}

/* Returns false if it has gone. */
static bool
receive(struct control_client *client)
{
	ssize_t len = recv(client->fd, client->line + client->len,
	    sizeof(client->line) - client->len, MSG_DONTWAIT);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (len <= 0)
		return false;
	client->len += (size_t)len;
	client->active_ms = uv_now(&client->control->master->loop);
	return true;
}

static void
on_client(uv_poll_t *poll, int status, int events)
{
	struct control_client *client = poll->data;
	bool is_alive = status == 0;

	if (is_alive && (events & UV_WRITABLE) != 0) {
		control_flush(client);
		if (client->out.len == 0)
			control_query_resume(client);
	}
	if (is_alive && (events & UV_READABLE) != 0)
		is_alive = receive(client);
	else if ((events & UV_DISCONNECT) != 0)
		is_alive = false;
	if (!is_alive || !take_lines(client))
		client_close(client);
}

/* Is the peer in a group that is not its first? */
static bool
is_in_group(int fd, gid_t gid)
{
	socklen_t size = 0;
	gid_t *groups;
	bool is_member = false;

	/* it says how many bytes they are */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 ||
	    errno != ERANGE)
		return false;
	groups = memory_new(1, size);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0)
		for (size_t i = 0; i < size / sizeof(*groups); i++)
			is_member = is_member || groups[i] == gid;
	free(groups);
	return is_member;
}

static bool
is_allowed(const struct control *control, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == 0 || peer.uid == control->uid ||
		   peer.gid == control->gid || is_in_group(fd, control->gid));
}

static bool
may_go(const struct control_client *client)
{
	return client->fd >= 0 && client != client->control->backup &&
	       client->reload_run == 0;
}

/*
 * A place for one more; NULL if there is none. One place is always kept free:
 * who has taken the last one drives away who was silent longest, so that nobody
 * keeps others out by being there.
 */
static struct control_client *
make_room(struct control *control)
{
	struct control_client *place = NULL, *eldest = NULL;
	size_t count = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_client *client = &control->clients[i];

		if (client->fd < 0 && !client->is_closing) {
			place = client;
			count++;
		} else if (may_go(client) &&
			   (eldest == NULL ||
			       client->active_ms < eldest->active_ms)) {
			eldest = client;
		}
	}
	if (count <= 1 && eldest != NULL) {
		log_warning(log_word("event", "control-closed"),
		    log_word("reason", "too-many"));
		client_close(eldest);
	}
	return place;
}

static void
client_open(struct control_client *client, int fd)
{
	struct master *master = client->control->master;

	client->fd = fd;
	client->len = 0;
	client->sent = 0;
	client->reload_run = 0;
	client->active_ms = uv_now(&master->loop);
	client->poll.data = client;
	if (uv_poll_init(&master->loop, &client->poll, fd) != 0)
		panic("a socket can be polled");
	watch(client);
}

static void
on_connection(uv_poll_t *poll, int status, int events)
{
	struct control *control = poll->data;
	struct control_client *client = NULL;
	bool is_one_allowed;
	int fd;

	(void)status;
	(void)events;
	fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	is_one_allowed = is_allowed(control, fd);
	if (is_one_allowed)
		client = make_room(control);
	if (client != NULL) {
		client_open(client, fd);
		return;
	}
	log_warning(log_word("event", "control-refused"),
	    log_word("reason", is_one_allowed ? "too-many" : "user"));
	close(fd);
}

struct control *
control_new(struct master *master, int fd)
{
	struct control *control = memory_new(1, sizeof(*control));

	control->master = master;
	control->fd = fd;
	control->uid = geteuid();
	control->gid = getegid();
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		control->clients[i].control = control;
		control->clients[i].fd = -1;
	}
	control->poll.data = control;
	if (uv_poll_init(&master->loop, &control->poll, fd) != 0)
		panic("a socket can be polled");
	uv_poll_start(&control->poll, UV_READABLE, on_connection);
	return control;
}

void
control_close(struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i].fd >= 0)
			client_close(&control->clients[i]);
	uv_close((uv_handle_t *)&control->poll, NULL);
	close(control->fd);
	(void)unlink(control->master->config->control.socket);
}

void
control_free(struct control **control)
{
	free(*control);
	*control = NULL;
}
