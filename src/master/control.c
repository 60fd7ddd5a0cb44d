/* SPDX-License-Identifier: Apache-2.0 */
#include "master/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/memory.h"
#include "master/member.h"
#include "master/reload.h"
#include "proc/privileges.h"

#define CLIENTS_MAX 8
#define BACKLOG     8

#define SOCKET_MODE 0660
#define FOLDER_MODE 0755

struct control_client {
	struct control *control;
	int fd; /* -1: free */
	uv_poll_t poll;
	bool is_closing;     /* the loop still has it */
	uint64_t reload_run; /* whose end it waits for; 0: none */
	size_t len;
	char line[CONTROL_LINE_MAX];
};

struct control {
	struct master *master;
	int fd;
	uv_poll_t poll;
	uid_t uid; /* whose process this is */
	gid_t gid;
	struct control_client clients[CLIENTS_MAX];
	struct control_client *backup; /* who has or awaits one */
	bool is_awaited;
};

static int
make_folder(const char *path, uid_t uid, gid_t gid, char *why, size_t size)
{
	char *folder = memory_copy(bytes_of_string(path));
	char *slash = strrchr(folder, '/');
	int error = 0;

	if (slash != NULL && slash != folder) {
		*slash = '\0';
		if (mkdir(folder, FOLDER_MODE) == 0) {
			/* so that the socket can be removed at the end */
			if (geteuid() == 0 && lchown(folder, uid, gid) != 0)
				error = errno;
		} else if (errno != EEXIST) {
			error = errno;
		}
	}
	if (error != 0)
		snprintf(why, size, "cannot make %s: %s", folder,
		    strerror(error));
	free(folder);
	return -error;
}

/* A socket that nobody listens to any more is in the way. */
static int
remove_stale(const struct sockaddr_un *address, char *why, size_t size)
{
	struct stat status;
	int fd, result;

	if (lstat(address->sun_path, &status) != 0)
		return 0;
	if (!S_ISSOCK(status.st_mode)) {
		snprintf(why, size, "%s is there, and no socket",
		    address->sun_path);
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	result = connect(fd, (const struct sockaddr *)address,
	    sizeof(*address));
	close(fd);
	if (result == 0) {
		snprintf(why, size,
		    "%s is in use by another daemon: give each its own",
		    address->sun_path);
		return -EADDRINUSE;
	}
	(void)unlink(address->sun_path);
	return 0;
}

static int
bind_socket(int fd, const struct sockaddr_un *address, uid_t uid, gid_t gid)
{
	mode_t mask = umask(0777 & ~SOCKET_MODE);
	int result = bind(fd, (const struct sockaddr *)address,
	    sizeof(*address));

	umask(mask);
	if (result != 0 || listen(fd, BACKLOG) != 0)
		return -errno;
	if (geteuid() == 0 && lchown(address->sun_path, uid, gid) != 0)
		return -errno;
	return 0;
}

int
control_bind(const struct config *config, int *bound, char *why, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = config->control.socket;
	uid_t uid;
	gid_t gid;
	int fd, error;

	if (strlen(path) >= sizeof(address.sun_path)) {
		snprintf(why, size, "%s is longer than %zu bytes", path,
		    sizeof(address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	error = proc_privileges_user(config->processes.user, NULL, &uid, &gid,
	    why, size);
	if (error == 0)
		error = make_folder(path, uid, gid, why, size);
	if (error == 0)
		error = remove_stale(&address, why, size);
	if (error != 0)
		return error;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	error = fd < 0 ? -errno : bind_socket(fd, &address, uid, gid);
	if (error == 0) {
		*bound = fd;
		return 0;
	}
	snprintf(why, size, "cannot bind %s: %s", path, strerror(-error));
	if (fd >= 0)
		close(fd);
	return error;
}

static void __attribute__((format(printf, 2, 3)))
answer(struct control_client *client, const char *format, ...)
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
	/* One that does not read its answers gets no more of them. */
	(void)send(client->fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
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
on_backup(struct control_client *client)
{
	struct control *control = client->control;
	struct member *store = store_of(control->master);

	if (control->backup != NULL) {
		answer(client, "error another backup is under way");
		return;
	}
	if (store == NULL || control->master->is_stopping ||
	    !member_tell(store, IPC_BACKUP)) {
		answer(client, "error the store is not there");
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
on_backup_done(struct control_client *client)
{
	struct control *control = client->control;

	if (control->backup != client || control->is_awaited) {
		answer(client, "error there is no backup to be done with");
		return;
	}
	backup_end(control);
	answer(client, "ok");
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
		answer(client, "ok %s/backup",
		    control->master->config->store.path);
		return;
	}
	answer(client, "error %.*s", (int)why.len, (const char *)why.data);
	control->backup = NULL;
}

static void
on_reload(struct control_client *client)
{
	struct master *master = client->control->master;

	if (client->reload_run != 0)
		answer(client, "error you are waiting for one already");
	else if (master->is_stopping)
		answer(client, "error the daemon is about to end");
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
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct control_client *client = &control->clients[i];

		if (client->fd < 0 || client->reload_run == 0 ||
		    client->reload_run > run)
			continue;
		client->reload_run = 0;
		answer(client, "%s %.*s", is_good ? "ok" : "error", (int)len,
		    line);
	}
}

static const struct {
	const char *name;
	void (*handle)(struct control_client *client);
} commands[] = {
	{ "backup", on_backup },
	{ "done", on_backup_done },
	{ "reload", on_reload },
};

static void
on_line(struct control_client *client, const char *line)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, line) != 0)
			continue;
		commands[i].handle(client);
		return;
	}
	answer(client, "error there is no such command");
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
	client->is_closing = true;
	uv_close((uv_handle_t *)&client->poll, on_client_closed);
	close(client->fd);
	client->fd = -1;
}

/* Every whole line that has come; false if one is too long. */
static bool
take_lines(struct control_client *client)
{
	char *end;

	while ((end = memchr(client->line, '\n', client->len)) != NULL) {
		size_t len = (size_t)(end - client->line) + 1;

		*end = '\0';
		/* none is hidden behind a NUL */
		if (strlen(client->line) != len - 1)
			return false;
		on_line(client, client->line);
		client->len -= len;
		memmove(client->line, client->line + len, client->len);
	}
	return client->len < sizeof(client->line);
}

static void
on_client(uv_poll_t *poll, int status, int events)
{
	struct control_client *client = poll->data;
	ssize_t len;

	(void)events;
	len = status < 0
		  ? 0
		  : recv(client->fd, client->line + client->len,
			sizeof(client->line) - client->len, MSG_DONTWAIT);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len > 0)
		client->len += (size_t)len;
	if (len <= 0 || !take_lines(client))
		client_close(client);
}

static bool
is_allowed(const struct control *control, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == 0 || peer.uid == control->uid ||
		   peer.gid == control->gid);
}

static void
on_connection(uv_poll_t *poll, int status, int events)
{
	struct control *control = poll->data;
	struct control_client *client = NULL;
	int fd;

	(void)status;
	(void)events;
	fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	for (size_t i = 0; i < CLIENTS_MAX && client == NULL; i++)
		if (control->clients[i].fd < 0 &&
		    !control->clients[i].is_closing)
			client = &control->clients[i];
	if (client == NULL || !is_allowed(control, fd)) {
		log_warning(log_word("event", "control-refused"),
		    log_word("reason", client == NULL ? "too-many" : "user"));
		close(fd);
		return;
	}
	client->fd = fd;
	client->len = 0;
	client->reload_run = 0;
	client->poll.data = client;
	if (uv_poll_init(&control->master->loop, &client->poll, fd) != 0)
		panic("a socket can be polled");
	uv_poll_start(&client->poll, UV_READABLE, on_client);
}

struct control *
control_new(struct master *master, int fd)
{
	struct control *control = memory_new(1, sizeof(*control));

	control->master = master;
	control->fd = fd;
	control->uid = geteuid();
	control->gid = getegid();
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
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
	for (size_t i = 0; i < CLIENTS_MAX; i++)
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
