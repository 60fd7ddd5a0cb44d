/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as a file again.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/describe.h"
#include "config/schema.h"
#include "lib/memory.h"

/* Comments end before this column. */
#define COMMENT_WIDTH 78

struct printer {
	struct buffer *out;
	bool is_commented;
	bool has_examples;  /* what has no default is printed as a comment */
	bool is_example;    /* that is under way */
	unsigned int depth; /* of groups and lists */
};

static void __attribute__((format(printf, 2, 3)))
print(struct printer *printer, const char *format, ...)
{
	char line[2 * CONFIG_PATH_MAX];
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (len > 0)
		buffer_append(printer->out, bytes_of(line, (size_t)len));
}

static void
print_spaces(struct printer *printer)
{
	unsigned int i;

	for (i = 0; i < printer->depth; i++)
		print(printer, "  ");
}

static void
print_indent(struct printer *printer)
{
	if (printer->is_example)
		print(printer, "#");
	print_spaces(printer);
}

/* A string such that libconfig reads the same bytes again. */
static void
print_text(struct printer *printer, const char *text)
{
	print(printer, "\"");
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			print(printer, "\\%c", *text);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			print(printer, "\\x%02x", (unsigned char)*text);
		else
			print(printer, "%c", *text);
	}
	print(printer, "\"");
}

static void
print_texts(struct printer *printer, const struct config_strings *texts)
{
	size_t i;

	print(printer, "[");
	for (i = 0; i < texts->count; i++) {
		print(printer, i == 0 ? " " : ", ");
		print_text(printer, texts->items[i]);
	}
	print(printer, texts->count == 0 ? "]" : " ]");
}

static void print_members(struct printer *printer, const char *scope,
    const void *base);

static void
print_list(struct printer *printer, const struct config_row *row,
    const void *base)
{
	bool is_commented = printer->is_commented;
	char scope[CONFIG_PATH_MAX];
	void *items;
	size_t i, count = config_list_get(row, base, &items);

	config_path_format(scope, "%s[].", row->path);
	print(printer, "(");
	printer->depth++;
	for (i = 0; i < count; i++) {
		print(printer, i == 0 ? "\n" : ",\n");
		print_indent(printer);
		print(printer, "{\n");
		/* The first element explains the others. */
		printer->is_commented = is_commented && i == 0;
		printer->depth++;
		print_members(printer, scope,
		    (const char *)items + i * row->element_size);
		printer->depth--;
		print_indent(printer);
		print(printer, "}");
	}
	printer->is_commented = is_commented;
	printer->depth--;
	if (count > 0) {
		print(printer, "\n");
		print_indent(printer);
	}
	print(printer, ")");
}

static void
print_value(struct printer *printer, const struct config_row *row,
    const void *base)
{
	const void *member = (const char *)base + row->offset;

	switch (row->kind) {
	case CONFIG_KIND_LIST:
		print_list(printer, row, base);
		break;
	case CONFIG_KIND_NUMBER:
		/* Above 32 bits libconfig wants to be told so. */
		print(printer, "%lld%s",
		    (long long)config_number_get(row, base),
		    config_number_get(row, base) > INT32_MAX ? "L" : "");
		break;
	case CONFIG_KIND_WORD:
		print_text(printer,
		    row->word((unsigned int)config_number_get(row, base)));
		break;
	case CONFIG_KIND_SWITCH:
		print(printer, "%s",
		    config_number_get(row, base) != 0 ? "true" : "false");
		break;
	case CONFIG_KIND_TEXT:
	case CONFIG_KIND_ADDRESS:
	case CONFIG_KIND_FILE:
	case CONFIG_KIND_PATH:
		print_text(printer, *(char *const *)member);
		break;
	case CONFIG_KIND_TEXTS:
		print_texts(printer, member);
		break;
	}
}

/* Words of a comment, broken between two of them where a line is full. */
static void
print_comment(struct printer *printer, const char *text)
{
	size_t column = 0, len;

	while (*text != '\0') {
		len = strcspn(text, " ");
		if (column > 0 && column + 1 + len > COMMENT_WIDTH) {
			print(printer, "\n");
			column = 0;
		}
		if (column == 0) {
			print_spaces(printer);
			print(printer, "#");
			column = 2 * printer->depth + 1;
		}
		print(printer, " %.*s", (int)len, text);
		column += 1 + len;
		text += len;
		text += strspn(text, " ");
	}
	print(printer, "\n");
}

/* Is there nothing that holds where it is not set? */
static bool
has_no_default(const struct config_row *row)
{
	return !row->is_required &&
	       (row->is_optional || row->kind == CONFIG_KIND_TEXTS ||
		   (row->kind == CONFIG_KIND_LIST && row->least == 0));
}

static void
print_row(struct printer *printer, const struct config_row *row,
    const void *base)
{
	bool is_inside = printer->is_example;
	char facts[CONFIG_FACTS_MAX];

	if (printer->is_commented) {
		config_describe(row, facts);
		print_comment(printer, row->meaning);
		print_comment(printer, facts);
	}
	if (printer->has_examples && has_no_default(row))
		printer->is_example = true;
	print_indent(printer);
	print(printer, "%s = ", config_path_name(row->path));
	print_value(printer, row, base);
	print(printer, ";\n");
	printer->is_example = is_inside;
}

/* Close the innermost group: path is "log.levels.", of len bytes. */
static size_t
close_group(struct printer *printer, const char *path, size_t len)
{
	printer->depth--;
	print_indent(printer);
	print(printer, "};\n");
	len--;
	while (len > 0 && path[len - 1] != '.')
		len--;
	return len;
}

/* Open the outermost group of path that is not open yet, behind len bytes. */
static size_t
open_group(struct printer *printer, const char *path, size_t len)
{
	size_t name_len = strcspn(path + len, ".");

	print_indent(printer);
	print(printer, "%.*s = {\n", (int)name_len, path + len);
	printer->depth++;
	return len + name_len + 1;
}

/* Print all rows of a scope, opening and closing groups on the way. */
static void
print_members(struct printer *printer, const char *scope, const void *base)
{
	const struct config_row *row;
	const char *group = "", *relative;
	size_t group_len = 0, len;

	for (row = config_rows; row < config_rows + config_row_count; row++) {
		if (!config_row_is_in(row, scope) ||
		    config_row_is_absent(row, base))
			continue;
		relative = row->path + strlen(scope);
		len = (size_t)(config_path_name(relative) - relative);
		while (
		    group_len > len || strncmp(group, relative, group_len) != 0)
			group_len = close_group(printer, group, group_len);
		group = relative;
		while (group_len < len)
			group_len = open_group(printer, group, group_len);
		print_row(printer, row, base);
	}
	while (group_len > 0)
		group_len = close_group(printer, group, group_len);
}

void
config_print(const struct config *config, bool is_commented, struct buffer *out)
{
	struct printer printer = {
		.out = out,
		.is_commented = is_commented,
		.has_examples = config == NULL,
	};
	struct config *defaults = NULL;

	if (config == NULL) {
		defaults = memory_new(1, sizeof(*defaults));
		config_defaults_set("", defaults, true);
		config = defaults;
	}
	print_members(&printer, "", config);
	config_free(&defaults);
}
