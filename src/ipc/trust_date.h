/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dates of an index in words.
 */
#ifndef SIGNET_IPC_TRUST_DATE_H
#define SIGNET_IPC_TRUST_DATE_H

#include "ipc/trust_index.h"

#define IPC_TRUST_DATE_TEXT_MAX (IPC_TRUST_NAME_MAX + 256)

/* The setting: "tls.certificate". */
const char *ipc_trust_date_word(enum ipc_trust_date_kind kind);

/* What is the matter with it at a time, and what that means. */
void ipc_trust_date_text(const struct ipc_trust_date *date, int64_t now,
    char text[IPC_TRUST_DATE_TEXT_MAX]);

#endif
