/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are watched: by inotify(7) on the folders that their names lead
 * through, and by a look at them every few seconds, for what inotify does not
 * tell (a file system on another machine).
 */
#ifndef SIGNET_READER_WATCH_H
#define SIGNET_READER_WATCH_H

#include <uv.h>

#include "reader/path.h"

/* Nothing has come for so long: what was being changed is whole. */
#define WATCH_QUIET_MS 200
/* A file that somebody writes to and does not close counts as whole then. */
#define WATCH_WRITING_MS 5000
/* Between two looks at all files. */
#define WATCH_LOOK_MS 10000

struct watch_file {
	char *path;
	struct path_signature signature;
};

/* A name in a folder, and the inotify watch of the folder. */
struct watch_name {
	int descriptor;
	char *name;
	uint64_t written_at_ms; /* somebody writes to it since; 0: nobody */
};

struct watch {
	uv_loop_t *loop;
	int fd; /* of inotify; -1: the looks are all there is */
	uv_poll_t *poll;
	uv_timer_t quiet;
	uv_timer_t look;
	size_t file_count;
	struct watch_file *files;
	size_t name_count;
	struct watch_name *names;
	void *context;
	void (*on_quiet)(void *context); /* changes have come to rest */
	void (*on_look)(void *context);  /* the time to look at all has come */
};

/* Begin with no files. The callbacks come from the loop. */
void watch_init(struct watch *watch, uv_loop_t *loop, void *context,
    void (*on_quiet)(void *context), void (*on_look)(void *context));

/* Close all handles; what is left is freed by watch_done() after a turn. */
void watch_close(struct watch *watch);
void watch_done(struct watch *watch);

/* Forget all files; add one, which is watched after watch_start(). */
void watch_clear(struct watch *watch);
void watch_add(struct watch *watch, const char *path);

/* Watch the folders that the files are found through now. */
void watch_start(struct watch *watch);

/* Remember how the files are now; do they differ from what is remembered? */
void watch_remember(struct watch *watch);
bool watch_has_changed(const struct watch *watch);

/* Is somebody in the middle of changing a file? Then on_quiet comes. */
bool watch_is_busy(const struct watch *watch);

#endif
