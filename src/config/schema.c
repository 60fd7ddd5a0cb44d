/* SPDX-License-Identifier: Apache-2.0 */
#include "config/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/memory.h"

static const char *
identity_word(unsigned int value)
{
	static const char *const words[] = { "subject.cn", "san.dns", "san.uri",
		"san.email", "fingerprint" };

	return value < sizeof(words) / sizeof(words[0]) ? words[value] : NULL;
}

static const char *
denied_word(unsigned int value)
{
	static const char *const words[] = { "disconnect", "acknowledge" };

	return value < sizeof(words) / sizeof(words[0]) ? words[value] : NULL;
}

static const char *
tls_version_word(unsigned int value)
{
	static const char *const words[] = { "1.2", "1.3" };

	return value < sizeof(words) / sizeof(words[0]) ? words[value] : NULL;
}

static const char *
crl_required_word(unsigned int value)
{
	static const char *const words[] = { "listed", "all" };

	return value < sizeof(words) / sizeof(words[0]) ? words[value] : NULL;
}

static const char *
log_level_word(unsigned int value)
{
	return log_level_name((enum log_level)value);
}

static const char *
role_level_word(unsigned int value)
{
	return value == CONFIG_ROLE_LEVEL_AS_ALL
		   ? "as-level"
		   : log_level_name((enum log_level)(value - 1));
}

static const char *
log_format_word(unsigned int value)
{
	return log_format_name((enum log_format)value);
}

/* What stands before a member's name in the path. */
#define SCOPE_config          ""
#define SCOPE_config_listener "listen[]."
#define SCOPE_config_role     "roles[]."

#define MEMBER(scope, member)                                                  \
	.path = SCOPE_##scope #member,                                         \
	.offset = offsetof(struct scope, member),                              \
	.size = sizeof(((struct scope *)NULL)->member)
#define REQUIRED true
#define DEFAULT  false

#define LIST(scope, member, lo, hi, when, says)                                \
	{ MEMBER(scope, member), .kind = CONFIG_KIND_LIST,                     \
		.element_size = sizeof(*((struct scope *)NULL)->member.items), \
		.least = lo, .most = hi, .is_required = (lo) > 0,              \
		.applied = CONFIG_APPLIED_##when, .meaning = says },
#define NUMBER(scope, member, in, lo, hi, value, when, says)                   \
	{ MEMBER(scope, member), .kind = CONFIG_KIND_NUMBER, .unit = in,       \
		.least = lo, .most = hi, .number = value,                      \
		.applied = CONFIG_APPLIED_##when, .meaning = says },
#define OPTIONAL_NUMBER(scope, member, in, lo, hi, value, when, says)          \
	{ MEMBER(scope, member), .kind = CONFIG_KIND_NUMBER, .unit = in,       \
		.least = lo, .most = hi, .number = value, .is_optional = true, \
		.applied = CONFIG_APPLIED_##when, .meaning = says },
#define WORD(scope, member, names, value, when, says)                          \
	{ MEMBER(scope, member), .kind = CONFIG_KIND_WORD, .word = names,      \
		.number = value, .applied = CONFIG_APPLIED_##when,             \
		.meaning = says },
#define SWITCH(scope, member, value, when, says)                               \
	{ MEMBER(scope, member), .kind = CONFIG_KIND_SWITCH, .least = 0,       \
		.most = 1, .number = value, .applied = CONFIG_APPLIED_##when,  \
		.meaning = says },
#define TEXT(scope, member, lo, hi, need, value, when, says)                   \
	{ MEMBER(scope, member), .kind = CONFIG_KIND_TEXT, .least = lo,        \
		.most = hi, .is_required = need, .text = value,                \
		.applied = CONFIG_APPLIED_##when, .meaning = says },
/* 45: INET6_ADDRSTRLEN without its NUL. */
#define ADDRESS(scope, member, value, when, says)                              \
	{ MEMBER(scope, member), .kind = CONFIG_KIND_ADDRESS, .least = 2,      \
		.most = 45, .is_required = true, .text = value,                \
		.applied = CONFIG_APPLIED_##when, .meaning = says },
#define DEFAULT_ADDRESS(scope, member, value, when, says)                      \
	{ MEMBER(scope, member), .kind = CONFIG_KIND_ADDRESS, .least = 2,      \
		.most = 45, .text = value, .applied = CONFIG_APPLIED_##when,   \
		.meaning = says },
/* 4095: PATH_MAX without its NUL. */
#define FILE_NAME(scope, member, value, when, says)                            \
	{ MEMBER(scope, member), .kind = CONFIG_KIND_FILE, .least = 1,         \
		.most = 4095, .is_required = true, .text = value,              \
		.applied = CONFIG_APPLIED_##when, .meaning = says },
#define PATH_NAME(scope, member, value, when, says)                            \
	{ MEMBER(scope, member), .kind = CONFIG_KIND_PATH, .least = 1,         \
		.most = 4095, .text = value, .applied = CONFIG_APPLIED_##when, \
		.meaning = says },
#define TEXTS(scope, member, lo, hi, value, when, says)                        \
	{ MEMBER(scope, member), .kind = CONFIG_KIND_TEXTS, .least = lo,       \
		.most = hi, .text = value, .applied = CONFIG_APPLIED_##when,   \
		.meaning = says },
#define OPTIONAL_TEXTS(scope, member, lo, hi, value, when, says)               \
	{ MEMBER(scope, member), .kind = CONFIG_KIND_TEXTS, .least = lo,       \
		.most = hi, .text = value, .is_optional = true,                \
		.applied = CONFIG_APPLIED_##when, .meaning = says },

#define FILE_NAMES(scope, member, hi, value, when, says)                       \
	{ MEMBER(scope, member), .kind = CONFIG_KIND_TEXTS, .is_files = true,  \
		.least = 0, .most = hi, .text = value,                         \
		.applied = CONFIG_APPLIED_##when, .meaning = says },

const struct config_row config_rows[] = {
#include "config/schema.def"
};

const size_t config_row_count = sizeof(config_rows) / sizeof(config_rows[0]);

const struct config_row *
config_row_find(const char *path)
{
	size_t i;

	for (i = 0; i < config_row_count; i++)
		if (strcmp(config_rows[i].path, path) == 0)
			return &config_rows[i];
	return NULL;
}

bool
config_path_is_group(const char *path)
{
	size_t len = strlen(path);
	size_t i;

	for (i = 0; i < config_row_count; i++)
		if (strncmp(config_rows[i].path, path, len) == 0 &&
		    config_rows[i].path[len] == '.')
			return true;
	return false;
}

void
config_path_format(char *path, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path, CONFIG_PATH_MAX, format, arguments);
	va_end(arguments);
}

const char *
config_path_name(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot == NULL ? path : dot + 1;
}

bool
config_row_is_in(const struct config_row *row, const char *scope)
{
	size_t len = strlen(scope);

	return strncmp(row->path, scope, len) == 0 &&
	       strchr(row->path + len, '[') == NULL;
}

bool
config_row_is_number(const struct config_row *row)
{
	return row->kind == CONFIG_KIND_NUMBER ||
	       row->kind == CONFIG_KIND_WORD || row->kind == CONFIG_KIND_SWITCH;
}

bool
config_row_is_absent(const struct config_row *row, const void *base)
{
	const struct config_strings *texts = (const void *)((const char *)base +
							    row->offset);

	if (!row->is_optional)
		return false;
	if (row->kind == CONFIG_KIND_TEXTS)
		return texts->items == NULL;
	return config_number_get(row, base) == 0;
}

size_t
config_list_get(const struct config_row *row, const void *base, void **items)
{
	struct {
		size_t count;
		void *items;
	} list;

	/* Pointers to structs are alike in size, not in type: copied. */
	memcpy(&list, (const char *)base + row->offset, sizeof(list));
	*items = list.items;
	return list.count;
}

void *
config_list_new(const struct config_row *row, void *base, size_t count)
{
	struct {
		size_t count;
		void *items;
	} list = { count, memory_new(count + 1, row->element_size) };

	memcpy((char *)base + row->offset, &list, sizeof(list));
	return list.items;
}

int64_t
config_number_get(const struct config_row *row, const void *base)
{
	const char *member = (const char *)base + row->offset;
	uint16_t narrow;
	uint32_t wide;

	if (row->kind == CONFIG_KIND_SWITCH)
		return *(const bool *)member;
	if (row->size == sizeof(narrow)) {
		memcpy(&narrow, member, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, member, sizeof(wide));
	return wide;
}

void
config_number_set(const struct config_row *row, void *base, int64_t value)
{
	char *member = (char *)base + row->offset;
	uint16_t narrow = (uint16_t)value;
	uint32_t wide = (uint32_t)value;

	if (row->kind == CONFIG_KIND_SWITCH)
		*(bool *)member = value != 0;
	else if (row->size == sizeof(narrow))
		memcpy(member, &narrow, sizeof(narrow));
	else
		memcpy(member, &wide, sizeof(wide));
}

static void
example_list(const struct config_row *row, void *base)
{
	char scope[CONFIG_PATH_MAX];
	void *item = config_list_new(row, base, 1);

	config_path_format(scope, "%s[].", row->path);
	config_defaults_set(scope, item, true);
}

static void
example_texts(const struct config_row *row, struct config_strings *texts)
{
	texts->items = memory_new(1, sizeof(*texts->items));
	texts->items[0] = memory_copy(bytes_of_string(row->text));
	texts->count = 1;
}

static void
default_set(const struct config_row *row, void *base, bool with_examples)
{
	void *member = (char *)base + row->offset;

	switch (row->kind) {
	case CONFIG_KIND_LIST:
		if (with_examples)
			example_list(row, base);
		break;
	case CONFIG_KIND_NUMBER:
	case CONFIG_KIND_WORD:
	case CONFIG_KIND_SWITCH:
		if (with_examples || !row->is_optional)
			config_number_set(row, base, row->number);
		break;
	case CONFIG_KIND_TEXT:
	case CONFIG_KIND_ADDRESS:
	case CONFIG_KIND_FILE:
	case CONFIG_KIND_PATH:
		if (with_examples || !row->is_required)
			*(char **)member = memory_copy(
			    bytes_of_string(row->text));
		break;
	case CONFIG_KIND_TEXTS:
		if (with_examples)
			example_texts(row, member);
		break;
	}
}

void
config_defaults_set(const char *scope, void *base, bool with_examples)
{
	size_t i;

	for (i = 0; i < config_row_count; i++)
		if (config_row_is_in(&config_rows[i], scope))
			default_set(&config_rows[i], base, with_examples);
}
