/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/memory.h"

/* More than a thousand certificates. */
#define FILE_BYTES_MAX (1024 * 1024)
/* More than a million revoked ones. */
#define CRL_BYTES_MAX (64 * 1024 * 1024)

/* File systems have clocks that tick as slowly as that. */
#define TICK_NS UINT64_C(2000000000)

static uint64_t
ns_of(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * UINT64_C(1000000000) +
	       (uint64_t)time->tv_nsec;
}

/* What was changed just now may be changed again within the same tick. */
static struct proc_file_state
state_of(const struct stat *status)
{
	struct proc_file_state state = { status->st_dev, status->st_ino,
		(uint64_t)status->st_size, ns_of(&status->st_mtim),
		ns_of(&status->st_ctim) };
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0 ||
	    state.changed_ns + TICK_NS > ns_of(&now))
		return (struct proc_file_state){ .inode = 0 };
	return state;
}

uint64_t
proc_file_state_hash(const struct proc_file_state *state,
    const struct hash_key *key)
{
	if (state->inode == 0)
		return 0;
	return hash_keyed(key, bytes_of(state, sizeof(*state)));
}

/* Read on until the end; the size is known, so that no copy is left behind. */
static int
read_all(int fd, size_t max, struct buffer *out, struct proc_file_state *state)
{
	struct stat status;
	size_t size;

	if (fstat(fd, &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if ((size_t)status.st_size > max)
		return -EFBIG;
	*state = state_of(&status);
	size = (size_t)status.st_size;
	buffer_reserve(out, size + 1);
	while (out->len < size) {
		ssize_t len = read(fd, out->data + out->len, size - out->len);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		if (len == 0)
			break;
		out->len += (size_t)len;
	}
	out->data[out->len] = 0;
	return 0;
}

static int
read_file_state(const struct config *config, const char *setting,
    const char *path, size_t max, struct buffer *out,
    struct proc_file_state *state, struct config_error *fault)
{
	/* Not to wait for whoever writes to a FIFO. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int error = fd < 0 ? -errno : read_all(fd, max, out, state);

	if (fd >= 0)
		close(fd);
	if (error != 0)
		config_fault(config, fault, setting,
		    "is \"%s\", which cannot be read: %s", path,
		    error == -EINVAL ? "not a regular file" : strerror(-error));
	return error;
}

static int
read_file(const struct config *config, const char *setting, const char *path,
    size_t max, struct buffer *out, struct config_error *fault)
{
	struct proc_file_state state;

	return read_file_state(config, setting, path, max, out, &state, fault);
}

static int
read_key(const struct config *config, proc_credentials_is_known *is_known,
    void *context, struct proc_credentials *credentials,
    struct config_error *fault)
{
	const char *path = config->tls.private_key;
	struct stat status;

	if (is_known != NULL && stat(path, &status) == 0) {
		credentials->private_key_state = state_of(&status);
		if (is_known(context, credentials))
			return 0;
	}
	return read_file_state(config, "tls.private_key", path, FILE_BYTES_MAX,
	    &credentials->private_key, &credentials->private_key_state, fault);
}

static int
read_crls(const struct config *config, struct proc_credentials *credentials,
    struct config_error *fault)
{
	const struct config_strings *files = &config->tls.crl;
	char setting[32];
	int error = 0;

	credentials->crls = memory_new(files->count + 1,
	    sizeof(*credentials->crls));
	for (size_t i = 0; i < files->count && error == 0; i++) {
		snprintf(setting, sizeof(setting), "tls.crl[%zu]", i);
		error = read_file(config, setting, files->items[i],
		    CRL_BYTES_MAX, &credentials->crls[i], fault);
		credentials->crl_count++;
	}
	return error;
}

int
proc_credentials_read_new(const struct config *config,
    proc_credentials_is_known *is_known, void *context,
    struct proc_credentials *credentials, struct config_error *fault)
{
	int error;

	error = read_file(config, "tls.certificate", config->tls.certificate,
	    FILE_BYTES_MAX, &credentials->certificate, fault);
	if (error == 0)
		error = read_key(config, is_known, context, credentials, fault);
	if (error == 0)
		error = read_file(config, "tls.client_ca",
		    config->tls.client_ca, FILE_BYTES_MAX,
		    &credentials->client_ca, fault);
	if (error == 0)
		error = read_crls(config, credentials, fault);
	if (error != 0)
		proc_credentials_wipe(credentials);
	return error;
}

int
proc_credentials_read(const struct config *config,
    struct proc_credentials *credentials, struct config_error *fault)
{
	return proc_credentials_read_new(config, NULL, NULL, credentials,
	    fault);
}

void
proc_credentials_forget_crls(struct proc_credentials *credentials)
{
	for (size_t i = 0; i < credentials->crl_count; i++)
		buffer_done(&credentials->crls[i]);
	free(credentials->crls);
	credentials->crls = NULL;
	credentials->crl_count = 0;
}

void
proc_credentials_wipe(struct proc_credentials *credentials)
{
	buffer_wipe(&credentials->private_key);
	buffer_done(&credentials->certificate);
	buffer_done(&credentials->client_ca);
	proc_credentials_forget_crls(credentials);
}
