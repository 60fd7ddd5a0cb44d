/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dates of an index in words.
 */
#ifndef SIGNET_IPC_TRUST_DATE_H
#define SIGNET_IPC_TRUST_DATE_H

#include "ipc/trust_index.h"

#define IPC_TRUST_DATE_TEXT_MAX (2 * IPC_TRUST_NAME_MAX + 320)

/* The setting: "tls.certificate". */
const char *ipc_trust_date_word(enum ipc_trust_date_kind kind);

/* "2026-11-22 21:30:00 UTC" */
#define IPC_TRUST_TIME_TEXT_MAX 32
void ipc_trust_time_text(int64_t seconds, char text[IPC_TRUST_TIME_TEXT_MAX]);

/* When the grace of a CRL ends, from when on the clients of its issuer are
 * refused; IPC_TRUST_NEVER for all other dates. date: of this index. */
int64_t ipc_trust_date_refused_at(const struct ipc_trust_index *index,
    const struct ipc_trust_date *date);

/* What is the matter with it at a time, and what that means. refused_at: as
 * above. */
void ipc_trust_date_text(const struct ipc_trust_date *date, int64_t refused_at,
    int64_t now, char text[IPC_TRUST_DATE_TEXT_MAX]);

#endif
