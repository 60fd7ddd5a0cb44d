/* SPDX-License-Identifier: Apache-2.0 */
#include "store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/memory.h"
#include "lib/pack.h"
#include "store/database_options.h"
#include "store/reference.h"

#define FORMAT_KEY BYTES_LITERAL("format")

/* The first is the one that every database has. */
static const char *const family_names[DATABASE_FAMILY_COUNT] = {
	[DATABASE_META] = "default",
	[DATABASE_SESSIONS] = "sessions",
	[DATABASE_QUEUES] = "queues",
	[DATABASE_MESSAGES] = "messages",
	[DATABASE_RETAINED] = "retained",
	[DATABASE_SHARES] = "shares",
};

/* RocksDB says what is wrong in words only. The first row that is found. */
static const struct {
	const char *words;
	int error;
} error_words[] = {
	{ "No space left", ENOSPC },
	{ "Disk quota exceeded", ENOSPC },
	{ "File too large", ENOSPC },
	{ "Read-only file system", EROFS },
	{ "Permission denied", EACCES },
	{ "Corruption", EBADMSG },
	{ "lock hold", EBUSY },
	{ "While lock file", EBUSY },
	{ "You have to open all column families", ENOTSUP },
	{ "Column families not opened", ENOTSUP },
};

const char *
database_family_name(enum database_family family)
{
	return family == DATABASE_META ? "meta" : family_names[family];
}

int
database_error(char *error, char *why)
{
	int number = EIO;

	if (error == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(error_words) / sizeof(error_words[0]);
	     i++) {
		if (strstr(error, error_words[i].words) == NULL)
			continue;
		number = error_words[i].error;
		break;
	}
	snprintf(why, DATABASE_WHY_MAX, "%s", error);
	rocksdb.free(error);
	return -number;
}

static int
format_error(uint32_t format, char *why)
{
	if (format == 0) {
		snprintf(why, DATABASE_WHY_MAX, "Corruption: no format");
		return -EBADMSG;
	}
	if (format <= DATABASE_FORMAT)
		return 0;
	snprintf(why, DATABASE_WHY_MAX,
	    "its format is %u, and this program knows those up to %u", format,
	    DATABASE_FORMAT);
	return -ENOTSUP;
}

/* Does the format let us read it? Unlike check_format(), nothing is written. */
static int
check_format_read(struct database *database, char *why)
{
	struct bytes value;
	struct unpack in;
	int error = database_get(database, DATABASE_META, FORMAT_KEY, &value,
	    why);

	if (error != 0 || value.data == NULL)
		return error;
	in = (struct unpack){ .input = value };
	error = format_error(unpack_u32(&in), why);
	free((void *)(uintptr_t)value.data);
	return error;
}

static int
check_format(struct database *database, char *why)
{
	struct buffer format = { NULL, 0, 0 };
	struct bytes value;
	char *failed = NULL;
	int error = database_get(database, DATABASE_META, FORMAT_KEY, &value,
	    why);

	if (error != 0)
		return error;
	if (value.data == NULL) {
		pack_u32(&format, DATABASE_FORMAT);
		rocksdb.put_cf(database->handle, database->write,
		    database->families[DATABASE_META],
		    (const char *)FORMAT_KEY.data, FORMAT_KEY.len,
		    (const char *)format.data, format.len, &failed);
		buffer_done(&format);
		return database_error(failed, why);
	}
	free((void *)(uintptr_t)value.data);
	return check_format_read(database, why);
}

static int
open_families(struct database *database, const char *path, char *why)
{
	char *failed = NULL;

	database->handle = rocksdb.open_column_families(
	    database->options->common, path, DATABASE_FAMILY_COUNT,
	    family_names,
	    (const rocksdb_options_t *const *)database->options->families,
	    database->families, &failed);
	return database_error(failed, why);
}

static struct database *
database_new(void)
{
	struct database *database = memory_new(1, sizeof(*database));

	database->options = memory_new(1, sizeof(*database->options));
	database_options_init(database->options);
	database->read = rocksdb.readoptions_create();
	rocksdb.readoptions_set_verify_checksums(database->read, 1);
	database->write = rocksdb.writeoptions_create();
	rocksdb.writeoptions_set_sync(database->write, 1);
	return database;
}

int
database_open_to_read(const char *path, struct database **opened, char *why)
{
	struct database *database = database_new();
	char *failed = NULL;
	int error;

	rocksdb.readoptions_set_fill_cache(database->read, 0);
	database->handle = rocksdb.open_for_read_only_column_families(
	    database->options->common, path, DATABASE_FAMILY_COUNT,
	    family_names,
	    (const rocksdb_options_t *const *)database->options->families,
	    database->families, 0, &failed);
	error = database_error(failed, why);
	if (error == 0)
		error = check_format_read(database, why);
	if (error == 0)
		*opened = database;
	else
		database_close(&database);
	return error;
}

int
database_sync_name(const char *path)
{
	char *folder = memory_copy(bytes_of_string(path));
	char *slash = strrchr(folder, '/');
	int fd, error = 0;

	if (slash != NULL)
		*slash = '\0';
	fd = open(slash != NULL ? folder : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		error = -errno;
	if (fd >= 0)
		close(fd);
	free(folder);
	return error;
}

/* RocksDB makes its folder, but does not sync what that is in: without this a
 * power cut could take the whole of a new database. */
static int
keep_name(const char *path, char *why)
{
	int error = database_sync_name(path);

	if (error != 0)
		snprintf(why, DATABASE_WHY_MAX,
		    "cannot sync the folder that %s is in: %s", path,
		    strerror(-error));
	return error;
}

int
database_open(const char *path, struct database **opened, char *why)
{
	struct database *database = database_new();
	int error;

	error = open_families(database, path, why);
	if (error == 0)
		error = keep_name(path, why);
	if (error == 0)
		error = check_format(database, why);
	if (error == 0)
		*opened = database;
	else
		database_close(&database);
	return error;
}

void
database_close(struct database **pointer)
{
	struct database *database = *pointer;

	if (database == NULL)
		return;
	*pointer = NULL;
	if (database->handle != NULL) {
		for (int i = 0; i < DATABASE_FAMILY_COUNT; i++)
			rocksdb.column_family_handle_destroy(
			    database->families[i]);
		rocksdb.close(database->handle);
	}
	rocksdb.readoptions_destroy(database->read);
	rocksdb.writeoptions_destroy(database->write);
	database_options_done(database->options);
	free(database->options);
	free(database);
}

int
database_flush(struct database *database, char *why)
{
	rocksdb_flushoptions_t *options = rocksdb.flushoptions_create();
	char *failed = NULL;

	rocksdb.flushoptions_set_wait(options, 1);
	for (int i = 0; i < DATABASE_FAMILY_COUNT && failed == NULL; i++)
		rocksdb.flush_cf(database->handle, options,
		    database->families[i], &failed);
	rocksdb.flushoptions_destroy(options);
	return database_error(failed, why);
}

uint64_t
database_unflushed(const struct database *database)
{
	uint64_t sum = 0, bytes;

	for (int i = 0; i < DATABASE_FAMILY_COUNT; i++)
		if (rocksdb.property_int_cf(database->handle,
			database->families[i],
			"rocksdb.cur-size-all-mem-tables", &bytes) == 0)
			sum += bytes;
	return sum;
}

int
database_repair(const char *path, char *why)
{
	struct database_options options;
	char *failed = NULL;

	database_options_init(&options);
	/* families are found by their tables, and have the same options */
	rocksdb.options_set_merge_operator(options.common,
	    reference_merge_operator());
	rocksdb.repair_db(options.common, path, &failed);
	database_options_done(&options);
	return database_error(failed, why);
}

int
database_write(struct database *database, rocksdb_writebatch_t *batch,
    char *why)
{
	char *failed = NULL;

	rocksdb.write(database->handle, database->write, batch, &failed);
	return database_error(failed, why);
}

int
database_get(struct database *database, enum database_family family,
    struct bytes key, struct bytes *value, char *why)
{
	char *failed = NULL;
	size_t len = 0;
	char *data = rocksdb.get_cf(database->handle, database->read,
	    database->families[family], (const char *)key.data, key.len, &len,
	    &failed);

	*value = bytes_of(data, data == NULL ? 0 : len);
	return database_error(failed, why);
}
