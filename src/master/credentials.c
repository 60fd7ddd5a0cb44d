/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/master.h"

/* More than a thousand certificates. */
#define FILE_BYTES_MAX (1024 * 1024)

/* Read on until the end; the size is known, so that no copy is left behind. */
static int
read_all(int fd, struct buffer *out)
{
	struct stat status;
	size_t size;

	if (fstat(fd, &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_size > FILE_BYTES_MAX)
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
read_file(const char *setting, const char *path, struct buffer *out, char *why,
    size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int error = fd < 0 ? -errno : read_all(fd, out);

	if (fd >= 0)
		close(fd);
	if (error != 0)
		snprintf(why, size, "%s: cannot read %s: %s", setting, path,
		    error == -EINVAL ? "not a regular file" : strerror(-error));
	return error;
}

int
master_credentials_read(const struct config *config,
    struct proc_credentials *credentials, char *why, size_t size)
{
	int error;

	error = read_file("tls.certificate", config->tls.certificate,
	    &credentials->certificate, why, size);
	if (error == 0)
		error = read_file("tls.private_key", config->tls.private_key,
		    &credentials->private_key, why, size);
	if (error == 0)
		error = read_file("tls.client_ca", config->tls.client_ca,
		    &credentials->client_ca, why, size);
	if (error != 0)
		master_credentials_wipe(credentials);
	return error;
}

void
master_credentials_wipe(struct proc_credentials *credentials)
{
	buffer_wipe(&credentials->private_key);
	buffer_done(&credentials->certificate);
	buffer_done(&credentials->client_ca);
}
