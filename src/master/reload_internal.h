/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reload.c and reload_read.c share.
 */
#ifndef SIGNET_MASTER_RELOAD_INTERNAL_H
#define SIGNET_MASTER_RELOAD_INTERNAL_H

#include "master/reload.h"

/* Messages of the reader; 0 or -EBADMSG. */
int reload_on_configuration(struct reload *reload, struct ipc_message *message);
int reload_on_file(struct reload *reload, struct ipc_message *message);

/*
 * All that is read has come: make of it what can be proposed, and name what is
 * other than what is in use. 0; -EBADMSG if something is missing; -errno.
 */
int reload_complete(struct reload *reload);

#endif
