/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session_restore.h"

#include <errno.h>

int
session_take_row(struct worker *worker, const struct ipc_store_row *row)
{
	(void)worker;
	(void)row;
	return 0;
}

void
session_loaded(struct worker *worker)
{
	(void)worker;
}

void
session_store_up(struct worker *worker)
{
	(void)worker;
}

int
on_store_page(struct worker *worker, const struct ipc_message *message)
{
	(void)worker;
	(void)message;
	return -EBADMSG;
}
