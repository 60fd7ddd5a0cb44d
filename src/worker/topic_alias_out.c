/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/topic_alias_out.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/memory.h"

/* A PUBLISH with an alias alone is longer by its property of three bytes. */
#define TOPIC_LEN_MIN 4
/* What a table holds is bounded by this, for each alias. */
#define TOPIC_LEN_MAX 512

/* A Topic Name has one place, by its hash; places compete for nothing. */
struct alias {
	struct bytes topic_name; /* data NULL: none yet */
	uint64_t candidate;      /* hash of one that came and is not it */
};

struct topic_aliases_out {
	uint16_t maximum;
	struct alias aliases[];
};

struct topic_aliases_out *
topic_aliases_out_new(uint16_t maximum)
{
	struct topic_aliases_out *aliases = memory_new(1,
	    sizeof(*aliases) + maximum * sizeof(aliases->aliases[0]));

	aliases->maximum = maximum;
	return aliases;
}

void
topic_aliases_out_free(struct topic_aliases_out **aliases)
{
	struct topic_aliases_out *last = *aliases;

	*aliases = NULL;
	if (last == NULL)
		return;
	for (uint16_t i = 0; i < last->maximum; i++)
		free((void *)(uintptr_t)last->aliases[i].topic_name.data);
	free(last);
}

uint16_t
topic_aliases_out_find(struct topic_aliases_out *aliases,
    struct bytes topic_name, bool *is_known)
{
	uint64_t hash = hash_of(topic_name);
	uint16_t place = (uint16_t)(hash % aliases->maximum);
	struct alias *alias = &aliases->aliases[place];

	*is_known = false;
	if (topic_name.len < TOPIC_LEN_MIN || topic_name.len > TOPIC_LEN_MAX)
		return 0;
	if (alias->topic_name.data != NULL &&
	    bytes_equal(alias->topic_name, topic_name)) {
		alias->candidate = 0;
		*is_known = true;
		return (uint16_t)(place + 1);
	}
	/* It takes the place if it comes twice while the other does not. */
	if (alias->candidate == hash)
		return (uint16_t)(place + 1);
	alias->candidate = hash;
	return 0;
}

void
topic_aliases_out_set(struct topic_aliases_out *aliases, uint16_t alias,
    struct bytes topic_name)
{
	struct alias *place = &aliases->aliases[alias - 1];

	free((void *)(uintptr_t)place->topic_name.data);
	place->topic_name = bytes_of(memory_copy(topic_name), topic_name.len);
	place->candidate = 0;
}
