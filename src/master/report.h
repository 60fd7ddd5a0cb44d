/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reload has changed, or what is wrong with it, as it is told to who
 * asked and to the log.
 */
#ifndef SIGNET_MASTER_REPORT_H
#define SIGNET_MASTER_REPORT_H

#include "config/config.h"
#include "ipc/trust_index.h"
#include "lib/buffer.h"

/* Of lines that are told to who asked, with what says that there are more. */
#define REPORT_BYTES_MAX 4000
/* Lines that are told or logged; the others are counted. */
#define REPORT_LINES_MAX 200

struct report {
	struct buffer settings; /* names of those that change */
	struct buffer files;    /* settings of the files that do */
	struct buffer restart;  /* names of those that need a restart */
	struct buffer lines;    /* of roles, certificates and CRLs */
	size_t line_count;      /* that there are, or were left out */
};

/* Empty it; free with report_done(). */
void report_clear(struct report *report);
void report_done(struct report *report);

/* Add the roles that differ, and what clients are trusted by: it is said in the
 * log as well, at once. */
void report_add_roles(struct report *report, const struct config *before,
    const struct config *after);
void report_add_trust(struct report *report,
    const struct ipc_trust_index *before, const struct ipc_trust_index *after);

/* Add the CRLs for which clients are, or will soon be, refused, unless that was
 * so before. The log says it when the index is used. */
void report_add_refusals(struct report *report,
    const struct ipc_trust_index *before, const struct ipc_trust_index *after,
    int64_t now);

/* Append what is told to who asked. */
void report_text(const struct report *report, struct buffer *out);

#endif
