/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check arbitrary bytes as the CRLs of an authority: what is believed would
 * have to be signed by it, so that only the list of the corpus is.
 */
#include <stdlib.h>

#include "trust/crls.h"
#include "x509/compat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* One certificate, for CN=root, that signs itself and may do all. */
static const char root[] =
#include "fuzz_crl_root.h"
    ;

static void
check(bool is_true)
{
	if (!is_true)
		abort();
}

/* Made once: their signatures take longer than all else. */
static const struct x509_authorities *
root_authority(void)
{
	static struct x509_authorities authorities;
	static mbedtls_x509_crt certificate;
	char why[256];
	const struct x509_fault fault = { why, sizeof(why) };

	if (authorities.count > 0)
		return &authorities;
	compat_start();
	mbedtls_x509_crt_init(&certificate);
	check(x509_certificates_parse(&certificate, bytes_of_string(root),
		  "tls.client_ca", &fault) == 0);
	check(x509_authorities_find(&certificate, &authorities, &fault) == 0);
	return &authorities;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct trust_file file = { "/crl", bytes_of(data, len) };
	char why[IPC_TRUST_TEXT_MAX] = "";
	const struct x509_fault fault = { why, sizeof(why) };
	struct trust_crls crls;

	trust_crls_init(&crls, root_authority());
	if (trust_crls_read(&crls, &file, INT64_C(1800000000), &fault) == 0)
		check(crls.count == 1 && crls.items[0].is_there &&
		      crls.items[0].revoked.len % TLS_ID_LEN == 0);
	else
		check(why[0] != '\0');
	trust_crls_done(&crls);
	return 0;
}
