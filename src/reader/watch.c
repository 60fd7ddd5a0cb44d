/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/memory.h"

#define EVENTS                                                                 \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY |     \
	    IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)
/* What concerns a folder itself, or all of them: no name is looked for. */
#define EVENTS_OF_ALL                                                          \
	(IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_Q_OVERFLOW)

static void on_quiet(uv_timer_t *timer);

static uint64_t
now_ms(const struct watch *watch)
{
	return uv_now(watch->loop);
}

static bool
is_being_written(const struct watch *watch)
{
	for (size_t i = 0; i < watch->name_count; i++)
		if (watch->names[i].written_at_ms != 0 &&
		    now_ms(watch) <
			watch->names[i].written_at_ms + WATCH_WRITING_MS)
			return true;
	return false;
}

static void
on_quiet(uv_timer_t *timer)
{
	struct watch *watch = timer->data;

	if (is_being_written(watch))
		uv_timer_start(timer, on_quiet, WATCH_QUIET_MS, 0);
	else
		watch->on_quiet(watch->context);
}

static void
on_look(uv_timer_t *timer)
{
	struct watch *watch = timer->data;

	if (!uv_is_active((uv_handle_t *)&watch->quiet))
		watch->on_look(watch->context);
}

/* Is it about one of the names that are looked for? */
static bool
take_event(struct watch *watch, const struct inotify_event *event)
{
	bool is_ours = (event->mask & EVENTS_OF_ALL) != 0;

	for (size_t i = 0; i < watch->name_count && event->len > 0; i++) {
		struct watch_name *name = &watch->names[i];

		if (name->descriptor != event->wd ||
		    strcmp(name->name, event->name) != 0)
			continue;
		is_ours = true;
		if ((event->mask & IN_MODIFY) == 0)
			name->written_at_ms = 0;
		else if (name->written_at_ms == 0)
			name->written_at_ms = now_ms(watch);
	}
	return is_ours;
}

static void
on_events(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = poll->data;
	union {
		struct inotify_event event;
		char bytes[16 * 1024];
	} buffer;
	bool is_ours = false;
	ssize_t len, pos = 0;

	(void)status;
	(void)events;
	len = read(watch->fd, &buffer, sizeof(buffer));
	while (pos < len) {
		const struct inotify_event
		    *event = (const void *)(buffer.bytes + pos);

		is_ours = take_event(watch, event) || is_ours;
		pos += (ssize_t)(sizeof(*event) + event->len);
	}
	if (is_ours)
		uv_timer_start(&watch->quiet, on_quiet, WATCH_QUIET_MS, 0);
}

void
watch_init(struct watch *watch, uv_loop_t *loop, void *context,
    void (*quiet)(void *context), void (*look)(void *context))
{
	*watch = (struct watch){ .loop = loop,
		.fd = -1,
		.context = context,
		.on_quiet = quiet,
		.on_look = look };
	watch->quiet.data = watch;
	watch->look.data = watch;
	uv_timer_init(loop, &watch->quiet);
	uv_timer_init(loop, &watch->look);
	uv_timer_start(&watch->look, on_look, WATCH_LOOK_MS, WATCH_LOOK_MS);
}

static void
on_poll_closed(uv_handle_t *handle)
{
	free(handle);
}

/* The kernel's part of it. */
static void
names_clear(struct watch *watch)
{
	if (watch->poll != NULL)
		uv_close((uv_handle_t *)watch->poll, on_poll_closed);
	if (watch->fd >= 0)
		close(watch->fd);
	watch->poll = NULL;
	watch->fd = -1;
	for (size_t i = 0; i < watch->name_count; i++)
		free(watch->names[i].name);
	free(watch->names);
	watch->names = NULL;
	watch->name_count = 0;
}

void
watch_clear(struct watch *watch)
{
	for (size_t i = 0; i < watch->file_count; i++)
		free(watch->files[i].path);
	free(watch->files);
	watch->files = NULL;
	watch->file_count = 0;
}

void
watch_close(struct watch *watch)
{
	names_clear(watch);
	uv_close((uv_handle_t *)&watch->quiet, NULL);
	uv_close((uv_handle_t *)&watch->look, NULL);
}

void
watch_done(struct watch *watch)
{
	watch_clear(watch);
}

void
watch_add(struct watch *watch, const char *path)
{
	for (size_t i = 0; i < watch->file_count; i++)
		if (strcmp(watch->files[i].path, path) == 0)
			return;
	watch->files = memory_resize(watch->files,
	    (watch->file_count + 1) * sizeof(*watch->files));
	watch->files[watch->file_count++] = (struct watch_file){
		.path = memory_copy(bytes_of_string(path)),
		.signature = path_signature_of(path),
	};
}

static void
add_name(void *context, const char *folder, const char *name)
{
	struct watch *watch = context;
	int descriptor = inotify_add_watch(watch->fd, folder,
	    EVENTS | IN_ONLYDIR);

	if (descriptor < 0)
		return; /* the looks will tell */
	for (size_t i = 0; i < watch->name_count; i++)
		if (watch->names[i].descriptor == descriptor &&
		    strcmp(watch->names[i].name, name) == 0)
			return;
	watch->names = memory_resize(watch->names,
	    (watch->name_count + 1) * sizeof(*watch->names));
	watch->names[watch->name_count++] = (struct watch_name){
		.descriptor = descriptor,
		.name = memory_copy(bytes_of_string(name)),
	};
}

void
watch_start(struct watch *watch)
{
	names_clear(watch);
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0)
		return;
	for (size_t i = 0; i < watch->file_count; i++)
		path_follow(watch->files[i].path, watch, add_name);
	watch->poll = memory_new(1, sizeof(*watch->poll));
	watch->poll->data = watch;
	if (uv_poll_init(watch->loop, watch->poll, watch->fd) != 0)
		panic("inotify can be polled");
	uv_poll_start(watch->poll, UV_READABLE, on_events);
}

void
watch_remember(struct watch *watch)
{
	for (size_t i = 0; i < watch->file_count; i++)
		watch->files[i].signature = path_signature_of(
		    watch->files[i].path);
}

bool
watch_has_changed(const struct watch *watch)
{
	for (size_t i = 0; i < watch->file_count; i++) {
		struct path_signature now = path_signature_of(
		    watch->files[i].path);

		if (!path_signature_is_equal(&now, &watch->files[i].signature))
			return true;
	}
	return false;
}

bool
watch_is_busy(const struct watch *watch)
{
	return is_being_written(watch);
}
