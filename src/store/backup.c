/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/memory.h"
#include "store/fault.h"

#define FOLDER_MODE 0700

struct backup {
	uv_work_t work; /* first: they are the same address */
	struct store *store;
	char *folder; /* store.path/backup */
	char *path;   /* of the database in it */
	bool is_under_way;
	bool is_wanted; /* files are, by the job that is under way */
	bool is_again;  /* another job is to follow, and it wants: */
	bool is_wanted_next;
	int error;
	char why[DATABASE_WHY_MAX];
};

static char *
path_in(const char *folder, const char *name)
{
	size_t size = strlen(folder) + strlen(name) + 2;
	char *path = memory_new(1, size);

	snprintf(path, size, "%s/%s", folder, name);
	return path;
}

struct backup *
backup_new(struct store *store)
{
	struct backup *backup = memory_new(1, sizeof(*backup));

	backup->store = store;
	backup->folder = path_in(store->child->config->store.path,
	    STORE_BACKUP_NAME);
	backup->path = path_in(backup->folder, STORE_DATABASE_NAME);
	return backup;
}

void
backup_free(struct backup **backup)
{
	if (*backup == NULL)
		return;
	free((*backup)->folder);
	free((*backup)->path);
	free(*backup);
	*backup = NULL;
}

static int
remove_files(struct backup *backup)
{
	rocksdb_options_t *options;
	char *failed = NULL;

	if (access(backup->path, F_OK) == 0) {
		options = rocksdb.options_create();
		rocksdb.destroy_db(options, backup->path, &failed);
		rocksdb.options_destroy(options);
		(void)rmdir(backup->path);
	}
	(void)rmdir(backup->folder);
	return database_error(failed, backup->why);
}

static int
make_files(struct backup *backup)
{
	rocksdb_checkpoint_t *checkpoint;
	char *failed = NULL;

	if (mkdir(backup->folder, FOLDER_MODE) != 0) {
		snprintf(backup->why, sizeof(backup->why), "cannot make %s: %s",
		    backup->folder, strerror(errno));
		return -errno;
	}
	checkpoint = rocksdb.checkpoint_object_create(
	    backup->store->database->handle, &failed);
	if (failed == NULL) {
		/* 0: what is in memory is put into tables, not logs */
		rocksdb.checkpoint_create(checkpoint, backup->path, 0, &failed);
		rocksdb.checkpoint_object_destroy(checkpoint);
	}
	return database_error(failed, backup->why);
}

static void
on_work(uv_work_t *work)
{
	struct backup *backup = (struct backup *)work;

	backup->error = remove_files(backup);
	if (backup->error == 0 && backup->is_wanted)
		backup->error = make_files(backup);
}

static void
tell(struct backup *backup, const char *why)
{
	proc_master_push(backup->store->child, IPC_BACKUP_DONE,
	    bytes_of_string(why));
}

static void begin(struct backup *backup);

static void
on_done(uv_work_t *work, int status)
{
	struct backup *backup = (struct backup *)work;
	struct store *store = backup->store;

	(void)status;
	backup->is_under_way = false;
	if (backup->error != 0)
		log_warning(log_word("event", "backup-failed"),
		    log_string("why", backup->why));
	if (backup->is_again)
		begin(backup);
	else if (backup->is_wanted)
		tell(backup, backup->error == 0 ? "" : backup->why);
	store_job_done(store);
}

static void
begin(struct backup *backup)
{
	struct store *store = backup->store;

	backup->is_again = false;
	backup->is_wanted = backup->is_wanted_next;
	if (fault_is_open(store->fault)) {
		if (backup->is_wanted)
			tell(backup, "the store waits for its disk");
		return;
	}
	backup->is_under_way = true;
	store->job_count++;
	if (uv_queue_work(&store->child->loop, &backup->work, on_work,
		on_done) != 0)
		panic("the pool takes a backup");
}

static void
want(struct backup *backup, bool is_wanted)
{
	backup->is_wanted_next = is_wanted;
	if (backup->is_under_way)
		backup->is_again = true;
	else
		begin(backup);
}

void
backup_make(struct backup *backup)
{
	want(backup, true);
}

void
backup_remove(struct backup *backup)
{
	want(backup, false);
}
