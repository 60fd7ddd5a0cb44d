/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session_state.h"

#include <stdlib.h>

void
session_state_done(struct session_state *state)
{
	pending_queue_done(&state->queued);
	pending_queue_done(&state->inflight);
	message_unref(&state->will);
	free(state->received);
	state->received = NULL;
	state->received_count = 0;
}
