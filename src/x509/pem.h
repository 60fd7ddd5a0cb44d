/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks of a PEM file (RFC 7468), one after the other, or a DER file as
 * one. What stands around the blocks is no fault.
 */
#ifndef SIGNET_X509_PEM_H
#define SIGNET_X509_PEM_H

#include <stdbool.h>

#include "lib/bytes.h"

#define X509_PEM_PLACE_MAX 64

struct x509_pem {
	struct bytes file;
	size_t pos;         /* behind the last block */
	unsigned int lines; /* that end before it */
	unsigned int count; /* that were found, a cut one too */
	unsigned int line;  /* of the last; 0: the file is DER */
};

/* Is this PEM? Otherwise it can only be DER. */
bool x509_is_pem(struct bytes file);

/*
 * The next block with a label, "CERTIFICATE", from its BEGIN to its END; of a
 * DER file all of it.
 *
 * pem: zeroed but for file. block: a view into the file.
 * Returns 1; 0 behind the last; -EINVAL if there is a beginning without an end,
 * of another label, too, if it stands behind the last: the file was cut.
 */
int x509_pem_next(struct x509_pem *pem, const char *label, struct bytes *block);

/* Where the last block is: "CRL 2 (line 17)", "CRL 1" of a DER file. */
const char *x509_pem_place(const struct x509_pem *pem, const char *what,
    char place[X509_PEM_PLACE_MAX]);

#endif
