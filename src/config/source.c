/* SPDX-License-Identifier: Apache-2.0 */
#include "config/source.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/fault.h"
#include "lib/memory.h"

/* As in the decimal form of INT32_MAX: from here on a number may not fit. */
#define INT32_DIGITS 10

enum scan_state {
	SCAN_CODE,
	SCAN_STRING,
	SCAN_LINE_COMMENT,
	SCAN_BLOCK_COMMENT,
};

/* One file on its way into the text. */
struct scanner {
	struct config_source *source;
	struct config_error *error;
	const struct scanner *outer; /* the file that includes this one */
	struct bytes rest;
	enum scan_state state;
	uint32_t file;
	uint32_t line;
	uint32_t opened_line; /* where the string or comment began */
};

static int scan_file(struct config_source *source, const char *path,
    const struct scanner *outer, struct config_error *error);

static struct config_place
scan_place(const struct scanner *scanner)
{
	return (struct config_place){
		scanner->source->files[scanner->file],
		scanner->line,
	};
}

/* Copy count bytes of the file to the text. */
static void
scan_copy(struct scanner *scanner, size_t count)
{
	buffer_append(&scanner->source->text,
	    bytes_of(scanner->rest.data, count));
	scanner->rest = bytes_skip(scanner->rest, count);
}

static bool
scan_is_at(const struct scanner *scanner, const char *text)
{
	size_t len = strlen(text);

	return scanner->rest.len >= len &&
	       memcmp(scanner->rest.data, text, len) == 0;
}

static void
line_begin(struct scanner *scanner)
{
	struct config_source *source = scanner->source;

	/* Double at each power of two. */
	if ((source->line_count & (source->line_count - 1)) == 0)
		source->lines = memory_resize(source->lines,
		    2 * (source->line_count + 1) * sizeof(*source->lines));
	source->lines[source->line_count].file = scanner->file;
	source->lines[source->line_count].line = scanner->line;
	source->line_count++;
}

/*
 * Take "@include" and the name behind it, if the line begins so.
 *
 * name: returned, free with free(); NULL if the line says something else.
 * Returns 0 or -EINVAL.
 */
static int
include_take(struct scanner *scanner, char **name)
{
	static const char keyword[] = "@include";
	struct bytes rest = scanner->rest;
	size_t i = 0, len = 0;

	while (i < rest.len && (rest.data[i] == ' ' || rest.data[i] == '\t'))
		i++;
	if (rest.len - i < sizeof(keyword) - 1 ||
	    memcmp(rest.data + i, keyword, sizeof(keyword) - 1) != 0)
		return 0;
	i += sizeof(keyword) - 1;
	while (i < rest.len && (rest.data[i] == ' ' || rest.data[i] == '\t'))
		i++;
	if (i == rest.len || rest.data[i] != '"')
		goto malformed;
	rest = bytes_skip(rest, i + 1);
	while (
	    len < rest.len && rest.data[len] != '"' && rest.data[len] != '\n')
		len++;
	if (len == 0 || len == rest.len || rest.data[len] != '"')
		goto malformed;
	*name = memory_copy(bytes_of(rest.data, len));
	scanner->rest = bytes_skip(rest, len + 1);
	return 0;

malformed:
	config_fault_at(scanner->error, scan_place(scanner),
	    "@include needs the name of a file in quotes");
	return -EINVAL;
}

static size_t
scan_depth(const struct scanner *scanner)
{
	size_t depth = 0;

	for (; scanner != NULL; scanner = scanner->outer)
		depth++;
	return depth;
}

static int
include(struct scanner *scanner, const char *name)
{
	char *path;
	int error = -EINVAL;

	if (scanner->source->folder == NULL) {
		config_fault_at(scanner->error, scan_place(scanner),
		    "@include is for files only");
		return -EINVAL;
	}
	if (scan_depth(scanner) >= CONFIG_SOURCE_DEPTH_MAX) {
		config_fault_at(scanner->error, scan_place(scanner),
		    "files are included more than %d deep: does %s include "
		    "itself?",
		    CONFIG_SOURCE_DEPTH_MAX, name);
		return -EINVAL;
	}
	path = config_source_resolve(scanner->source, name);
	/* A file that is named in the configuration is a part of it. */
	if (scan_file(scanner->source, path, scanner, scanner->error) == 0)
		error = 0;
	free(path);
	return error;
}

/* A number that may need more than 32 bits is marked as one of 64. */
static void
scan_number(struct scanner *scanner)
{
	struct bytes rest = scanner->rest;
	size_t len = 0;

	while (len < rest.len && isdigit(rest.data[len]))
		len++;
	if (len < rest.len && strchr(".eExXL", rest.data[len]) != NULL) {
		while (len < rest.len &&
		       (isalnum(rest.data[len]) || rest.data[len] == '.'))
			len++;
		scan_copy(scanner, len);
		return;
	}
	scan_copy(scanner, len);
	if (len >= INT32_DIGITS)
		buffer_append(&scanner->source->text, BYTES_LITERAL("L"));
}

static void
scan_name(struct scanner *scanner)
{
	size_t len = 0;

	while (len < scanner->rest.len &&
	       (isalnum(scanner->rest.data[len]) ||
		   strchr("-_*", scanner->rest.data[len]) != NULL))
		len++;
	scan_copy(scanner, len);
}

static int
scan_code(struct scanner *scanner)
{
	uint8_t byte = scanner->rest.data[0];

	scanner->opened_line = scanner->line;
	if (scan_is_at(scanner, "/*")) {
		scanner->state = SCAN_BLOCK_COMMENT;
		scan_copy(scanner, 2);
	} else if (scan_is_at(scanner, "//") || byte == '#') {
		scanner->state = SCAN_LINE_COMMENT;
		scan_copy(scanner, 1);
	} else if (byte == '"') {
		scanner->state = SCAN_STRING;
		scan_copy(scanner, 1);
	} else if (isdigit(byte)) {
		scan_number(scanner);
	} else if (isalpha(byte) || byte == '*') {
		scan_name(scanner);
	} else {
		if (byte == '=' || byte == ':')
			scanner->source->setting_count++;
		scan_copy(scanner, 1);
	}
	if (scanner->source->setting_count <= CONFIG_SOURCE_SETTINGS_MAX)
		return 0;
	config_fault_at(scanner->error, scan_place(scanner),
	    "the configuration has more than %d settings",
	    CONFIG_SOURCE_SETTINGS_MAX);
	return -EINVAL;
}

static int
scan_string(struct scanner *scanner)
{
	if (scan_is_at(scanner, "\\x00")) {
		config_fault_at(scanner->error, scan_place(scanner),
		    "a NUL character in a string");
		return -EINVAL;
	}
	if (scanner->rest.data[0] == '"')
		scanner->state = SCAN_CODE;
	/* What stands behind a backslash does not end the string. */
	if (scanner->rest.data[0] == '\\' && scanner->rest.len > 1 &&
	    scanner->rest.data[1] != '\n')
		scan_copy(scanner, 1);
	scan_copy(scanner, 1);
	return 0;
}

/* One step that is not the end of a line. */
static int
scan_step(struct scanner *scanner)
{
	switch (scanner->state) {
	case SCAN_CODE:
		return scan_code(scanner);
	case SCAN_STRING:
		return scan_string(scanner);
	case SCAN_LINE_COMMENT:
		scan_copy(scanner, 1);
		break;
	case SCAN_BLOCK_COMMENT:
		if (scan_is_at(scanner, "*/")) {
			scanner->state = SCAN_CODE;
			scan_copy(scanner, 1);
		}
		scan_copy(scanner, 1);
		break;
	}
	return 0;
}

/* One line with its newline; the last one of a file is given one. */
static int
scan_line(struct scanner *scanner)
{
	char *name = NULL;
	int error;

	scanner->line++;
	if (scanner->state == SCAN_CODE) {
		error = include_take(scanner, &name);
		if (error == 0 && name != NULL)
			error = include(scanner, name);
		free(name);
		if (error != 0)
			return error;
	}
	line_begin(scanner);
	while (scanner->rest.len > 0 && scanner->rest.data[0] != '\n') {
		error = scan_step(scanner);
		if (error != 0)
			return error;
	}
	if (scanner->rest.len > 0)
		scanner->rest = bytes_skip(scanner->rest, 1);
	buffer_append(&scanner->source->text, BYTES_LITERAL("\n"));
	if (scanner->state == SCAN_LINE_COMMENT)
		scanner->state = SCAN_CODE;
	return 0;
}

/* Put a file's bytes into the text; name is taken. */
static int
scan_text(struct config_source *source, char *name, struct bytes text,
    const struct scanner *outer, struct config_error *error)
{
	struct scanner scanner = { source, error, outer, text, SCAN_CODE,
		(uint32_t)source->file_count, 0, 0 };
	const uint8_t *nul = text.len == 0 ? NULL
					   : memchr(text.data, 0, text.len);
	int status;

	source->files = memory_resize(source->files,
	    (source->file_count + 1) * sizeof(*source->files));
	source->files[source->file_count++] = name;
	if (nul != NULL) {
		config_fault_at(error, scan_place(&scanner),
		    "byte %zu is a NUL: this is no text",
		    (size_t)(nul - text.data) + 1);
		return -EINVAL;
	}
	while (scanner.rest.len > 0) {
		status = scan_line(&scanner);
		if (status != 0)
			return status;
	}
	if (scanner.state != SCAN_CODE) {
		scanner.line = scanner.opened_line;
		config_fault_at(error, scan_place(&scanner),
		    "the %s that begins here does not end",
		    scanner.state == SCAN_STRING ? "string" : "comment");
		return -EINVAL;
	}
	return 0;
}

/* The whole of a regular file, or a negative errno. */
static int
file_read(const char *path, size_t room, struct buffer *content)
{
	struct stat status;
	ssize_t got;
	int error = 0;
	/* Not blocking: opening a FIFO would wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0)
		error = -errno;
	else if (S_ISDIR(status.st_mode))
		error = -EISDIR;
	else if (!S_ISREG(status.st_mode))
		error = -EMEDIUMTYPE;
	while (error == 0 && content->len <= room) {
		got = read(fd, buffer_reserve(content, 65536), 65536);
		if (got < 0)
			error = -errno;
		if (got <= 0)
			break;
		content->len += (size_t)got;
	}
	close(fd);
	if (error == 0 && content->len > room)
		error = -EFBIG;
	return error;
}

/* Tell why a file cannot be read, where it is asked for if it is included. */
static int
unreadable(const char *path, const struct scanner *outer, int number,
    struct config_error *error)
{
	const char *reason = strerror(number);

	if (number == EMEDIUMTYPE)
		reason = "not a file";
	if (number == EFBIG)
		reason = "the configuration is larger than 4 MiB";
	if (outer == NULL)
		config_fault_at(error, (struct config_place){ path, 0 }, "%s",
		    reason);
	else
		config_fault_at(error, scan_place(outer), "%s: %s", path,
		    reason);
	switch (number) {
	case ENOENT:
	case EACCES:
		return -number;
	case EISDIR:
	case EMEDIUMTYPE:
	case EFBIG:
		return -EINVAL;
	default:
		return -EIO;
	}
}

static int
scan_file(struct config_source *source, const char *path,
    const struct scanner *outer, struct config_error *error)
{
	struct buffer content = { NULL, 0, 0 };
	size_t room = CONFIG_SOURCE_BYTES_MAX - source->text.len;
	int status;

	if (source->text.len >= CONFIG_SOURCE_BYTES_MAX ||
	    source->file_count > CONFIG_SOURCE_INCLUDES_MAX)
		return unreadable(path, outer, EFBIG, error);
	status = file_read(path, room, &content);
	if (status != 0)
		status = unreadable(path, outer, -status, error);
	else
		status = scan_text(source, memory_copy(bytes_of_string(path)),
		    buffer_view(&content), outer, error);
	buffer_done(&content);
	return status;
}

static void
text_end(struct config_source *source)
{
	*buffer_reserve(&source->text, 1) = '\0';
}

int
config_source_load(struct config_source *source, const char *path,
    struct config_error *error)
{
	char *copy = memory_copy(bytes_of_string(path));
	char *folder = realpath(dirname(copy), NULL);
	int status;

	/* Where there is no folder, the file cannot be opened either. */
	source->folder = memory_copy(
	    bytes_of_string(folder == NULL ? "/" : folder));
	free(folder);
	free(copy);
	status = scan_file(source, path, NULL, error);
	text_end(source);
	return status;
}

int
config_source_parse(struct config_source *source, const char *name,
    struct bytes text, struct config_error *error)
{
	char *copy = memory_copy(bytes_of_string(name));
	int status;

	status = scan_text(source, copy, text, NULL, error);
	text_end(source);
	return status;
}

void
config_source_done(struct config_source *source)
{
	size_t i;

	for (i = 0; i < source->file_count; i++)
		free(source->files[i]);
	free(source->files);
	free(source->lines);
	free(source->folder);
	buffer_done(&source->text);
}

struct config_place
config_source_place(const struct config_source *source, size_t line)
{
	if (source->line_count == 0)
		return (struct config_place){ source->files[0], 0 };
	/* What is missing at the end is found behind the last line. */
	if (line > source->line_count)
		line = source->line_count;
	if (line == 0)
		return (struct config_place){ source->files[0], 0 };
	return (struct config_place){
		source->files[source->lines[line - 1].file],
		source->lines[line - 1].line,
	};
}

char *
config_source_resolve(const struct config_source *source, const char *path)
{
	size_t folder_len, path_len = strlen(path);
	char *resolved;

	if (path[0] == '/' || source->folder == NULL)
		return memory_copy(bytes_of_string(path));
	folder_len = strlen(source->folder);
	resolved = memory_new(1, folder_len + path_len + 2);
	memcpy(resolved, source->folder, folder_len);
	resolved[folder_len] = '/';
	memcpy(resolved + folder_len + 1, path, path_len + 1);
	return resolved;
}

void
config_source_files(const struct config_source *source,
    struct config_strings *names)
{
	names->items = memory_new(source->file_count + 1,
	    sizeof(*names->items));
	for (size_t i = 0; i < source->file_count; i++)
		names->items[i] = memory_copy(
		    bytes_of_string(source->files[i]));
	names->count = source->file_count;
}
