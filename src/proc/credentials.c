/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/memory.h"

/* More than a thousand certificates. */
#define FILE_BYTES_MAX (1024 * 1024)
/* More than a million revoked ones. */
#define CRL_BYTES_MAX (64 * 1024 * 1024)

/* Read on until the end; the size is known, so that no copy is left behind. */
static int
read_all(int fd, size_t max, struct buffer *out)
{
	struct stat status;
	size_t size;

	if (fstat(fd, &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if ((size_t)status.st_size > max)
		return -EFBIG;
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
read_file(const struct config *config, const char *setting, const char *path,
    size_t max, struct buffer *out, struct config_error *fault)
{
	/* Not to wait for whoever writes to a FIFO. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int error = fd < 0 ? -errno : read_all(fd, max, out);

	if (fd >= 0)
		close(fd);
	if (error != 0)
		config_fault(config, fault, setting,
		    "is \"%s\", which cannot be read: %s", path,
		    error == -EINVAL ? "not a regular file" : strerror(-error));
	return error;
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
proc_credentials_read(const struct config *config,
    struct proc_credentials *credentials, struct config_error *fault)
{
	int error;

	error = read_file(config, "tls.certificate", config->tls.certificate,
	    FILE_BYTES_MAX, &credentials->certificate, fault);
	if (error == 0)
		error = read_file(config, "tls.private_key",
		    config->tls.private_key, FILE_BYTES_MAX,
		    &credentials->private_key, fault);
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
