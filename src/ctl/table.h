/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table for people, which comes row by row: the columns are as wide as the
 * first rows need, and what comes later and is wider stands out.
 */
#ifndef SIGNET_CTL_TABLE_H
#define SIGNET_CTL_TABLE_H

#include "lib/buffer.h"

#define TABLE_COLUMNS_MAX 12
/* So many rows decide how wide the columns are. */
#define TABLE_ROWS_HELD 200
/* A cell is cut to this on a terminal. */
#define TABLE_CELL_MAX 40

struct table {
	const char *const *titles;
	size_t column_count;
	size_t widths[TABLE_COLUMNS_MAX];
	size_t column; /* that is next */
	size_t held;   /* rows */
	bool is_begun; /* the head is printed */
	bool is_cut;
	/* The cells that are held, each with a NUL behind it. */
	struct buffer cells;
};

/* titles: count of them; borrowed. */
void table_begin(struct table *table, const char *const *titles, size_t count);

/* The next cell, row by row. text: escaped here. */
void table_cell(struct table *table, struct bytes text);
void table_string(struct table *table, const char *text);
void table_number(struct table *table, int64_t number);

/* Print what is held. */
void table_end(struct table *table);

#endif
