/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topic of a session's presence, $SYS/presence/<identity>/<client id>, and
 * back. Such a topic is at home where its session is: the worker that knows the
 * session keeps what is said of it, and the store gives it to that one.
 */
#ifndef SIGNET_IPC_PRESENCE_H
#define SIGNET_IPC_PRESENCE_H

#include "lib/buffer.h"
#include "lib/bytes.h"

#define IPC_PRESENCE_PREFIX "$SYS/presence/"

/* What is longer has no such topic. */
#define IPC_PRESENCE_TOPIC_MAX 4096

/*
 * Append the topic of a session. In both levels '/', '+', '#', '%' and control
 * characters (U+0000 to U+001F, U+007F to U+009F) are percent-encoded, with
 * capital digits, byte by byte.
 *
 * identity, client_id: UTF-8.
 * Returns false, with nothing appended, if it is longer than
 * IPC_PRESENCE_TOPIC_MAX.
 */
bool ipc_presence_topic(struct bytes identity, struct bytes client_id,
    struct buffer *out);

/*
 * Append the key (as struct ipc_store_change has it) of the session that a
 * topic speaks of: of which ipc_presence_topic() makes this topic.
 *
 * Returns false, with nothing appended, if it is no such topic.
 */
bool ipc_presence_session_key(struct bytes topic, struct buffer *key);

#endif
