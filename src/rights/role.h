/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One role, compiled: whom it is for, and its lists of rules.
 */
#ifndef SIGNET_RIGHTS_ROLE_H
#define SIGNET_RIGHTS_ROLE_H

#include "rights/filter.h"
#include "rights/pattern.h"
#include "rights/rights.h"

enum rights_list {
	RIGHTS_LIST_CONNECT,
	RIGHTS_LIST_PUBLISH,
	RIGHTS_LIST_SUBSCRIBE,
	RIGHTS_LIST_RETAIN,
	RIGHTS_LIST_WILL,
	RIGHTS_LIST_DENY_CONNECT,
	RIGHTS_LIST_DENY_PUBLISH,
	RIGHTS_LIST_DENY_SUBSCRIBE,
	RIGHTS_LIST_COUNT,
};

/* The rules of a list: patterns to connect, filters for everything else. */
struct rights_rules {
	bool is_given;
	size_t count;
	struct rights_filter **filters;
	struct rights_pattern **patterns;
};

enum rights_match {
	RIGHTS_MATCH_IDENTITY,
	RIGHTS_MATCH_O,
	RIGHTS_MATCH_OU,
	RIGHTS_MATCH_SAN,
	RIGHTS_MATCH_ISSUER,
	RIGHTS_MATCH_AUTHORITY,
	RIGHTS_MATCH_FINGERPRINT,
	RIGHTS_MATCH_COUNT,
};

struct rights_role {
	char *name;
	struct config_strings match[RIGHTS_MATCH_COUNT];
	struct rights_rules lists[RIGHTS_LIST_COUNT];
	rights_variable_set variables; /* of all its rules */
	struct rights_limits limits;
};

/* "deny.publish": what the list is called within a role. */
const char *rights_list_name(enum rights_list list);
bool rights_list_is_denial(enum rights_list list);

/* Add the faults of a role's settings; index: of the role. */
void rights_role_check(const struct config *config, size_t index,
    struct config_error *error);

/* from: borrowed. To be given to rights_role_done(). */
void rights_role_init(struct rights_role *role, const struct config_role *from);
void rights_role_done(struct rights_role *role);

/* Do all fields that the role names match the certificate? */
bool rights_role_is_for(const struct rights_role *role,
    const struct rights_certificate *certificate);

/*
 * The first rule of a list that the topic, or to connect the client
 * identifier, is one of.
 *
 * rule: returned; NULL if the role grants all because it does not name the
 * list.
 */
bool rights_role_find(const struct rights_role *role, enum rights_list list,
    const struct rights_values *values, struct bytes topic, size_t *index,
    const char **rule);

#endif
