/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check arbitrary bytes as the CRLs of an authority: what is believed would
 * have to be signed by it, so that only the list of the corpus is.
 */
#include <stdio.h>
#include <stdlib.h>

#include "trust/check.h"
#include "x509/compat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* One certificate, for CN=root, that signs itself and may do all. */
static const char root[] =
#include "fuzz_crl_root.h"
    ;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct trust_result result;
	const struct trust_file crl = { "/crl", bytes_of(data, len) };
	const struct trust_files files = {
		.certificate = { "/certificate", bytes_of_string(root) },
		.client_ca = { "/ca", bytes_of_string(root) },
		.crl_count = 1,
		.crls = &crl,
	};
	const struct ipc_trust_check wanted = { 1, true, 0 };
	struct ipc_trust_index index;
	static bool is_started;

	if (!is_started)
		compat_start();
	is_started = true;
	memset(&result, 0, sizeof(result));
	if (trust_check(&files, &wanted, INT64_C(1800000000), &result) == 0) {
		if (ipc_trust_index_open(buffer_view(&result.index), &index) !=
			0 ||
		    index.crl_count != 1)
			abort();
	} else if (result.text[0] == '\0') {
		abort();
	}
	trust_result_done(&result);
	return 0;
}
