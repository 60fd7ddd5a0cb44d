/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no setting can get wrong alone.
 */
#ifndef SIGNET_CONFIG_CHECK_H
#define SIGNET_CONFIG_CHECK_H

#include "config/config.h"

/* Add a fault for each two settings that contradict each other. */
void config_check(const struct config *config, struct config_error *error);

#endif
