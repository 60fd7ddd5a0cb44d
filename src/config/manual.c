/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema as the settings' list of signet.conf(5).
 */
#include "config/describe.h"

/* mandoc's lint asks for lines of at most 80 bytes. */
#define LINE_WIDTH 78

static void
append(struct buffer *out, const char *text)
{
	buffer_append(out, bytes_of_string(text));
}

static void
append_word(struct buffer *out, struct bytes word)
{
	size_t i;

	/* A dot or an apostrophe in front would be a request. */
	if (word.len > 0 && (word.data[0] == '.' || word.data[0] == '\''))
		append(out, "\\&");
	for (i = 0; i < word.len; i++) {
		if (word.data[i] == '\\')
			append(out, "\\e");
		else if (word.data[i] == '"')
			append(out, "\\(dq");
		else if (word.data[i] == '\'')
			append(out, "\\(aq");
		else
			buffer_append(out, bytes_of(word.data + i, 1));
	}
}

/* Sentences, each on lines of its own, as mdoc wants them. */
static void
append_sentences(struct buffer *out, const char *text)
{
	size_t column = 0, len;
	bool is_end;

	while (*text != '\0') {
		len = strcspn(text, " ");
		if (column + 1 + len > LINE_WIDTH) {
			append(out, "\n");
			column = 0;
		}
		if (column > 0)
			append(out, " ");
		append_word(out, bytes_of(text, len));
		column += 1 + len;
		is_end = len > 0 && text[len - 1] == '.';
		text += len;
		text += strspn(text, " ");
		if (is_end && *text != '\0') {
			append(out, "\n");
			column = 0;
		}
	}
	append(out, "\n");
}

void
config_print_manual(struct buffer *out)
{
	const struct config_row *row;
	char facts[CONFIG_FACTS_MAX];

	append(out, ".Bl -tag -width Ds\n");
	for (row = config_rows; row < config_rows + config_row_count; row++) {
		config_describe(row, facts);
		append(out, ".It Ic ");
		append(out, row->path);
		append(out, "\n");
		append_sentences(out, row->meaning);
		append_sentences(out, facts);
	}
	append(out, ".El\n");
}
