/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trust index: which authorities clients are trusted by, and what their
 * CRLs revoke. The trust role makes it from files that it has checked; gates
 * and workers look at it in place, in sealed memory, and search it by halves.
 *
 * Authorities and certificates go by hashes (x509/certificate.h says of what);
 * here they are bytes.
 */
#ifndef SIGNET_IPC_TRUST_INDEX_H
#define SIGNET_IPC_TRUST_INDEX_H

#include "lib/buffer.h"
#include "lib/bytes.h"

#define IPC_TRUST_ID_LEN          16
#define IPC_TRUST_FINGERPRINT_LEN 32
#define IPC_TRUST_NAME_MAX        1024
#define IPC_TRUST_COMMON_NAME_MAX 255
#define IPC_TRUST_NUMBER_MAX      20

/* A chain from a client's certificate to an anchor has no more links. */
#define IPC_TRUST_CHAIN_MAX 8

#define IPC_TRUST_AUTHORITIES_MAX 4096
#define IPC_TRUST_REVOKED_MAX     4194304
#define IPC_TRUST_DATES_MAX       16384

/* As many CAs may stand below an authority as like. */
#define IPC_TRUST_ANY_LENGTH UINT16_MAX

/* A time that does not come; all others are seconds since 1970. */
#define IPC_TRUST_NEVER INT64_MAX

/* One certificate of tls.client_ca. */
struct ipc_trust_authority {
	uint8_t fingerprint[IPC_TRUST_FINGERPRINT_LEN];
	uint8_t id[IPC_TRUST_ID_LEN];          /* as an issuer */
	uint8_t certificate[IPC_TRUST_ID_LEN]; /* what revokes it */
	uint32_t parent;     /* the number of its issuer; an anchor: its own */
	uint16_t length_max; /* CAs below it, by itself and all above it */
	int64_t not_before;  /* the latest of it and all above it */
	int64_t not_after;   /* the earliest of them */
	/* The common name, which rights speak of; 0: it has none that may be. */
	uint8_t name_len;
	uint8_t name[IPC_TRUST_COMMON_NAME_MAX]; /* zeros behind it */
};

/* The newest CRL of an issuer. */
struct ipc_trust_crl {
	uint8_t issuer[IPC_TRUST_ID_LEN];
	int64_t this_update;
	int64_t next_update;
	int64_t ends_at; /* with the grace that is given; or NEVER */
};

/* Something that ends one day, and from when on that is to be told. */
enum ipc_trust_date_kind {
	IPC_TRUST_DATE_SERVER = 1, /* a certificate of tls.certificate */
	IPC_TRUST_DATE_AUTHORITY,  /* of tls.client_ca */
	IPC_TRUST_DATE_CRL,        /* of tls.crl */
};
struct ipc_trust_date {
	enum ipc_trust_date_kind kind;
	int64_t tell_from;
	int64_t ends_at;
	struct bytes name; /* of its subject or issuer: text */
	/* The fingerprint of a certificate; of a CRL its issuer's id. */
	struct bytes id;
	struct bytes number; /* of a CRL, if it has one; else empty */
};

/* What an index is made from. */
struct ipc_trust_content {
	uint64_t generation; /* 1.. */
	bool needs_all_crls; /* each issuer in a chain needs one */
	size_t authority_count;
	const struct ipc_trust_authority *authorities; /* each another one */
	size_t crl_count;
	const struct ipc_trust_crl *crls; /* of different issuers */
	struct buffer *revoked;           /* ids of certificates; is sorted */
	size_t date_count;
	const struct ipc_trust_date *dates;
};

/* An index where it lies; the view lasts as long as the bytes. */
struct ipc_trust_index {
	struct bytes view;
	uint64_t generation;
	bool needs_all_crls;
	uint32_t authority_count, anchor_count, crl_count, revoked_count,
	    date_count;
	const uint8_t *authorities, *anchors, *crls, *revoked, *dates;
};

/*
 * Append an index. Panics if the content has more than it may, or a parent that
 * is not there.
 */
void ipc_trust_index_encode(const struct ipc_trust_content *content,
    struct buffer *out);

/*
 * Look at an index: lengths, order, and that every authority leads to an anchor
 * are checked, so that what is found in it later is sound.
 *
 * index: points into view; untouched on error.
 * Returns 0 or -EBADMSG.
 */
int ipc_trust_index_open(struct bytes view, struct ipc_trust_index *index);

/* The authority with this fingerprint, or of this number; false: none. */
bool ipc_trust_authority_find(const struct ipc_trust_index *index,
    const uint8_t fingerprint[IPC_TRUST_FINGERPRINT_LEN],
    struct ipc_trust_authority *authority, uint32_t *number);
bool ipc_trust_authority_at(const struct ipc_trust_index *index,
    uint32_t number, struct ipc_trust_authority *authority);

bool ipc_trust_is_anchor(const struct ipc_trust_index *index,
    const uint8_t id[IPC_TRUST_ID_LEN]);
bool ipc_trust_is_revoked(const struct ipc_trust_index *index,
    const uint8_t certificate[IPC_TRUST_ID_LEN]);
bool ipc_trust_crl_find(const struct ipc_trust_index *index,
    const uint8_t issuer[IPC_TRUST_ID_LEN], struct ipc_trust_crl *crl);

/* The next date; *pos is 0 at first; false at the end. */
bool ipc_trust_date_next(const struct ipc_trust_index *index, size_t *pos,
    struct ipc_trust_date *date);

/* The first time after now at which a CRL ends; IPC_TRUST_NEVER if none. */
int64_t ipc_trust_crls_end_at(const struct ipc_trust_index *index, int64_t now);

/* One link of a chain: a certificate and who issued it. */
struct ipc_trust_link {
	uint8_t issuer[IPC_TRUST_ID_LEN];
	uint8_t certificate[IPC_TRUST_ID_LEN];
};

/* What weighs most comes first. */
enum ipc_trust_verdict {
	IPC_TRUST_GOOD,
	IPC_TRUST_REVOKED,
	IPC_TRUST_ANCHOR_GONE,
	IPC_TRUST_CRL_MISSING, /* and every issuer needs one */
	IPC_TRUST_CRL_ENDED,   /* it is older than the grace allows */
};

/*
 * May a chain, which was verified before, be trusted now? links: the client's
 * first, the anchor last, count >= 1.
 */
enum ipc_trust_verdict
ipc_trust_chain_check(const struct ipc_trust_index *index,
    const struct ipc_trust_link *links, size_t count, int64_t now);

#endif
