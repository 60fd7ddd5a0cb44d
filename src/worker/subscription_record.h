/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subscription as it is kept, beside its Topic Filter.
 */
#ifndef SIGNET_WORKER_SUBSCRIPTION_RECORD_H
#define SIGNET_WORKER_SUBSCRIPTION_RECORD_H

#include "lib/buffer.h"
#include "worker/session_state.h"

#define SUBSCRIPTION_RECORD_VERSION 1

void subscription_record_encode(const struct session_subscription *subscription,
    struct buffer *out);

/*
 * Everything but the Topic Filter. 0; -EBADMSG, subscription untouched, if the
 * record is not whole, of another version, or says what no subscription can be.
 */
int subscription_record_decode(struct bytes record,
    struct session_subscription *subscription);

#endif
