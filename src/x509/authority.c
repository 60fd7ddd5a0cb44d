/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/authority.h"

#include <stdlib.h>

#include "lib/memory.h"
#include "x509/signature.h"
#include "x509/strict.h"

/* A row whose issuer is not found yet. */
#define UNKNOWN UINT32_MAX

static bool
is_listed(const struct x509_authorities *authorities,
    const mbedtls_x509_crt *certificate)
{
	struct bytes raw = bytes_of(certificate->raw.p, certificate->raw.len);

	for (size_t i = 0; i < authorities->count; i++) {
		const mbedtls_x509_buf *other = &authorities->items[i]
						     .certificate->raw;

		if (bytes_equal(bytes_of(other->p, other->len), raw))
			return true;
	}
	return false;
}

static uint16_t
own_length_max(const mbedtls_x509_crt *certificate)
{
	/* The library keeps one more than the certificate says; 0: nothing. */
	int kept = certificate->MBEDTLS_PRIVATE(max_pathlen);

	return kept <= 0 || kept > X509_ANY_LENGTH ? X509_ANY_LENGTH
						   : (uint16_t)(kept - 1);
}

static int
list_all(const mbedtls_x509_crt *certificates,
    struct x509_authorities *authorities, const struct x509_fault *fault)
{
	const mbedtls_x509_crt *each;
	size_t count = 0;

	for (each = certificates; each != NULL; each = each->next)
		count++;
	if (count > X509_AUTHORITIES_MAX)
		return x509_fault_set(fault,
		    "tls.client_ca: it has %zu certificates, %d is the most",
		    count, X509_AUTHORITIES_MAX);
	authorities->items = memory_new(count + 1, sizeof(*authorities->items));
	for (each = certificates; each != NULL; each = each->next) {
		struct x509_authority
		    *authority = &authorities->items[authorities->count];

		if (!compat_is_ca(each) || is_listed(authorities, each))
			continue;
		authority->certificate = each;
		authority->parent = UNKNOWN;
		authority->length_max = own_length_max(each);
		authority->not_before = x509_seconds(&each->valid_from);
		authority->not_after = x509_seconds(&each->valid_to);
		x509_authority_id(each, authority->id);
		authorities->count++;
	}
	if (authorities->count == 0)
		return x509_fault_set(fault,
		    "tls.client_ca: none of its certificates is a CA's (basic "
		    "constraints CA:TRUE)");
	return 0;
}

static bool
has_issued(const struct x509_authority *issuer,
    const mbedtls_x509_crt *certificate)
{
	const mbedtls_x509_buf *name = &issuer->certificate->subject_raw;
	struct x509_signature signature = x509_signature_of_certificate(
	    certificate);

	return bytes_equal(bytes_of(name->p, name->len),
		   bytes_of(certificate->issuer_raw.p,
		       certificate->issuer_raw.len)) &&
	       mbedtls_x509_crt_check_key_usage(issuer->certificate,
		   MBEDTLS_X509_KU_KEY_CERT_SIGN) == 0 &&
	       x509_signature_is_by(&signature, issuer->certificate);
}

static void
find_anchors(struct x509_authorities *authorities)
{
	for (uint32_t i = 0; i < authorities->count; i++) {
		struct x509_authority *authority = &authorities->items[i];
		const mbedtls_x509_crt *certificate = authority->certificate;
		struct x509_signature signature = x509_signature_of_certificate(
		    certificate);

		/* What signs itself is believed because it is in the file:
		 * the hash in that signature protects nothing. */
		if (x509_is_self_issued(certificate) &&
		    (!x509_signature_is_strong(&signature) ||
			x509_signature_is_by(&signature, certificate)))
			authority->parent = i;
	}
}

/* May this one, whose own way up is known, have that one below it? */
static bool
may_be_above(const struct x509_authority *issuer,
    const struct x509_authority *authority)
{
	if (issuer->level + 1 >= X509_AUTHORITY_LEVELS)
		return false;
	if (issuer->length_max == 0 &&
	    !x509_is_self_issued(authority->certificate))
		return false;
	/* No gate sees those above an intermediate that is known. */
	if (x509_strict_fault(issuer->certificate) != NULL)
		return false;
	return has_issued(issuer, authority->certificate);
}

static void
put_below(struct x509_authority *authority, const struct x509_authority *issuer,
    uint32_t number)
{
	uint16_t length = issuer->length_max;

	if (length != X509_ANY_LENGTH &&
	    !x509_is_self_issued(authority->certificate))
		length--;
	if (length < authority->length_max)
		authority->length_max = length;
	if (issuer->not_before > authority->not_before)
		authority->not_before = issuer->not_before;
	if (issuer->not_after < authority->not_after)
		authority->not_after = issuer->not_after;
	authority->level = issuer->level + 1;
	authority->parent = number;
}

/* Of several issuers the one that lasts longest. */
static bool
find_parent(struct x509_authorities *authorities,
    struct x509_authority *authority, unsigned int level)
{
	const struct x509_authority *best = NULL;

	for (uint32_t i = 0; i < authorities->count; i++) {
		const struct x509_authority *issuer = &authorities->items[i];

		if (issuer->parent == UNKNOWN || issuer->level >= level ||
		    (best != NULL && best->not_after >= issuer->not_after) ||
		    !may_be_above(issuer, authority))
			continue;
		best = issuer;
	}
	if (best == NULL)
		return false;
	put_below(authority, best, (uint32_t)(best - authorities->items));
	return true;
}

static int
fault_orphan(const struct x509_authority *authority,
    const struct x509_fault *fault)
{
	char subject[X509_SUBJECT_MAX], issuer[X509_SUBJECT_MAX];

	x509_name_text(&authority->certificate->subject, subject);
	x509_name_text(&authority->certificate->issuer, issuer);
	return x509_fault_set(fault,
	    "tls.client_ca: \"%s\" is an intermediate CA, and \"%s\", which "
	    "issued it, is not there or may not have issued it (it needs "
	    "keyCertSign, a path length that allows it, SHA-256 or better, and "
	    "no name constraints); put all CAs up to the one that signs itself "
	    "into the file",
	    subject, issuer);
}

/* From the anchors down: so no circle of cross-signed CAs can close. */
static int
find_parents(struct x509_authorities *authorities,
    const struct x509_fault *fault)
{
	for (unsigned int level = 1; level < X509_AUTHORITY_LEVELS; level++)
		for (size_t i = 0; i < authorities->count; i++)
			if (authorities->items[i].parent == UNKNOWN)
				(void)find_parent(authorities,
				    &authorities->items[i], level);
	for (size_t i = 0; i < authorities->count; i++)
		if (authorities->items[i].parent == UNKNOWN)
			return fault_orphan(&authorities->items[i], fault);
	return 0;
}

int
x509_authorities_find(const mbedtls_x509_crt *certificates,
    struct x509_authorities *authorities, const struct x509_fault *fault)
{
	int error;

	*authorities = (struct x509_authorities){ 0, NULL };
	error = list_all(certificates, authorities, fault);
	if (error == 0) {
		find_anchors(authorities);
		error = find_parents(authorities, fault);
	}
	if (error != 0)
		x509_authorities_done(authorities);
	return error;
}

static const struct x509_authority *
find_issuer(const struct x509_authorities *authorities,
    const mbedtls_x509_crt *certificate)
{
	for (size_t i = 0; i < authorities->count; i++)
		if (has_issued(&authorities->items[i], certificate))
			return &authorities->items[i];
	return NULL;
}

struct bytes
x509_authorities_anchor_name(const struct x509_authorities *authorities,
    const mbedtls_x509_crt *chain)
{
	const struct x509_authority *found = find_issuer(authorities, chain);

	while (found == NULL && chain->next != NULL) {
		const struct x509_authority above = {
			.certificate = chain->next
		};

		if (!has_issued(&above, chain))
			return BYTES_NONE;
		chain = chain->next;
		found = find_issuer(authorities, chain);
	}
	if (found == NULL)
		return BYTES_NONE;
	while (found != &authorities->items[found->parent])
		found = &authorities->items[found->parent];
	return x509_common_name(found->certificate);
}

void
x509_authorities_done(struct x509_authorities *authorities)
{
	free(authorities->items);
	*authorities = (struct x509_authorities){ 0, NULL };
}
