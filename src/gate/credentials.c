/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/credentials.h"

#include <errno.h>

#include "lib/clock.h"
#include "x509/key.h"

int
credentials_open(struct credentials *credentials,
    const struct proc_credentials *files, int64_t now, char *why,
    size_t why_len)
{
	const struct x509_fault fault = { why, why_len };
	int error = x509_credentials_open(&credentials->shown,
	    buffer_view(&files->certificate), buffer_view(&files->client_ca),
	    &fault);

	if (error != 0)
		return error;
	return x509_credentials_check_dates(&credentials->shown, now, &fault);
}

void
credentials_close(struct credentials *credentials)
{
	x509_credentials_close(&credentials->shown);
}

bool
credentials_have_key(const struct credentials *credentials, struct bytes key_id)
{
	uint8_t id[X509_KEY_ID_LEN];

	return x509_key_id(&credentials->shown.certificate.pk, id) == 0 &&
	       bytes_equal(bytes_of(id, sizeof(id)), key_id);
}

/* Is there a key, and the certificate's? */
static int
check_key(const struct credentials *credentials, struct bytes file,
    mbedtls_ctr_drbg_context *random, const struct x509_fault *fault)
{
	mbedtls_pk_context key;
	int error;

	mbedtls_pk_init(&key);
	error = x509_key_parse(&key, file, random, fault);
	if (error == 0)
		error = x509_key_check(&key, &credentials->shown.certificate,
		    random, fault);
	mbedtls_pk_free(&key);
	return error;
}

static int
check_with(const struct proc_credentials *files,
    mbedtls_ctr_drbg_context *random, char *why, size_t why_len)
{
	const struct x509_fault fault = { why, why_len };
	int64_t now = clock_realtime_seconds();
	struct credentials credentials;
	int result, error;

	result = credentials_open(&credentials, files, now, why, why_len);
	if (result < 0)
		return result;
	if (x509_seconds(&credentials.shown.certificate.valid_to) < now)
		result = -EINVAL;
	error = check_key(&credentials, buffer_view(&files->private_key),
	    random, &fault);
	credentials_close(&credentials);
	return error != 0 ? error : result;
}

int
gate_credentials_check(const struct proc_credentials *files, char *why,
    size_t why_len)
{
	const struct x509_fault fault = { why, why_len };
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	int result;

	compat_start();
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&random);
	if (mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL,
		0) != 0)
		result = x509_fault_set(&fault,
		    "there is no source of randomness");
	else
		result = check_with(files, &random, why, why_len);
	mbedtls_ctr_drbg_free(&random);
	mbedtls_entropy_free(&entropy);
	return result;
}

bool
gate_has_tls_1_3(void)
{
	return COMPAT_HAS_TLS_1_3;
}
