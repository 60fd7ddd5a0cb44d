/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From libconfig's tree of settings to struct config, by the schema.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/check.h"
#include "config/fault.h"
#include "config/file_name.h"
#include "config/schema.h"
#include "lib/memory.h"

/* An item of an array of texts: the longest MQTT string. */
#define ITEM_LEN_MAX 65535
/* PATH_MAX without its NUL. */
#define FILE_LEN_MAX 4095

struct loader {
	const struct config_source *source;
	struct config *config;
	struct config_error *error;
	bool is_alone; /* the files that it names need not be there */
};

/* A group, or an element of a list, and what its settings are put into. */
struct scope {
	const char *path;   /* "roles[0].match", "" for the file */
	const char *schema; /* "roles[].match" */
	void *base;
};

static struct config_place
setting_place(const struct loader *loader, const config_setting_t *setting)
{
	return config_source_place(loader->source,
	    config_setting_source_line(setting));
}

static void __attribute__((format(printf, 4, 5))) fault(struct loader *loader,
    const config_setting_t *setting, const char *path, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	config_fault_setting(loader->error, setting_place(loader, setting),
	    path, format, arguments);
	va_end(arguments);
}

static const char *
setting_type(const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_GROUP:
		return "a group";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a whole number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "a string";
	case CONFIG_TYPE_BOOL:
		return "a boolean";
	case CONFIG_TYPE_ARRAY:
		return "an array";
	default:
		return "a list";
	}
}

static bool
is_text(const config_setting_t *setting)
{
	return config_setting_type(setting) == CONFIG_TYPE_STRING;
}

static void
load_number(struct loader *loader, const struct config_row *row,
    const config_setting_t *setting, const struct scope *scope,
    const char *path)
{
	int type = config_setting_type(setting);
	long long value;

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
		fault(loader, setting, path, "must be a whole number, not %s",
		    setting_type(setting));
		return;
	}
	/* libconfig 1.5 cuts these to 32 bits without a word. */
	if (config_setting_get_format(setting) != CONFIG_FORMAT_DEFAULT) {
		fault(loader, setting, path, "must be written in decimal");
		return;
	}
	value = type == CONFIG_TYPE_INT ? config_setting_get_int(setting)
					: config_setting_get_int64(setting);
	if (value < row->least || value > row->most) {
		fault(loader, setting, path,
		    "is %lld, but must be from %lld to %lld%s%s", value,
		    (long long)row->least, (long long)row->most,
		    row->unit == NULL ? "" : " ",
		    row->unit == NULL ? "" : row->unit);
		return;
	}
	config_number_set(row, scope->base, value);
}

static void
load_word(struct loader *loader, const struct config_row *row,
    const config_setting_t *setting, const struct scope *scope,
    const char *path)
{
	char known[256] = "";
	const char *value, *word;
	unsigned int i;

	if (!is_text(setting)) {
		fault(loader, setting, path, "must be a string, not %s",
		    setting_type(setting));
		return;
	}
	value = config_setting_get_string(setting);
	for (i = 0; (word = row->word(i)) != NULL; i++) {
		size_t len = strlen(known);

		if (strcmp(value, word) == 0) {
			config_number_set(row, scope->base, i);
			return;
		}
		snprintf(known + len, sizeof(known) - len, "%s\"%s\"",
		    i == 0 ? "" : ", ", word);
	}
	fault(loader, setting, path, "is \"%.64s\", but must be %s%s", value,
	    i > 1 ? "one of " : "", known);
}

static void
load_switch(struct loader *loader, const struct config_row *row,
    const config_setting_t *setting, const struct scope *scope,
    const char *path)
{
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		fault(loader, setting, path, "must be true or false, not %s",
		    setting_type(setting));
	else
		config_number_set(row, scope->base,
		    config_setting_get_bool(setting));
}

static bool
text_is_well(struct loader *loader, const struct config_row *row,
    const config_setting_t *setting, const char *path)
{
	size_t len;

	if (!is_text(setting)) {
		fault(loader, setting, path, "must be a string, not %s",
		    setting_type(setting));
		return false;
	}
	len = strlen(config_setting_get_string(setting));
	if (len == 0 && row->least > 0) {
		fault(loader, setting, path, "is empty");
		return false;
	}
	if (len < (size_t)row->least || len > (size_t)row->most) {
		fault(loader, setting, path,
		    "has %zu bytes, but must have from %lld to %lld", len,
		    (long long)row->least, (long long)row->most);
		return false;
	}
	return true;
}

static bool
address_is_well(struct loader *loader, const config_setting_t *setting,
    const char *path)
{
	const char *value = config_setting_get_string(setting);
	struct in6_addr address;

	if (inet_pton(AF_INET, value, &address) == 1 ||
	    inet_pton(AF_INET6, value, &address) == 1)
		return true;
	fault(loader, setting, path,
	    "is \"%s\", but must be an IPv4 or IPv6 address in digits", value);
	return false;
}

/* The absolute name; NULL if there is no such file to read. */
static char *
file_find(struct loader *loader, const config_setting_t *setting,
    const char *path)
{
	char *file = config_file_name(loader->source,
	    config_setting_get_string(setting));

	if (file == NULL) {
		fault(loader, setting, path,
		    "names " CONFIG_CREDENTIALS ", which is not set: a systemd "
		    "unit with LoadCredential= sets it");
		return NULL;
	}
	/* Text that is no file touches no other file. */
	if (loader->source->folder == NULL || loader->is_alone ||
	    faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) == 0)
		return file;
	fault(loader, setting, path, "names %s: %s", file, strerror(errno));
	free(file);
	return NULL;
}

static void
load_text(struct loader *loader, const struct config_row *row,
    const config_setting_t *setting, const struct scope *scope,
    const char *path)
{
	char **member = (char **)((char *)scope->base + row->offset);
	char *value;

	if (!text_is_well(loader, row, setting, path))
		return;
	if (row->kind == CONFIG_KIND_ADDRESS &&
	    !address_is_well(loader, setting, path))
		return;
	if (row->kind == CONFIG_KIND_FILE)
		value = file_find(loader, setting, path);
	else if (row->kind == CONFIG_KIND_PATH)
		value = config_source_resolve(loader->source,
		    config_setting_get_string(setting));
	else
		value = memory_copy(
		    bytes_of_string(config_setting_get_string(setting)));
	if (value == NULL)
		return;
	free(*member);
	*member = value;
}

/* Is it a list or an array of as many elements as the row allows? */
static bool
count_is_well(struct loader *loader, const struct config_row *row,
    const config_setting_t *setting, const char *path)
{
	int count = config_setting_length(setting);

	if (count == 0 && row->least > 0) {
		fault(loader, setting, path, "is empty");
		return false;
	}
	if (count < row->least || count > row->most) {
		fault(loader, setting, path,
		    "has %d entries, but must have from %lld to %lld", count,
		    (long long)row->least, (long long)row->most);
		return false;
	}
	return true;
}

/* An item of an array that is well; none for a file that cannot be read. */
static void
add_item(struct loader *loader, const config_setting_t *item,
    const struct config_row *item_row, struct config_strings *texts,
    const char *path)
{
	char *value = item_row->is_files
			  ? file_find(loader, item, path)
			  : memory_copy(bytes_of_string(
				config_setting_get_string(item)));

	if (value != NULL)
		texts->items[texts->count++] = value;
}

/* A string alone is an array of one. */
static void
load_one_text(struct loader *loader, const config_setting_t *setting,
    const struct config_row *item_row, struct config_strings *texts,
    const char *path)
{
	char item_path[CONFIG_PATH_MAX];

	config_path_format(item_path, "%s[0]", path);
	config_place_add(loader->config, item_path,
	    setting_place(loader, setting));
	if (!text_is_well(loader, item_row, setting, path))
		return;
	texts->items = memory_new(1, sizeof(*texts->items));
	add_item(loader, setting, item_row, texts, path);
}

static void
load_texts(struct loader *loader, const struct config_row *row,
    const config_setting_t *setting, const struct scope *scope,
    const char *path)
{
	const struct config_row item_row = { .least = 1,
		.most = row->is_files ? FILE_LEN_MAX : ITEM_LEN_MAX,
		.is_files = row->is_files };
	struct config_strings *texts = (void *)((char *)scope->base +
						row->offset);
	const config_setting_t *item;
	char item_path[CONFIG_PATH_MAX];
	unsigned int i, count;

	if (is_text(setting)) {
		load_one_text(loader, setting, &item_row, texts, path);
		return;
	}
	if (!config_setting_is_array(setting) &&
	    !config_setting_is_list(setting)) {
		fault(loader, setting, path,
		    "must be an array of strings, [ \"...\" ], not %s",
		    setting_type(setting));
		return;
	}
	if (!count_is_well(loader, row, setting, path))
		return;
	count = (unsigned int)config_setting_length(setting);
	texts->items = memory_new(count + 1, sizeof(*texts->items));
	for (i = 0; i < count; i++) {
		item = config_setting_get_elem(setting, i);
		config_path_format(item_path, "%s[%u]", path, i);
		config_place_add(loader->config, item_path,
		    setting_place(loader, item));
		if (!text_is_well(loader, &item_row, item, item_path))
			continue;
		add_item(loader, item, &item_row, texts, item_path);
	}
}

static void load_group(struct loader *loader, const config_setting_t *group,
    const struct scope *scope);

static void
load_list(struct loader *loader, const struct config_row *row,
    const config_setting_t *setting, const struct scope *scope,
    const char *path)
{
	char item_path[CONFIG_PATH_MAX], item_schema[CONFIG_PATH_MAX];
	const config_setting_t *item;
	struct scope inner = { item_path, item_schema, NULL };
	char *items;
	unsigned int i, count;

	if (!config_setting_is_list(setting)) {
		fault(loader, setting, path,
		    "must be a list of groups, ( { ... } ), not %s",
		    setting_type(setting));
		return;
	}
	if (!count_is_well(loader, row, setting, path))
		return;
	count = (unsigned int)config_setting_length(setting);
	items = config_list_new(row, scope->base, count);
	config_path_format(item_schema, "%s[]", row->path);
	for (i = 0; i < count; i++) {
		item = config_setting_get_elem(setting, i);
		config_path_format(item_path, "%s[%u]", path, i);
		config_place_add(loader->config, item_path,
		    setting_place(loader, item));
		inner.base = items + i * row->element_size;
		if (config_setting_is_group(item))
			load_group(loader, item, &inner);
		else
			fault(loader, item, item_path,
			    "must be a group, { ... }, not %s",
			    setting_type(item));
	}
}

static void
load_value(struct loader *loader, const struct config_row *row,
    const config_setting_t *setting, const struct scope *scope,
    const char *path)
{
	config_place_add(loader->config, path, setting_place(loader, setting));
	switch (row->kind) {
	case CONFIG_KIND_LIST:
		load_list(loader, row, setting, scope, path);
		break;
	case CONFIG_KIND_NUMBER:
		load_number(loader, row, setting, scope, path);
		break;
	case CONFIG_KIND_WORD:
		load_word(loader, row, setting, scope, path);
		break;
	case CONFIG_KIND_SWITCH:
		load_switch(loader, row, setting, scope, path);
		break;
	case CONFIG_KIND_TEXT:
	case CONFIG_KIND_ADDRESS:
	case CONFIG_KIND_FILE:
	case CONFIG_KIND_PATH:
		load_text(loader, row, setting, scope, path);
		break;
	case CONFIG_KIND_TEXTS:
		load_texts(loader, row, setting, scope, path);
		break;
	}
}

/* schema: of the unknown setting, which path names. */
static void
fault_unknown(struct loader *loader, const config_setting_t *setting,
    const struct scope *scope, const char *schema, const char *path)
{
	char nearest[CONFIG_PATH_MAX];
	size_t group_len = strlen(scope->schema);
	bool is_near = config_path_nearest(schema, nearest);
	const char *said = is_near ? "did you mean" : "the nearest known is";
	const char *end = is_near ? "?" : "";

	/* In the same group: with the same indices. */
	if (group_len > 0 && nearest[group_len] == '.' &&
	    strncmp(nearest, scope->schema, group_len) == 0)
		fault(loader, setting, path, "is unknown; %s `%s%s'%s", said,
		    scope->path, nearest + group_len, end);
	else
		fault(loader, setting, path, "is unknown; %s `%s'%s", said,
		    nearest, end);
}

static void
load_setting(struct loader *loader, const config_setting_t *setting,
    const struct scope *scope)
{
	char path[CONFIG_PATH_MAX], schema[CONFIG_PATH_MAX];
	const char *dot = scope->path[0] == '\0' ? "" : ".";
	const char *name = config_setting_name(setting);
	const struct scope inner = { path, schema, scope->base };
	const struct config_row *row;

	/* Half of it for a name leaves room for where it stands. */
	config_path_format(path, "%s%s%.*s", scope->path, dot,
	    CONFIG_PATH_MAX / 2, name);
	config_path_format(schema, "%s%s%.*s", scope->schema, dot,
	    CONFIG_PATH_MAX / 2, name);
	row = config_row_find(schema);
	if (row != NULL)
		load_value(loader, row, setting, scope, path);
	else if (!config_path_is_group(schema))
		fault_unknown(loader, setting, scope, schema, path);
	else if (!config_setting_is_group(setting))
		fault(loader, setting, path, "must be a group, { ... }, not %s",
		    setting_type(setting));
	else
		load_group(loader, setting, &inner);
}

/* Is this setting given anywhere below the group? */
static bool
is_given(const config_setting_t *group, const char *relative)
{
	config_setting_t *found = (config_setting_t *)group;
	char name[CONFIG_PATH_MAX];
	size_t len;

	while (found != NULL && *relative != '\0') {
		len = strcspn(relative, ".");
		config_path_format(name, "%.*s", (int)len, relative);
		relative += len + (relative[len] == '.');
		found = config_setting_is_group(found)
			    ? config_setting_get_member(found, name)
			    : NULL;
	}
	return found != NULL;
}

/* What is required has to stand in the file or in the list's element. */
static void
find_missing(struct loader *loader, const config_setting_t *group,
    const char *path, const char *schema)
{
	char full[CONFIG_PATH_MAX];
	const struct config_row *row;
	size_t i;

	for (i = 0; i < config_row_count; i++) {
		row = &config_rows[i];
		if (!row->is_required || !config_row_is_in(row, schema) ||
		    is_given(group, row->path + strlen(schema)))
			continue;
		config_path_format(full, "%s%s", path,
		    row->path + strlen(schema));
		fault(loader, group, full, "is missing");
	}
}

static void
load_group(struct loader *loader, const config_setting_t *group,
    const struct scope *scope)
{
	bool is_whole = scope->path[0] == '\0';
	char path[CONFIG_PATH_MAX], schema[CONFIG_PATH_MAX];
	int i;

	config_path_format(path, "%s%s", scope->path, is_whole ? "" : ".");
	config_path_format(schema, "%s%s", scope->schema, is_whole ? "" : ".");
	/* Not in a group within: it shares the base of the one around it. */
	is_whole = is_whole ||
		   strcmp(scope->schema + strlen(scope->schema) - 2, "[]") == 0;
	if (is_whole)
		config_defaults_set(schema, scope->base, false);
	for (i = 0; i < config_setting_length(group); i++)
		load_setting(loader,
		    config_setting_get_elem(group, (unsigned int)i), scope);
	if (is_whole)
		find_missing(loader, group, path, schema);
}

/* Fill the loader's config from its source's text. */
static void
load_tree(struct loader *loader)
{
	const struct scope file = { "", "", loader->config };
	config_t tree;

	config_init(&tree);
	if (config_read_string(&tree,
		(const char *)loader->source->text.data) != CONFIG_TRUE)
		config_fault_at(loader->error,
		    config_source_place(loader->source,
			(size_t)config_error_line(&tree)),
		    "%s, here or in the line before", config_error_text(&tree));
	else
		load_group(loader, config_root_setting(&tree), &file);
	config_destroy(&tree);
}

static int
load(struct config_source *source, bool is_alone, struct config **config,
    struct config_error *error)
{
	struct config *loaded = memory_new(1, sizeof(*loaded));
	struct loader loader = { source, loaded, error, is_alone };

	load_tree(&loader);
	if (error->text[0] == '\0')
		config_check(loaded, error);
	if (error->text[0] != '\0') {
		config_free(&loaded);
		return -EINVAL;
	}
	config_source_files(source, &loaded->sources);
	*config = loaded;
	return 0;
}

static int
load_file(const char *path, bool is_alone, struct config **config,
    struct config_error *error)
{
	struct config_source source = { 0 };
	int status;

	error->text[0] = '\0';
	status = config_source_load(&source, path, error);
	if (status == 0)
		status = load(&source, is_alone, config, error);
	config_source_done(&source);
	return status;
}

int
config_load(const char *path, struct config **config,
    struct config_error *error)
{
	return load_file(path, false, config, error);
}

int
config_load_alone(const char *path, struct config **config,
    struct config_error *error)
{
	return load_file(path, true, config, error);
}

int
config_parse(const char *name, struct bytes text, struct config **config,
    struct config_error *error)
{
	struct config_source source = { 0 };
	int status;

	error->text[0] = '\0';
	status = config_source_parse(&source, name, text, error);
	if (status == 0)
		status = load(&source, false, config, error);
	config_source_done(&source);
	return status;
}
