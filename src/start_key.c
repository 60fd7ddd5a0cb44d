/* SPDX-License-Identifier: Apache-2.0 */
#include "start_key.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "ipc/memory.h"
#include "lib/memory.h"

/* Which descriptor it is. */
#define VARIABLE "SIGNET_START_KEY"

/* The state of the file, and all that was in it. */
#define LEFT_BYTES_MAX (sizeof(struct proc_file_state) + 1024 * 1024)

struct left {
	struct proc_file_state state;
	struct buffer key;
};

void
start_key_leave(const struct proc_credentials *credentials)
{
	const struct bytes parts[] = {
		bytes_of(&credentials->private_key_state,
		    sizeof(credentials->private_key_state)),
		buffer_view(&credentials->private_key),
	};
	int fd = ipc_sealed_memory_parts("private-key", parts, 2);
	char number[16];

	if (fd < 0)
		return;
	snprintf(number, sizeof(number), "%d", fd);
	if (fcntl(fd, F_SETFD, 0) != 0 || setenv(VARIABLE, number, 1) != 0)
		close(fd);
}

/* Nobody else may be asked for it, and nobody whom we start gets it. */
static void
take(struct left *left)
{
	const char *number = getenv(VARIABLE);
	struct buffer all = { NULL, 0, 0 };
	int fd;

	if (number == NULL)
		return;
	fd = (int)strtol(number, NULL, 10);
	unsetenv(VARIABLE);
	if (fd > STDERR_FILENO &&
	    ipc_sealed_memory_read(fd, LEFT_BYTES_MAX, &all) == 0) {
		if (all.len > sizeof(left->state)) {
			memcpy(&left->state, all.data, sizeof(left->state));
			/* so that it does not move */
			buffer_reserve(&left->key, all.len);
			buffer_append(&left->key,
			    bytes_skip(buffer_view(&all), sizeof(left->state)));
			left->key.data[left->key.len] = 0;
		}
		close(fd);
	}
	buffer_wipe(&all);
}

static bool
is_known(void *context, const struct proc_credentials *credentials)
{
	const struct left *left = context;

	return left->key.len > 0 && left->state.inode != 0 &&
	       memcmp(&left->state, &credentials->private_key_state,
		   sizeof(left->state)) == 0;
}

int
start_key_read(const struct config *config,
    struct proc_credentials *credentials, struct config_error *fault)
{
	struct left left = { .key = { NULL, 0, 0 } };
	int error;

	take(&left);
	error = proc_credentials_read_new(config, is_known, &left, credentials,
	    fault);
	if (error == 0 && credentials->private_key.data == NULL) {
		credentials->private_key = left.key;
		left.key = (struct buffer){ NULL, 0, 0 };
	}
	buffer_wipe(&left.key);
	return error;
}
