/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/descriptor.h"

#include <errno.h>
#include <unistd.h>

int
descriptor_write(int fd, struct bytes content)
{
	while (content.len > 0) {
		ssize_t len = write(fd, content.data, content.len);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		if (len == 0) /* POSIX allows it for what is no regular file */
			return -EIO;
		content = bytes_skip(content, (size_t)len);
	}
	return 0;
}
