/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that clients resume (RFC 5077, RFC 8446 s2.2): tickets hold who the
 * client is and what can revoke it, so that whoever comes back is checked like
 * whoever comes for the first time, but for the signatures.
 *
 * A ticket is good as long as its key is, not longer than tls.ticket_seconds
 * after the client showed its certificate, and not longer than that
 * certificate. Its chain is looked up in the trust index that holds when it
 * is shown. What is no good any more leads to a full handshake, which says why
 * if it is refused.
 */
#ifndef SIGNET_GATE_RESUMPTION_H
#define SIGNET_GATE_RESUMPTION_H

#include "config/config.h"
#include "ipc/ticket_keys.h"
#include "ipc/trust_index.h"
#include "tls/handover.h"
#include "tls/ticket.h"
#include "x509/compat.h"

/* Of one handshake: what the ticket said that it has shown last. */
struct resumption {
	bool is_offered;    /* the rest is known */
	int64_t expires_at; /* the ticket; seconds since 1970 */
	struct buffer peer; /* as tls_peer_encode() wrote it */
};

/* A client that was verified; the views are borrowed during the call. */
typedef bool resumption_peer(void *context, struct tls_peer *peer);

/* Of all handshakes of a gate. */
struct resumptions {
	struct tls_ticket_keys keys;
	enum config_identity identity;       /* what identities are now */
	const struct ipc_trust_index *trust; /* borrowed */
	mbedtls_ctr_drbg_context *random;    /* borrowed */
	uint32_t ticket_seconds;
	/* Whose handshake is being continued. */
	struct resumption *chosen;
	resumption_peer *peer_of;
	void *context; /* of peer_of */
};

/*
 * Let mbedTLS make and take tickets. tls: of the gate, set up otherwise;
 * config, trust (NULL: it is set before it is needed),
 * random: borrowed, as long as tls.
 */
void resumptions_init(struct resumptions *resumptions, mbedtls_ssl_config *tls,
    const struct config *config, const struct ipc_trust_index *trust,
    mbedtls_ctr_drbg_context *random);
void resumptions_done(struct resumptions *resumptions);

/* Use these keys from now on. */
void resumptions_use(struct resumptions *resumptions,
    const struct ipc_ticket_keys *keys);

/* Use those that another one uses. */
void resumptions_inherit(struct resumptions *resumptions,
    const struct resumptions *before);

/*
 * Before each call that continues a handshake: mbedTLS knows one receiver for
 * all of them. peer_of: fills in whom the handshake has verified; false if it
 * has not. resumption, context: borrowed until the next call.
 */
void resumptions_choose(struct resumptions *resumptions,
    struct resumption *resumption, resumption_peer *peer_of, void *context);

/* From which second on a ticket is none any more that is made now for a client
 * whose certificate has this notAfter. */
int64_t resumption_end(int64_t now, uint32_t ticket_seconds, int64_t not_after);

/*
 * Who has resumed a session, if the handshake went without a certificate.
 *
 * peer: views into the resumption; id and address are not the connection's.
 * False if nobody has.
 */
bool resumption_peer_of(const struct resumption *resumption,
    struct tls_peer *peer);
void resumption_done(struct resumption *resumption);

#endif
