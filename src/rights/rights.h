/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client may do, by the certificate that it has shown.
 *
 * The roles of a configuration are compiled once, into a table. What a
 * certificate gets out of it is a set of roles with the values of the fields
 * that their rules speak of; clients that get the same share one, so that a
 * connection keeps a pointer.
 *
 * What a deny list of any of its roles names is denied; what no role grants is
 * denied, too. A role that does not name connect grants every client
 * identifier, and one that does not name retain or will grants them where it
 * grants publish: a list that is empty grants nothing.
 *
 * A filter may hold variables (piece.h), which stand for the client's own, as
 * literal text. In what grants, a value that cannot stand in a topic matches
 * nothing, and a filter reaches topics that begin with '$' only if its own
 * text does: no client widens its rights by what it is called.
 */
#ifndef SIGNET_RIGHTS_RIGHTS_H
#define SIGNET_RIGHTS_RIGHTS_H

#include "config/config.h"

struct rights_table;
struct rights;

/* The certificate of a client. */
struct rights_certificate {
	struct bytes identity;
	const uint8_t *fingerprint; /* TLS_HASH_LEN bytes */
	struct bytes fields;        /* in wire form: tls/handover.h */
};

enum rights_action {
	RIGHTS_CONNECT, /* under a client identifier */
	RIGHTS_PUBLISH,
	RIGHTS_SUBSCRIBE,
	RIGHTS_RETAIN,        /* publish, to be kept */
	RIGHTS_WILL,          /* have it published */
	RIGHTS_RETAINED_WILL, /* have it published, to be kept */
	RIGHTS_ACTION_COUNT,
};

struct rights_request {
	enum rights_action action;
	struct bytes identity;
	struct bytes client_id;
	/* A valid Topic Name; to subscribe, a valid Topic Filter without its
	 * $share/<group>/, all of which has to be granted by one rule, and none
	 * of which may be denied. To connect: nothing. */
	struct bytes topic;
};

enum rights_reason {
	RIGHTS_GRANTED,     /* a rule grants it */
	RIGHTS_DENIED,      /* a rule denies it */
	RIGHTS_NOT_GRANTED, /* no rule grants it */
	RIGHTS_NO_ROLE,     /* the certificate has no role at all */
	RIGHTS_RESERVED,    /* the daemon alone publishes there */
};

/* What decides. The texts are valid as long as the rights. */
struct rights_verdict {
	enum rights_reason reason;
	/* The list that has the rule, or lacks it: "publish", "deny.connect". */
	const char *list;
	/* If GRANTED or DENIED, as in the configuration: */
	const char *role;
	size_t role_index;
	const char *rule; /* NULL: the role does not name the list */
	size_t rule_index;
};

/* How much a client may send; 0: as much as it likes. */
struct rights_limits {
	uint32_t messages_per_second;
	uint32_t bytes_per_second;
};

/*
 * Check what of the roles the configuration cannot: that each filter and each
 * pattern is one, and uses no other ${variable} than there are.
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
 * Returned, free with rights_table_free(); rights that are still in use stay
 * valid then.
 */
struct rights_table *rights_table_new(const struct config *config);

void rights_table_free(struct rights_table **table);

/*
 * The rights of a certificate; give them back with rights_unref(). An empty
 * identity has none.
 */
const struct rights *rights_ref(struct rights_table *table,
    const struct rights_certificate *certificate);

/* rights becomes NULL; NULL is accepted. */
void rights_unref(const struct rights **rights);

/* Were they found in this table? */
bool rights_are_of(const struct rights *rights,
    const struct rights_table *table);

/*
 * Is it granted?
 *
 * rights: of the identity in the request. verdict: NULL, or returned.
 */
bool rights_check(const struct rights *rights,
    const struct rights_request *request, struct rights_verdict *verdict);

/* The least of what its roles allow. */
struct rights_limits rights_limits(const struct rights *rights);

/*
 * The roles of a certificate: the index-th one's name, valid as long as
 * rights; NULL past the last.
 */
const char *rights_role_name(const struct rights *rights, size_t index);

/* Is this a topic that the daemon alone publishes to: $SYS, $signet, or below
 * one of them? */
bool rights_topic_is_reserved(struct bytes topic_name);

/* "publish", for the log and for a human; NULL past the last. */
const char *rights_action_name(unsigned int action);

/* "no-role-grants-it", for the log. */
const char *rights_reason_name(enum rights_reason reason);

#endif
