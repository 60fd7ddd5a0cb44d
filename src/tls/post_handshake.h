/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes in records after the handshake: application data, alerts
 * (RFC 8446 s6, RFC 5246 s7.2), and the handshake messages that a client may
 * still send: KeyUpdate (RFC 8446 s4.6.3), and a ClientHello that TLS 1.2 lets
 * a server decline (RFC 5246 s7.4.1.2, RFC 5746 s4.5).
 */
#ifndef SIGNET_TLS_POST_HANDSHAKE_H
#define SIGNET_TLS_POST_HANDSHAKE_H

#include "tls/record.h"

/* The longest ClientHello that is skipped. */
#define TLS_CLIENT_HELLO_MAX 65536

/*
 * Take the content of a record that is authentic.
 *
 * content: borrowed. record: plaintext or alert is set where there is one.
 * Returns as tls_record_deprotect(), without TLS_NEED_MORE.
 */
int tls_content_take(struct tls_records *records, uint8_t content_type,
    struct bytes content, struct tls_record *record);

#endif
