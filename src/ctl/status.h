/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signetctl status: the daemon's life at a glance.
 */
#ifndef SIGNET_CTL_STATUS_H
#define SIGNET_CTL_STATUS_H

#include "ctl/line.h"

/* Ask and print, for people or as JSON. */
enum line_status status_run(struct line_connection *connection, bool is_json);

#endif
