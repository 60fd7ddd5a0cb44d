/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/topic_alias_out.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/memory.h"

/* A PUBLISH with an alias alone is longer by its property of three bytes. */
#define TOPIC_LEN_MIN 4
/* What a table holds is bounded by this, for each alias. */
#define TOPIC_LEN_MAX 512

/* So many others come to a place before its candidate is given up: topics
 * that come in turn would else displace each other for ever. */
#define MISSES_MAX 8

/* A Topic Name has two places, by its hash, and takes the second one if the
 * first is another's. */
struct alias {
	struct bytes topic_name; /* data NULL: none yet */
	uint64_t candidate;      /* hash of one that came and is not it */
	unsigned int misses;     /* others that came since */
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

static bool
holds(const struct alias *place, struct bytes topic_name)
{
	return place->topic_name.data != NULL &&
	       bytes_equal(place->topic_name, topic_name);
}

/* The place of a Topic Name: where it is, or where it may come to be. */
static struct alias *
place_of(struct topic_aliases_out *aliases, struct bytes topic_name,
    uint64_t hash)
{
	struct alias *first = &aliases->aliases[hash % aliases->maximum];
	struct alias *second = &aliases
				    ->aliases[(hash >> 32) % aliases->maximum];

	if (holds(first, topic_name) || first->topic_name.data == NULL)
		return holds(second, topic_name) ? second : first;
	if (holds(second, topic_name) || second->topic_name.data == NULL)
		return second;
	return first;
}

uint16_t
topic_aliases_out_find(struct topic_aliases_out *aliases,
    struct bytes topic_name, bool *is_known)
{
	uint64_t hash = hash_of(topic_name);
	struct alias *place = place_of(aliases, topic_name, hash);
	uint16_t alias = (uint16_t)(place - aliases->aliases + 1);

	*is_known = false;
	if (topic_name.len < TOPIC_LEN_MIN || topic_name.len > TOPIC_LEN_MAX)
		return 0;
	if (holds(place, topic_name)) {
		place->candidate = 0;
		*is_known = true;
		return alias;
	}
	/* It takes the place if it comes twice while the other does not. */
	if (place->candidate == hash)
		return alias;
	if (place->candidate == 0 || ++place->misses > MISSES_MAX) {
		place->candidate = hash;
		place->misses = 0;
	}
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
