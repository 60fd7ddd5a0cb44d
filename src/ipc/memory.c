/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed memory: bytes in a memfd that nobody can change any more, so that
 * their receiver can look at them in place.
 */
#include "ipc/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "lib/descriptor.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

int
ipc_sealed_memory_parts(const char *name, const struct bytes *parts,
    size_t count)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int error = 0;

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < count && error == 0; i++)
		error = descriptor_write(fd, parts[i]);
	if (error == 0 && fcntl(fd, F_ADD_SEALS, SEALS) != 0)
		error = -errno;
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

int
ipc_sealed_memory(const char *name, struct bytes content)
{
	return ipc_sealed_memory_parts(name, &content, 1);
}

/* The size of a sealed memfd, or what ipc_sealed_memory_read() returns. */
static int
sealed_size(int fd, size_t max, size_t *size)
{
	struct stat status;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & SEALS) != SEALS)
		return -EBADMSG;
	if (fstat(fd, &status) != 0)
		return -errno;
	if (status.st_size < 0 || (uint64_t)status.st_size > max)
		return -EBADMSG;
	*size = (size_t)status.st_size;
	return 0;
}

int
ipc_sealed_memory_read(int fd, size_t max, struct buffer *out)
{
	size_t size;
	size_t pos = 0;
	uint8_t *at;
	int error = sealed_size(fd, max, &size);

	if (error != 0)
		return error;
	at = buffer_reserve(out, size + 1);
	while (pos < size) {
		ssize_t len = pread(fd, at + pos, size - pos, (off_t)pos);

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return len < 0 ? -errno : -EBADMSG;
		pos += (size_t)len;
	}
	at[size] = 0;
	out->len += size;
	return 0;
}

int
ipc_sealed_memory_map(int fd, size_t len, struct bytes *view)
{
	size_t size;
	void *at;
	int error = sealed_size(fd, len, &size);

	if (error != 0)
		return error;
	if (size != len || len == 0)
		return -EBADMSG;
	at = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	*view = bytes_of(at, len);
	return 0;
}

void
ipc_sealed_memory_unmap(struct bytes view)
{
	if (view.len > 0)
		munmap((void *)(uintptr_t)view.data, view.len);
}
