/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/credentials.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <mbedtls/oid.h>

#include "gate/verify.h"
#include "lib/clock.h"
#include "lib/memory.h"

#define RSA_BITS_MIN    2048
#define WARNING_SECONDS (30 * 86400)

/* Where the explanation goes. */
struct fault {
	char *text;
	size_t size;
};

static int __attribute__((format(printf, 2, 3)))
fault_set(const struct fault *fault, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(fault->text, fault->size, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

/* mbedTLS takes PEM with the NUL behind it, DER without. */
static size_t
parse_len(const struct buffer *file)
{
	static const char begin[] = "-----BEGIN ";
	bool is_pem = file->len > 0 && memmem(file->data, file->len, begin,
					   sizeof(begin) - 1) != NULL;

	return is_pem ? file->len + 1 : file->len;
}

static int
parse_certificates(mbedtls_x509_crt *certificates, const struct buffer *file,
    const char *setting, const struct fault *fault)
{
	uint8_t *copy;
	int result;

	if (file->len == 0)
		return fault_set(fault, "%s: the file is empty", setting);
	copy = memory_copy(buffer_view(file));
	result = mbedtls_x509_crt_parse(certificates, copy, parse_len(file));
	free(copy);
	if (result > 0)
		return fault_set(fault,
		    "%s: %d of its certificates cannot be read", setting,
		    result);
	if (result < 0)
		return fault_set(fault,
		    "%s: no certificate can be read from it (mbedTLS -0x%04x)",
		    setting, (unsigned int)-result);
	return 0;
}

static int
parse_own_key(struct credentials *credentials, const struct buffer *file,
    mbedtls_ctr_drbg_context *random, const struct fault *fault)
{
	uint8_t *copy;
	int result;

	if (file->len == 0)
		return fault_set(fault, "tls.private_key: the file is empty");
	copy = memory_copy(buffer_view(file));
	result = compat_parse_key(&credentials->own_key, copy, parse_len(file),
	    random);
	memory_wipe(copy, file->len);
	free(copy);
	if (result == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
		return fault_set(fault,
		    "tls.private_key: the key is encrypted; it must not be");
	if (result != 0)
		return fault_set(fault,
		    "tls.private_key: no key can be read from it "
		    "(mbedTLS -0x%04x)",
		    (unsigned int)-result);
	return 0;
}

static int
check_own_key(const struct credentials *credentials,
    mbedtls_ctr_drbg_context *random, const struct fault *fault)
{
	const mbedtls_pk_context *key = &credentials->own_key;

	if (compat_check_pair(&credentials->certificate.pk, key, random) != 0)
		return fault_set(fault,
		    "tls.private_key: it is not the key of the first "
		    "certificate in tls.certificate");
	if (mbedtls_pk_can_do(key, MBEDTLS_PK_RSA) &&
	    mbedtls_pk_get_bitlen(key) < RSA_BITS_MIN)
		return fault_set(fault,
		    "tls.private_key: RSA of %zu bits is too weak, %d is the "
		    "least",
		    mbedtls_pk_get_bitlen(key), RSA_BITS_MIN);
	return 0;
}

static int
check_own_chain(const mbedtls_x509_crt *certificate, const struct fault *fault)
{
	unsigned int number = 1;

	if (mbedtls_x509_crt_check_extended_key_usage(certificate,
		MBEDTLS_OID_SERVER_AUTH,
		MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) != 0)
		return fault_set(fault,
		    "tls.certificate: its extended key usage lacks "
		    "serverAuth");
	if (mbedtls_x509_crt_check_key_usage(certificate,
		MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0)
		return fault_set(fault,
		    "tls.certificate: its key usage lacks digitalSignature");
	for (; certificate->next != NULL; certificate = certificate->next) {
		const mbedtls_x509_crt *issuer = certificate->next;

		number++;
		if (!bytes_equal(bytes_of(certificate->issuer_raw.p,
				     certificate->issuer_raw.len),
			bytes_of(issuer->subject_raw.p,
			    issuer->subject_raw.len)))
			return fault_set(fault,
			    "tls.certificate: certificate %u does not issue "
			    "the one before it; the order is the server's own "
			    "first, then its issuer, and so on",
			    number);
	}
	return 0;
}

static int
check_client_ca(const mbedtls_x509_crt *certificate, const struct fault *fault)
{
	for (; certificate != NULL; certificate = certificate->next)
		if (compat_is_ca(certificate))
			return 0;
	return fault_set(fault,
	    "tls.client_ca: none of its certificates is a CA's (basic "
	    "constraints CA:TRUE)");
}

/* 1 and the words if the certificate has not begun, ends soon or has ended. */
static int
check_dates(const mbedtls_x509_crt *certificate, const char *setting,
    int64_t now, const struct fault *fault)
{
	for (; certificate != NULL; certificate = certificate->next) {
		const mbedtls_x509_time *end = &certificate->valid_to;
		int64_t left = verification_seconds(end) - now;
		char subject[VERIFICATION_SUBJECT_MAX];

		if (mbedtls_x509_dn_gets(subject, sizeof(subject),
			&certificate->subject) < 0)
			subject[0] = '\0';
		if (verification_seconds(&certificate->valid_from) > now)
			fault_set(fault, "%s: \"%s\" is not valid yet", setting,
			    subject);
		else if (left < 0)
			fault_set(fault, "%s: \"%s\" expired on %04d-%02d-%02d",
			    setting, subject, end->year, end->mon, end->day);
		else if (left < WARNING_SECONDS)
			fault_set(fault,
			    "%s: \"%s\" expires on %04d-%02d-%02d, in %d days",
			    setting, subject, end->year, end->mon, end->day,
			    (int)(left / 86400));
		else
			continue;
		return 1;
	}
	return 0;
}

static int
credentials_load(struct credentials *credentials,
    const struct proc_credentials *files, mbedtls_ctr_drbg_context *random,
    const struct fault *fault)
{
	int error;

	error = parse_certificates(&credentials->certificate,
	    &files->certificate, "tls.certificate", fault);
	if (error == 0)
		error = parse_own_key(credentials, &files->private_key, random,
		    fault);
	if (error == 0)
		error = check_own_key(credentials, random, fault);
	if (error == 0)
		error = check_own_chain(&credentials->certificate, fault);
	if (error == 0)
		error = parse_certificates(&credentials->client_ca,
		    &files->client_ca, "tls.client_ca", fault);
	if (error == 0)
		error = check_client_ca(&credentials->client_ca, fault);
	return error;
}

int
credentials_open(struct credentials *credentials,
    const struct proc_credentials *files, mbedtls_ctr_drbg_context *random,
    int64_t now, char *why, size_t why_len)
{
	const struct fault fault = { why, why_len };
	int error;

	mbedtls_x509_crt_init(&credentials->certificate);
	mbedtls_pk_init(&credentials->own_key);
	mbedtls_x509_crt_init(&credentials->client_ca);
	error = credentials_load(credentials, files, random, &fault);
	if (error != 0) {
		credentials_close(credentials);
		return error;
	}
	error = check_dates(&credentials->certificate, "tls.certificate", now,
	    &fault);
	if (error == 0)
		error = check_dates(&credentials->client_ca, "tls.client_ca",
		    now, &fault);
	return error;
}

void
credentials_close(struct credentials *credentials)
{
	mbedtls_x509_crt_free(&credentials->certificate);
	mbedtls_pk_free(&credentials->own_key);
	mbedtls_x509_crt_free(&credentials->client_ca);
}

static int
check_with(const struct proc_credentials *files,
    mbedtls_ctr_drbg_context *random, char *why, size_t why_len)
{
	int64_t now = clock_realtime_seconds();
	struct credentials credentials;
	int result;

	result = credentials_open(&credentials, files, random, now, why,
	    why_len);
	if (result < 0)
		return result;
	if (verification_seconds(&credentials.certificate.valid_to) < now)
		result = -EINVAL;
	credentials_close(&credentials);
	return result;
}

int
gate_credentials_check(const struct proc_credentials *files, char *why,
    size_t why_len)
{
	const struct fault fault = { why, why_len };
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	int result;

	compat_start();
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&random);
	if (mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL,
		0) != 0)
		result = fault_set(&fault, "there is no source of randomness");
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
