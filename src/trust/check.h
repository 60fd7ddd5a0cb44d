/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the section tls, all but the key: checked together, and made
 * into an index (ipc/trust_index.h). No clock, no descriptor, no log.
 */
#ifndef SIGNET_TRUST_CHECK_H
#define SIGNET_TRUST_CHECK_H

#include "ipc/trust.h"

struct trust_file {
	const char *path; /* for the words of a fault */
	struct bytes content;
};

struct trust_files {
	struct trust_file certificate;
	struct trust_file client_ca;
	size_t crl_count;
	const struct trust_file *crls;
	struct bytes current; /* the index that is in use; or empty */
};

struct trust_result {
	struct buffer index;
	uint8_t spki[IPC_TRUST_SPKI_LEN]; /* of the server's certificate */
	char text[IPC_TRUST_TEXT_MAX];    /* what is wrong, if something is */
};

/*
 * Check all, and make the index.
 *
 * now: seconds since 1970. result: zeroed; free with trust_result_done() also
 * on error.
 * Returns 0; -EINVAL with result->text.
 */
int trust_check(const struct trust_files *files,
    const struct ipc_trust_check *check, int64_t now,
    struct trust_result *result);

void trust_result_done(struct trust_result *result);

#endif
