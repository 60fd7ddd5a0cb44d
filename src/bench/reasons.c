/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/reasons.h"

#include <stdio.h>
#include <string.h>

void
reasons_add(struct reasons *reasons, const char *text)
{
	struct reason_count *item = NULL;

	reasons->total++;
	for (uint32_t i = 0; i < reasons->count; i++) {
		item = &reasons->items[i];
		if (strcmp(item->text, text) == 0) {
			item->count++;
			return;
		}
	}
	if (reasons->count < REASONS_MAX) {
		item = &reasons->items[reasons->count++];
		snprintf(item->text, sizeof(item->text), "%s", text);
	} else {
		snprintf(item->text, sizeof(item->text), "other reasons");
	}
	item->count++;
}
