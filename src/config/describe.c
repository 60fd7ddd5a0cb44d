/* SPDX-License-Identifier: Apache-2.0 */
#include "config/describe.h"

#include <stdarg.h>
#include <stdio.h>

static void __attribute__((format(printf, 2, 3)))
say(char *facts, const char *format, ...)
{
	size_t len = strlen(facts);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(facts + len, CONFIG_FACTS_MAX - len, format, arguments);
	va_end(arguments);
}

static void
say_words(char *facts, const struct config_row *row)
{
	const char *word;
	unsigned int i;

	for (i = 0; (word = row->word(i)) != NULL; i++) {
		if (i > 0)
			say(facts, row->word(i + 1) == NULL ? " or " : ", ");
		say(facts, "\"%s\"", word);
	}
	say(facts, ".");
}

static void
say_type(char *facts, const struct config_row *row)
{
	long long least = row->least, most = row->most;

	switch (row->kind) {
	case CONFIG_KIND_LIST:
		say(facts, "A list of %lld to %lld groups.", least, most);
		break;
	case CONFIG_KIND_NUMBER:
		say(facts, "%lld to %lld%s%s.", least, most,
		    row->unit == NULL ? "" : " ",
		    row->unit == NULL ? "" : row->unit);
		break;
	case CONFIG_KIND_WORD:
		say_words(facts, row);
		break;
	case CONFIG_KIND_SWITCH:
		say(facts, "true or false.");
		break;
	case CONFIG_KIND_TEXT:
		say(facts, "A string of %lld to %lld bytes.", least, most);
		break;
	case CONFIG_KIND_ADDRESS:
		say(facts, "An address, as a string.");
		break;
	case CONFIG_KIND_FILE:
		say(facts, "A file's name, as a string.");
		break;
	case CONFIG_KIND_PATH:
		say(facts, "A name in the file system, as a string.");
		break;
	case CONFIG_KIND_TEXTS:
		if (row->is_files)
			say(facts,
			    "A name of a file that can be read, or an array of "
			    "%lld to %lld.",
			    least, most);
		else
			say(facts, "A string, or an array of %lld to %lld.",
			    least, most);
		break;
	}
}

static void
say_default(char *facts, const struct config_row *row)
{
	if (row->is_required)
		say(facts, " Required.");
	else if (row->is_optional)
		say(facts, " Optional.");
	else if (row->kind == CONFIG_KIND_NUMBER)
		say(facts, " Default: %lld.", (long long)row->number);
	else if (row->kind == CONFIG_KIND_WORD)
		say(facts, " Default: \"%s\".",
		    row->word((unsigned int)row->number));
	else if (row->kind == CONFIG_KIND_SWITCH)
		say(facts, " Default: %s.",
		    row->number != 0 ? "true" : "false");
	else if (row->text != NULL && row->kind != CONFIG_KIND_LIST &&
		 row->kind != CONFIG_KIND_TEXTS)
		say(facts, " Default: \"%s\".", row->text);
	else
		say(facts, " Default: none.");
}

void
config_describe(const struct config_row *row, char *facts)
{
	facts[0] = '\0';
	say_type(facts, row);
	say_default(facts, row);
	if (row->applied == CONFIG_APPLIED_BY_RESTART)
		say(facts, " Needs a restart.");
}
