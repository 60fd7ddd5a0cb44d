/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server shows, and whom it trusts: the certificate with its chain
 * and the client CAs, checked for what would keep every client out.
 */
#ifndef SIGNET_X509_CREDENTIALS_H
#define SIGNET_X509_CREDENTIALS_H

#include "x509/certificate.h"

struct x509_credentials {
	mbedtls_x509_crt certificate; /* and what follows it: leaf first */
	mbedtls_x509_crt client_ca;
};

/*
 * Parse and check: the use of the certificate, the order of its chain, and
 * that there is a CA. Dates are left to x509_credentials_check_dates().
 *
 * certificate, client_ca: files; borrowed.
 * Returns 0, close with x509_credentials_close(); -EINVAL, and nothing has to
 * be closed.
 */
int x509_credentials_open(struct x509_credentials *credentials,
    struct bytes certificate, struct bytes client_ca,
    const struct x509_fault *fault);

/* 0; or 1 and the words if a certificate ends within 30 days, has ended or has
 * not begun. now: seconds since 1970. */
int x509_credentials_check_dates(const struct x509_credentials *credentials,
    int64_t now, const struct x509_fault *fault);

void x509_credentials_close(struct x509_credentials *credentials);

#endif
