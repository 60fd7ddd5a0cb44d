/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client may publish and subscribe to.
 *
 * The roles of a configuration are compiled once. The roles that an identity
 * matches are a set, and sessions whose identities match the same roles share
 * one, so that a session keeps a pointer. What no role of the set grants is
 * denied.
 *
 * A granted topic filter may hold ${identity} and ${client_id} in its levels:
 * they stand for the client's own, as literal text. A value that is empty or
 * holds a '/', '+', '#' or NUL matches nothing, and a filter reaches topics
 * that begin with '$' only if its own text does: no client widens its rights
 * by what it is called.
 */
#ifndef SIGNET_WORKER_RIGHTS_H
#define SIGNET_WORKER_RIGHTS_H

#include "config/config.h"

struct rights_table;
struct rights;

/* What granted a request, as in the configuration. */
struct rights_grant {
	const char *role;
	const char *topic_filter;
};

/*
 * Check what of the roles the configuration cannot: that each filter is one,
 * without $share, and uses no other ${variable} than there are.
 *
 * error: as with config_fault(); what it already says is kept.
 * Returns 0, or -EINVAL if error has grown.
 */
int rights_check_config(const struct config *config,
    struct config_error *error);

/*
 * Compile the roles.
 *
 * config: borrowed, and not needed afterwards; it passed rights_check_config().
 * Returned, free with rights_table_free(); sets of roles that are still in use
 * stay valid then.
 */
struct rights_table *rights_table_new(const struct config *config);

void rights_table_free(struct rights_table **table);

/*
 * The roles that an identity matches; give it back with rights_unref(). An
 * empty identity matches none.
 */
const struct rights *rights_ref(struct rights_table *table,
    struct bytes identity);

/* rights becomes NULL; NULL is accepted. */
void rights_unref(const struct rights **rights);

/* Is this a topic that the daemon alone publishes to: $SYS, or below it? */
bool rights_topic_is_reserved(struct bytes topic_name);

/*
 * May a client publish to this topic name? To a reserved one none may.
 *
 * grant: if not NULL, what grants it; valid as long as rights, untouched if
 * nothing does.
 */
bool rights_may_publish(const struct rights *rights, struct bytes identity,
    struct bytes client_id, struct bytes topic_name,
    struct rights_grant *grant);

/*
 * May it subscribe to all that this topic filter matches? One granted filter
 * has to cover it alone.
 *
 * topic_filter: valid, and without its $share/<group>/.
 * grant: as above.
 */
bool rights_may_subscribe(const struct rights *rights, struct bytes identity,
    struct bytes client_id, struct bytes topic_filter,
    struct rights_grant *grant);

/*
 * The names of the roles of a set, for the log of a denial.
 *
 * Returns the index-th one's name, valid as long as rights; NULL past the
 * last.
 */
const char *rights_role_name(const struct rights *rights, size_t index);

#endif
