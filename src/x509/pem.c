/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/pem.h"

#include <errno.h>
#include <stdio.h>

/* "-----BEGIN " and the like, with the longest label that is asked for. */
#define MARK_MAX 64

static const char begin_text[] = "-----BEGIN ";

bool
x509_is_pem(struct bytes file)
{
	return file.len > 0 && memmem(file.data, file.len, begin_text,
				   sizeof(begin_text) - 1) != NULL;
}

/* Where a mark begins, from a place on; the file's length: nowhere. */
static size_t
find_mark(struct bytes file, size_t from, const char *mark)
{
	const uint8_t *found = from >= file.len
				   ? NULL
				   : memmem(file.data + from, file.len - from,
					 mark, strlen(mark));

	return found == NULL ? file.len : (size_t)(found - file.data);
}

static unsigned int
count_lines(struct bytes text)
{
	unsigned int count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.data[i] == '\n';
	return count;
}

static int
next_of_der(struct x509_pem *pem, struct bytes *block)
{
	if (pem->pos >= pem->file.len)
		return 0;
	pem->pos = pem->file.len;
	pem->count = 1;
	*block = pem->file;
	return 1;
}

/*
 * Where a block begins whose line or end is missing, behind the last that was
 * asked for: the file was cut there, whatever its label was to be. The file's
 * length: nowhere.
 */
static size_t
find_cut(struct bytes file, size_t from)
{
	const size_t mark_len = sizeof(begin_text) - 1;
	size_t line = file.len, begin, at = from;

	while ((begin = find_mark(file, at, begin_text)) < file.len) {
		at = find_mark(file, begin, "-----END ");
		at = at + sizeof("-----END ") - 1;
		if (find_mark(file, at, "-----") == file.len)
			return begin;
	}
	while (line > from && file.data[line - 1] != '\n')
		line--;
	if (line < file.len && file.len - line < mark_len &&
	    memcmp(file.data + line, begin_text, file.len - line) == 0)
		return line;
	return file.len;
}

/* No further block: 0, or -EINVAL if one was begun. */
static int
next_of_none(struct x509_pem *pem)
{
	size_t cut = find_cut(pem->file, pem->pos);

	if (cut == pem->file.len)
		return 0;
	pem->line = 1 + pem->lines +
		    count_lines(
			bytes_of(pem->file.data + pem->pos, cut - pem->pos));
	pem->count++;
	pem->pos = pem->file.len;
	return -EINVAL;
}

int
x509_pem_next(struct x509_pem *pem, const char *label, struct bytes *block)
{
	char mark[MARK_MAX];
	size_t begin, end, from = pem->pos;

	if (!x509_is_pem(pem->file))
		return next_of_der(pem, block);
	snprintf(mark, sizeof(mark), "%s%s-----", begin_text, label);
	begin = find_mark(pem->file, from, mark);
	if (begin == pem->file.len)
		return next_of_none(pem);
	pem->line = 1 + pem->lines +
		    count_lines(bytes_of(pem->file.data + from, begin - from));
	pem->count++;
	snprintf(mark, sizeof(mark), "-----END %s-----", label);
	end = find_mark(pem->file, begin, mark);
	if (end == pem->file.len) {
		pem->pos = end;
		return -EINVAL;
	}
	pem->pos = end + strlen(mark);
	pem->lines += count_lines(
	    bytes_of(pem->file.data + from, pem->pos - from));
	*block = bytes_of(pem->file.data + begin, pem->pos - begin);
	return 1;
}

const char *
x509_pem_place(const struct x509_pem *pem, const char *what,
    char place[X509_PEM_PLACE_MAX])
{
	if (pem->line == 0)
		snprintf(place, X509_PEM_PLACE_MAX, "%s %u", what, pem->count);
	else
		snprintf(place, X509_PEM_PLACE_MAX, "%s %u (line %u)", what,
		    pem->count, pem->line);
	return place;
}
