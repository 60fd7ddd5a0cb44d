/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all clients' TLS has in common: trust, certificate, versions, ciphers.
 */
#ifndef SIGNET_BENCH_TLS_CONTEXT_H
#define SIGNET_BENCH_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "bench/options.h"

/*
 * Load the files that options name. has_many: thousands of connections will
 * be open at once, so each keeps no buffers while it is idle.
 *
 * fault: room for fault_len bytes; on failure what is wrong, in one line.
 * Returns the context, free with SSL_CTX_free(), or NULL.
 */
SSL_CTX *tls_context_new(const struct options *options, bool has_many,
    char *fault, size_t fault_len);

/* The handshake state of one connection over fd; NULL if out of memory. */
SSL *tls_connection_new(SSL_CTX *context, int fd, const char *server_name);

/* Why the last operation of this thread failed, and forget it. */
void tls_fault_text(const SSL *ssl, char *text, size_t len);

#endif
