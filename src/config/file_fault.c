/* SPDX-License-Identifier: Apache-2.0 */
#include "config/file_fault.h"

#include "config/change.h"

struct naming {
	struct bytes why;
	const char *setting, *path; /* what why is about; or NULL */
};

static void
match_file(void *context, const char *setting, const char *path)
{
	struct naming *naming = context;
	size_t len = strlen(setting);
	struct bytes why = naming->why;

	if (why.len <= len + 2 || memcmp(why.data, setting, len) != 0 ||
	    memcmp(why.data + len, ": ", 2) != 0 || naming->path != NULL)
		return;
	naming->setting = setting;
	naming->path = path;
}

static bool
begins_with(struct bytes text, const char *start)
{
	size_t len = strlen(start);

	return text.len >= len && memcmp(text.data, start, len) == 0;
}

void
config_file_fault(const struct config *config, struct bytes why,
    struct buffer *out)
{
	struct naming naming = { .why = why };
	struct bytes rest;

	if (config != NULL)
		config_each_file(config, &naming, match_file);
	if (naming.path == NULL || strcmp(naming.setting, "tls.crl") == 0) {
		buffer_append(out, why);
		return;
	}
	rest = bytes_skip(why, strlen(naming.setting) + 2);
	buffer_append(out, bytes_of_string(naming.setting));
	buffer_append(out, BYTES_LITERAL(": "));
	if (!begins_with(rest, naming.path)) {
		buffer_append(out, bytes_of_string(naming.path));
		buffer_append(out, BYTES_LITERAL(": "));
	}
	buffer_append(out, rest);
}

void
config_file_fault_place(const struct config *config, struct bytes why,
    char *place)
{
	struct naming naming = { .why = why };

	config_each_file(config, &naming, match_file);
	if (naming.setting != NULL)
		config_place_print(config, naming.setting, place);
}
