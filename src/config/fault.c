/* SPDX-License-Identifier: Apache-2.0 */
#include "config/fault.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/memory.h"

/* Instead of what does not fit; there is always room for it. */
#define MORE "\nand more of them"

struct config_places {
	size_t count;
	struct {
		char *path;
		char *file;
		uint32_t line;
	} * items;
};

static void
fault_add(struct config_error *error, struct config_place place,
    const char *text)
{
	char line[16] = "";
	size_t len = strlen(error->text);
	size_t room = sizeof(error->text) - len;
	int written;

	if (len >= sizeof(MORE) - 1 &&
	    strcmp(error->text + len - (sizeof(MORE) - 1), MORE) == 0)
		return;
	if (place.line > 0)
		snprintf(line, sizeof(line), ":%u", place.line);
	written = snprintf(error->text + len, room, "%s%s%s: %s",
	    len == 0 ? "" : "\n", place.file, line, text);
	if (written >= 0 && (size_t)written < room - sizeof(MORE))
		return;
	if (len == 0)
		len = sizeof(error->text) - sizeof(MORE);
	memcpy(error->text + len, MORE, sizeof(MORE));
}

void
config_fault_at(struct config_error *error, struct config_place place,
    const char *format, ...)
{
	char text[sizeof(error->text)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fault_add(error, place, text);
}

void
config_fault_setting(struct config_error *error, struct config_place place,
    const char *path, const char *format, va_list arguments)
{
	char text[sizeof(error->text)];
	int len;

	len = snprintf(text, sizeof(text), "setting `%s' ", path);
	vsnprintf(text + len, sizeof(text) - (size_t)len, format, arguments);
	fault_add(error, place, text);
}

static struct config_place
place_find(const struct config *config, const char *path)
{
	const struct config_places *places = config->places;
	size_t i;

	for (i = 0; places != NULL && i < places->count; i++)
		if (strcmp(places->items[i].path, path) == 0)
			return (struct config_place){ places->items[i].file,
				places->items[i].line };
	return (struct config_place){ "configuration", 0 };
}

void
config_place_print(const struct config *config, const char *path, char *text)
{
	struct config_place place = place_find(config, path);

	if (place.line > 0)
		snprintf(text, CONFIG_PLACE_MAX, "%s:%u", place.file,
		    place.line);
	else
		snprintf(text, CONFIG_PLACE_MAX, "%s", place.file);
}

void
config_fault(const struct config *config, struct config_error *error,
    const char *path, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	config_fault_setting(error, place_find(config, path), path, format,
	    arguments);
	va_end(arguments);
}

void
config_place_add(struct config *config, const char *path,
    struct config_place place)
{
	struct config_places *places = config->places;
	size_t i;

	if (places == NULL)
		places = config->places = memory_new(1, sizeof(*places));
	i = places->count++;
	places->items = memory_resize(places->items,
	    places->count * sizeof(*places->items));
	places->items[i].path = memory_copy(bytes_of_string(path));
	places->items[i].file = memory_copy(bytes_of_string(place.file));
	places->items[i].line = place.line;
}

void
config_places_free(struct config_places **places)
{
	size_t i;

	if (*places == NULL)
		return;
	for (i = 0; i < (*places)->count; i++) {
		free((*places)->items[i].path);
		free((*places)->items[i].file);
	}
	free((*places)->items);
	free(*places);
	*places = NULL;
}
