/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The levels that were told while the daemon runs. They hold for whoever is
 * started later, too, until a configuration that is taken up has another level
 * for that role, or the daemon ends.
 */
#ifndef SIGNET_MASTER_LOG_LEVELS_H
#define SIGNET_MASTER_LOG_LEVELS_H

#include "config/config.h"
#include "lib/bytes.h"

struct master;
struct member;

/* What was told of one process's level. */
struct told_level {
	bool is_told;
	enum log_level level;
};

/* From now on; role: empty for all. Returns of how many processes there are. */
unsigned int log_levels_set(struct master *master, struct bytes role,
    enum log_level level);

/* What was told holds no more where another configuration says another level;
 * the master itself logs as it says. */
void log_levels_on_commit(struct master *master, const struct config *before,
    const struct config *now);

/* Tell one that has taken a configuration what holds for it beside that. */
void log_level_supply(struct member *member);

#endif
