/* SPDX-License-Identifier: Apache-2.0 */
#include "config/file_name.h"

#include <stdlib.h>

#include "lib/memory.h"

#define PREFIX_LEN (sizeof(CONFIG_CREDENTIALS) - 1)

char *
config_file_name(const struct config_source *source, const char *name)
{
	const char *folder;
	size_t folder_len, rest_len;
	char *path;

	if (source->folder == NULL ||
	    strncmp(name, CONFIG_CREDENTIALS "/", PREFIX_LEN + 1) != 0)
		return config_source_resolve(source, name);
	folder = getenv("CREDENTIALS_DIRECTORY");
	if (folder == NULL || folder[0] != '/')
		return NULL;
	folder_len = strlen(folder);
	rest_len = strlen(name + PREFIX_LEN);
	path = memory_new(1, folder_len + rest_len + 1);
	memcpy(path, folder, folder_len);
	memcpy(path + folder_len, name + PREFIX_LEN, rest_len);
	return path;
}
