/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of connections that are not let in, and of handshakes that fail.
 * Whoever floods us must not flood the log: there are so many lines of a source
 * in a minute, so many of all of them, and a line with the sums at its end.
 */
#ifndef SIGNET_GATE_COMPLAINTS_H
#define SIGNET_GATE_COMPLAINTS_H

#include "gate/admission.h"

/* Lines about single sources in a minute. */
#define COMPLAINTS_LINES_MAX 20
#define COMPLAINTS_MS        60000

/* Lines about handshakes that failed, in a minute: of a source, and of all. */
#define COMPLAINTS_FAILED_OF_SOURCE 20
#define COMPLAINTS_FAILED_MAX       6000

struct complaints {
	uint64_t began_ms; /* of the minute; 0: none has begun */
	unsigned int line_count;
	uint32_t counts[ADMISSION_COUNT];
	unsigned int failed_count; /* lines about handshakes that failed */
	uint32_t untold;           /* of those: without a line */
};

/*
 * A connection of this source was refused, or displaced: is that to be told
 * now?
 *
 * count: written if true: how many of this source since it was told last.
 */
bool complaint_note(struct complaints *complaints, enum admission verdict,
    struct source *source, uint64_t now_ms, uint32_t *count);

/*
 * A handshake of this source has failed: is there to be a line of its own?
 *
 * source: NULL: it is exempt from limits of its own.
 */
bool complaint_note_failed(struct complaints *complaints, struct source *source,
    uint64_t now_ms);

/* Write the line. limit: of the setting, 0 if it is none. */
void complaint_log(enum admission verdict, uint64_t source, uint32_t limit,
    uint32_t count);

/* Has a minute ended in which there was something? Then write the sums, and
 * begin anew. */
void complaints_turn(struct complaints *complaints, uint64_t now_ms);

/* Write what there is, if there is any. */
void complaints_end(struct complaints *complaints);

#endif
