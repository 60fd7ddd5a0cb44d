/* SPDX-License-Identifier: Apache-2.0 */
#include "book.h"

#include <stdlib.h>

#include "lib/memory.h"

uint64_t
book_number_of(void *context, struct message *message)
{
	struct book *book = context;

	for (size_t i = 0; i < book->count; i++)
		if (book->messages[i] == message)
			return i + 1;
	book->messages = memory_resize(book->messages,
	    (book->count + 1) * sizeof(struct message *));
	book->messages[book->count++] = message_ref(message);
	return book->count;
}

struct message *
book_find(void *context, uint64_t number)
{
	const struct book *book = context;

	if (number > book->count || book->messages[number - 1] == NULL)
		return NULL;
	return message_ref(book->messages[number - 1]);
}

void
book_done(struct book *book)
{
	for (size_t i = 0; i < book->count; i++)
		message_unref(&book->messages[i]);
	free(book->messages);
	*book = (struct book){ .count = 0 };
}
