/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/table.h"

#include <stdio.h>
#include <unistd.h>

#include "ctl/output.h"

#define NUMBER_MAX 24
#define GAP        2

void
table_begin(struct table *table, const char *const *titles, size_t count)
{
	*table = (struct table){ .titles = titles, .column_count = count };
	table->is_cut = isatty(STDOUT_FILENO) == 1;
	for (size_t i = 0; i < count; i++)
		table->widths[i] = strlen(titles[i]);
}

static void
print_cell(struct table *table, size_t column, const char *text)
{
	size_t width = output_width(bytes_of_string(text));

	fputs(text, stdout);
	if (column + 1 == table->column_count) {
		putchar('\n');
		return;
	}
	do {
		putchar(' ');
	} while (++width < table->widths[column] + GAP);
}

static void
print_held(struct table *table)
{
	const char *cell = (const char *)table->cells.data;

	if (!table->is_begun) {
		output_colour(OUTPUT_BOLD);
		for (size_t i = 0; i < table->column_count; i++)
			print_cell(table, i, table->titles[i]);
		output_colour(OUTPUT_PLAIN);
	}
	table->is_begun = true;
	for (size_t i = 0; i < table->held * table->column_count; i++) {
		print_cell(table, i % table->column_count, cell);
		cell += strlen(cell) + 1;
	}
	table->held = 0;
	table->cells.len = 0;
}

/* Cut it behind a whole character, and say so. */
static void
cut(struct buffer *out, size_t begin)
{
	size_t pos = begin, width = 0;

	while (pos < out->len && width < TABLE_CELL_MAX) {
		pos++;
		while (pos < out->len && (out->data[pos] & 0xc0) == 0x80)
			pos++;
		width++;
	}
	if (pos == out->len)
		return;
	out->len = pos;
	buffer_append(out, BYTES_LITERAL("..."));
}

void
table_cell(struct table *table, struct bytes text)
{
	struct buffer *cells = &table->cells;
	size_t begin = cells->len, width;

	output_escape(text, cells);
	if (table->is_cut)
		cut(cells, begin);
	width = output_width(bytes_of(cells->data + begin, cells->len - begin));
	if (!table->is_begun && width > table->widths[table->column])
		table->widths[table->column] = width;
	buffer_append(cells, bytes_of("", 1));
	if (++table->column < table->column_count)
		return;
	table->column = 0;
	table->held++;
	if (table->is_begun || table->held == TABLE_ROWS_HELD)
		print_held(table);
}

void
table_string(struct table *table, const char *text)
{
	table_cell(table, bytes_of_string(text));
}

void
table_number(struct table *table, int64_t number)
{
	char text[NUMBER_MAX];

	snprintf(text, sizeof(text), "%lld", (long long)number);
	table_string(table, text);
}

void
table_end(struct table *table)
{
	print_held(table);
	buffer_done(&table->cells);
}
