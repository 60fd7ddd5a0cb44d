/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns of the loop and, where a role has them, jobs in between.
 */
#include "proc/child_private.h"

static void
run_with_jobs(struct proc_child *child)
{
	const struct proc_child_private *private = child->private;
	const struct proc_events *events = private->events;

	/* During a job, turns in another thread may end the loop. */
	while (!private->is_stopped) {
		bool has_job = events->has_job(child);

		uv_run(&child->loop, has_job ? UV_RUN_NOWAIT : UV_RUN_ONCE);
		if (has_job && !private->is_stopped)
			events->on_job(child);
	}
}

void
child_run(struct proc_child *child)
{
	if (child->private->events->has_job != NULL)
		run_with_jobs(child);
	else
		uv_run(&child->loop, UV_RUN_DEFAULT);
}
