/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry of the log as an object of JSON (RFC 8259), in ASCII: what is not
 * stands as \u and four digits, and a byte that is no UTF-8 as U+FFFD.
 */
#include "lib/log_line.h"

#define REPLACEMENT 0xfffd

/* Room for what ends an object that is cut. */
#define CUT     ",\"cut\":true"
#define CUT_MAX (sizeof(CUT) + 1)

/*
 * The code point at the front of text, and its length; a byte that begins
 * none (RFC 3629, section 4) is REPLACEMENT.
 */
static uint32_t
code_point(struct bytes text, size_t *len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t lead = text.data[0];
	size_t count = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t code = count == 1 ? lead : lead & (0x7fU >> count);

	*len = 1;
	if (lead >= 0x80 && (lead < 0xc2 || lead > 0xf4 || text.len < count))
		return REPLACEMENT;
	for (size_t i = 1; i < count; i++) {
		if ((text.data[i] & 0xc0) != 0x80)
			return REPLACEMENT;
		code = code << 6 | (text.data[i] & 0x3fU);
	}
	if (code < least[count] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return REPLACEMENT;
	*len = count;
	return code;
}

static void
print_code(struct log_line *line, uint32_t code)
{
	if (code == '"' || code == '\\')
		log_line_print(line, "\\%c", (int)code);
	else if (code >= ' ' && code < 0x7f)
		log_line_print(line, "%c", (int)code);
	else if (code < 0x10000)
		log_line_print(line, "\\u%04x", code);
	else
		log_line_print(line, "\\u%04x\\u%04x",
		    0xd800 + ((code - 0x10000) >> 10),
		    0xdc00 + ((code - 0x10000) & 0x3ff));
}

static void
print_text(struct log_line *line, struct bytes text)
{
	size_t shown = 0;

	while (shown < text.len && shown < LOG_TEXT_MAX) {
		size_t len;

		print_code(line, code_point(bytes_skip(text, shown), &len));
		shown += len;
	}
	log_line_print(line, "%s", shown < text.len ? "..." : "");
}

static void
print_field(struct log_line *line, const struct log_field *field)
{
	bool is_number = field->type == LOG_FIELD_NUMBER;

	log_line_print(line, ",\"%s\":%s", field->name, is_number ? "" : "\"");
	if (field->type == LOG_FIELD_TEXT)
		print_text(line, field->value.text);
	else if (field->type == LOG_FIELD_ERRNO)
		print_text(line,
		    bytes_of_string(strerror((int)field->value.number)));
	else
		log_line_print_value(line, field);
	log_line_print(line, "%s", is_number ? "" : "\"");
}

static void
print_head(struct log_line *line, const struct log_entry *entry)
{
	char role[32];
	int index = log_speaker_split(entry->speaker, role, sizeof(role));

	log_line_print(line, "{\"time\":\"");
	log_line_print_time(line);
	log_line_print(line, "\",\"level\":\"%s\",\"role\":\"%s\"",
	    log_level_name(entry->level), role);
	if (index >= 0)
		log_line_print(line, ",\"role_index\":%d", index);
}

void
log_line_print_json(struct log_line *line, const struct log_entry *entry)
{
	size_t most = sizeof(line->text) - 1 - CUT_MAX;

	print_head(line, entry);
	for (size_t i = 0; i < entry->count; i++) {
		size_t before = line->len;

		print_field(line, &entry->fields[i]);
		if (!line->is_cut && line->len <= most)
			continue;
		/* without a part of a field: it would be no JSON */
		line->len = before;
		log_line_print(line, CUT);
		break;
	}
	log_line_print(line, "}");
}
