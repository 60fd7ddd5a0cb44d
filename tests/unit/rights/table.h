/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles from text, and certificates from a few words, for the tests.
 */
#ifndef SIGNET_TESTS_UNIT_RIGHTS_TABLE_H
#define SIGNET_TESTS_UNIT_RIGHTS_TABLE_H

#include "rights/rights.h"

/* The table of these roles, "( { ... } )"; other_settings: "" or more. */
struct rights_table *table_of(const char *roles, const char *other_settings);

/* What is wrong with the roles, as rights_check_config() says it. */
void table_faults(const char *roles, struct config_error *error);

/*
 * The rights of a certificate.
 *
 * fields: lines of "cn=", "o=", "ou=", "dns=", "uri=", "email=", "issuer=" and
 * the value; the fingerprint is 32 times fingerprint.
 */
const struct rights *rights_of(struct rights_table *table, const char *identity,
    const char *fields, uint8_t fingerprint);

/* Is it granted to a client? topic: NULL to connect. */
bool is_granted(const struct rights *rights, enum rights_action action,
    const char *identity, const char *client_id, const char *topic,
    struct rights_verdict *verdict);

#endif
