/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Response Information (MQTT 5.0, 3.2.2.3.15): the topic below which a client
 * that asks for it is to have the answers to its requests.
 */
#ifndef SIGNET_WORKER_RESPONSE_INFORMATION_H
#define SIGNET_WORKER_RESPONSE_INFORMATION_H

#include "lib/buffer.h"
#include "lib/bytes.h"

#define RESPONSE_INFORMATION_MAX 1024

/*
 * Append the pattern with the client's own for ${identity} and ${client_id}.
 *
 * Returns false, and leaves out as it was, if the pattern is empty, the result
 * longer than RESPONSE_INFORMATION_MAX, or a value that stands in it is not
 * one level of a topic: empty, or with '/', '+' or '#'.
 */
bool response_information_append(const char *pattern, struct bytes identity,
    struct bytes client_id, struct buffer *out);

#endif
