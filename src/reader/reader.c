/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader: reads again, while the daemon runs, what its master could read
 * only before it gave up its rights.
 *
 * Duties: reads the configuration and the files that it names, tells the
 *   master of their bytes or of what is wrong, and when one has changed.
 * Privileges: may read every file (CAP_DAC_READ_SEARCH), where the daemon was
 *   started with that right; writes none, knows nobody but the master.
 * Receives: FILES_PATH, FILES_READ, STOP.
 * Sends: FILES_CONFIGURATION, FILES_CREDENTIAL, FILES_DONE, FILES_CHANGED.
 * On failure: nothing is reloaded.
 */
#include "reader/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/change.h"
#include "lib/hash.h"
#include "lib/memory.h"
#include "reader/watch.h"

/* So often files may change while they are read. */
#define ATTEMPTS_MAX 5

struct reader {
	struct proc_child *child;
	reader_check *check;
	struct watch watch;
	struct ipc_files_read in_use; /* and the key of what is told */
	bool is_read_wanted;          /* as soon as nobody is writing */
	bool has_failed;              /* the last time */
	uint64_t fault_hash;          /* of what was wrong then */
};

/* What is read together. */
struct contents {
	struct config *config;
	struct proc_credentials credentials;
	struct config_error fault;
};

static void
contents_done(struct contents *contents)
{
	config_free(&contents->config);
	proc_credentials_wipe(&contents->credentials);
}

/* The key that belongs to the certificate in use, if that stays. */
static bool
is_known(void *context, const struct proc_credentials *credentials)
{
	const struct reader *reader = context;
	const struct ipc_files_read *in_use = &reader->in_use;

	return in_use->private_key_state != 0 &&
	       in_use->private_key_state ==
		   proc_file_state_hash(&credentials->private_key_state,
		       &reader->in_use.key) &&
	       in_use->certificate ==
		   hash_keyed(&reader->in_use.key,
		       buffer_view(&credentials->certificate));
}

static void
read_contents(struct reader *reader, struct contents *contents)
{
	contents_done(contents);
	if (config_load(reader->child->files_path, &contents->config,
		&contents->fault) != 0 ||
	    reader->check(contents->config, &contents->fault) != 0 ||
	    proc_credentials_read_new(contents->config, is_known, reader,
		&contents->credentials, &contents->fault) != 0)
		contents_done(contents);
}

static bool
is_whole(const struct contents *contents)
{
	return contents->fault.text[0] == '\0';
}

static void
add_file(void *context, const char *setting, const char *path)
{
	(void)setting;
	watch_add(context, path);
}

/* Watch what the configuration names; were there others before? */
static bool
watch_all(struct reader *reader, const struct config *config)
{
	struct watch *watch = &reader->watch;
	size_t before = watch->file_count;

	for (size_t i = 0; i < config->sources.count; i++)
		watch_add(watch, config->sources.items[i]);
	config_each_file(config, watch, add_file);
	return watch->file_count != before;
}

/*
 * Read all, again if something has changed meanwhile. Files that were named
 * before are watched on: what is wrong may be mended by going back to them.
 */
static void
read_stable(struct reader *reader, struct contents *contents)
{
	for (int i = 0; i < ATTEMPTS_MAX; i++) {
		watch_start(&reader->watch);
		watch_remember(&reader->watch);
		read_contents(reader, contents);
		if (is_whole(contents) && watch_all(reader, contents->config))
			continue;
		if (!watch_has_changed(&reader->watch))
			break;
	}
}

static void
push(struct reader *reader, enum ipc_message_type type, struct bytes payload,
    int fd)
{
	proc_master_push_with(reader->child, type, payload, fd);
}

static bool
push_as(struct reader *reader, const struct ipc_file *file,
    struct bytes content)
{
	struct buffer out = { NULL, 0, 0 };
	int fd = ipc_sealed_memory("file", content);

	if (fd < 0)
		return false;
	ipc_file_encode(file, &out);
	push(reader, IPC_FILES_CREDENTIAL, buffer_view(&out), fd);
	buffer_done(&out);
	return true;
}

/* Give the master a file's bytes; false if there is no memory for them. */
static bool
push_file(struct reader *reader, uint8_t which, const struct buffer *content)
{
	const struct ipc_file file = { which,
		hash_keyed(&reader->in_use.key, buffer_view(content)), 0 };

	return push_as(reader, &file, buffer_view(content));
}

static bool
push_key(struct reader *reader, const struct proc_credentials *files)
{
	struct ipc_file file = { IPC_CREDENTIAL_PRIVATE_KEY,
		reader->in_use.private_key,
		proc_file_state_hash(&files->private_key_state,
		    &reader->in_use.key) };

	if (files->private_key.data != NULL)
		file.hash = hash_keyed(&reader->in_use.key,
		    buffer_view(&files->private_key));
	return push_as(reader, &file, buffer_view(&files->private_key));
}

static bool
push_configuration(struct reader *reader, const struct config *config)
{
	struct buffer text = { NULL, 0, 0 };
	int fd;

	config_print(config, false, &text);
	fd = ipc_sealed_memory("configuration", buffer_view(&text));
	buffer_done(&text);
	if (fd < 0)
		return false;
	push(reader, IPC_FILES_CONFIGURATION, BYTES_NONE, fd);
	return true;
}

static bool
push_crls(struct reader *reader, const struct proc_credentials *files)
{
	for (size_t i = 0; i < files->crl_count; i++)
		if (!push_file(reader, IPC_FILE_CRL, &files->crls[i]))
			return false;
	return true;
}

static bool
push_contents(struct reader *reader, const struct contents *contents)
{
	const struct proc_credentials *files = &contents->credentials;

	return push_configuration(reader, contents->config) &&
	       push_file(reader, IPC_CREDENTIAL_CERTIFICATE,
		   &files->certificate) &&
	       push_key(reader, files) &&
	       push_file(reader, IPC_CREDENTIAL_CLIENT_CA, &files->client_ca) &&
	       push_crls(reader, files);
}

static void
remember_fault(struct reader *reader, const struct contents *contents)
{
	reader->has_failed = !is_whole(contents);
	reader->fault_hash = hash_of(bytes_of_string(contents->fault.text));
}

static void
read_now(struct reader *reader)
{
	struct contents contents = { .config = NULL };

	reader->is_read_wanted = false;
	read_stable(reader, &contents);
	remember_fault(reader, &contents);
	if (is_whole(&contents) && !push_contents(reader, &contents))
		snprintf(contents.fault.text, sizeof(contents.fault.text),
		    "there is no memory for the files");
	push(reader, IPC_FILES_DONE, bytes_of_string(contents.fault.text), -1);
	contents_done(&contents);
}

static void
tell_of_change(struct reader *reader)
{
	watch_remember(&reader->watch);
	push(reader, IPC_FILES_CHANGED, BYTES_NONE, -1);
}

static void
on_quiet(void *context)
{
	struct reader *reader = context;

	if (reader->is_read_wanted) {
		read_now(reader);
		return;
	}
	if (!reader->child->config->reload.watch)
		return;
	watch_start(&reader->watch);
	if (watch_has_changed(&reader->watch))
		tell_of_change(reader);
}

/* What was wrong may be mended where nobody watched: a missing file is there. */
static bool
is_mended(struct reader *reader)
{
	struct contents contents = { .config = NULL };
	bool is_other;

	if (!reader->has_failed)
		return false;
	read_contents(reader, &contents);
	is_other = hash_of(bytes_of_string(contents.fault.text)) !=
		   reader->fault_hash;
	remember_fault(reader, &contents);
	contents_done(&contents);
	return is_other;
}

static void
on_look(void *context)
{
	struct reader *reader = context;

	if (!reader->child->config->reload.watch)
		return;
	if (watch_has_changed(&reader->watch))
		on_quiet(reader);
	else if (is_mended(reader))
		tell_of_change(reader);
}

static int
on_control(struct proc_child *child, struct ipc_message *message)
{
	struct reader *reader = child->context;

	if (message->type != IPC_FILES_READ ||
	    ipc_files_read_decode(message->payload, &reader->in_use) != 0)
		return -EBADMSG;
	reader->is_read_wanted = true;
	if (!watch_is_busy(&reader->watch))
		read_now(reader);
	return 0;
}

static int
on_message(struct proc_child *child, struct proc_peer *peer,
    struct ipc_message *message)
{
	(void)child;
	(void)peer;
	(void)message;
	return -EBADMSG;
}

static const struct proc_events events = {
	.on_message = on_message,
	.on_control = on_control,
};

int
reader_run(struct proc_child *child, reader_check *check)
{
	struct reader reader = { .child = child, .check = check };
	int status;

	if (child->files_path == NULL)
		fatal("there is no configuration file to read");
	child->context = &reader;
	watch_init(&reader.watch, &child->loop, &reader, on_quiet, on_look);
	proc_child_ready(child);
	status = proc_child_loop(child, &events);
	watch_close(&reader.watch);
	uv_run(&child->loop, UV_RUN_NOWAIT);
	watch_done(&reader.watch);
	return status;
}
