/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one configuration has and another has not.
 */
#ifndef SIGNET_CONFIG_CHANGE_H
#define SIGNET_CONFIG_CHANGE_H

#include "config/schema.h"

/*
 * Append the names of the settings whose values differ, "tls.min_version,
 * listen[1].port, roles", of those that are applied so. Of a list it is that
 * of each element where both have as many, else the list's; the elements of
 * roles go by their names, so that it is the list's.
 *
 * Returns how many names were appended.
 */
size_t config_compare(const struct config *from, const struct config *to,
    enum config_applied applied, struct buffer *names);

/*
 * Call visit for each role that was "added", "changed" or "removed"; of one
 * that was changed, settings names what of it differs, "publish, will", during
 * the call.
 */
typedef void config_role_visit(void *context, const char *name,
    const char *verb, struct bytes settings);
void config_compare_roles(const struct config *from, const struct config *to,
    void *context, config_role_visit *visit);

/* Have all settings whose paths begin so ("roles") the same values? */
bool config_is_same(const struct config *a, const struct config *b,
    const char *path);

/*
 * Give those settings that change by a restart only the values that from has:
 * copies of them.
 */
void config_keep_restart(struct config *to, const struct config *from);

/*
 * Call visit for each file that a configuration names, with its setting:
 * both as long as config.
 */
void config_each_file(const struct config *config, void *context,
    void (*visit)(void *context, const char *setting, const char *path));

#endif
