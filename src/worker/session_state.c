/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session_state.h"

#include <stdlib.h>

#include "lib/memory.h"

struct session_will *
session_will_new(struct message *message)
{
	struct session_will *will = memory_new(1, sizeof(*will));

	will->message = message;
	will->at_ms = UINT64_MAX;
	return will;
}

void
session_will_free(struct session_will **will)
{
	if (*will == NULL)
		return;
	message_unref(&(*will)->message);
	free(*will);
	*will = NULL;
}

void
session_state_done(struct session_state *state)
{
	pending_queue_done(&state->queued);
	pending_queue_done(&state->inflight);
	session_will_free(&state->will);
	free(state->received);
	state->received = NULL;
	state->received_count = 0;
}
