/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/credentials.h"

#include <mbedtls/oid.h>

static int
check_own_use(const mbedtls_x509_crt *certificate,
    const struct x509_fault *fault)
{
	if (mbedtls_x509_crt_check_extended_key_usage(certificate,
		MBEDTLS_OID_SERVER_AUTH,
		MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) != 0)
		return x509_fault_set(fault,
		    "tls.certificate: its extended key usage lacks "
		    "serverAuth");
	if (mbedtls_x509_crt_check_key_usage(certificate,
		MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0)
		return x509_fault_set(fault,
		    "tls.certificate: its key usage lacks digitalSignature");
	return 0;
}

static int
check_own_order(const mbedtls_x509_crt *certificate,
    const struct x509_fault *fault)
{
	unsigned int number = 1;

	for (; certificate->next != NULL; certificate = certificate->next) {
		const mbedtls_x509_crt *issuer = certificate->next;

		number++;
		if (!bytes_equal(bytes_of(certificate->issuer_raw.p,
				     certificate->issuer_raw.len),
			bytes_of(issuer->subject_raw.p,
			    issuer->subject_raw.len)))
			return x509_fault_set(fault,
			    "tls.certificate: certificate %u does not issue "
			    "the one before it; the order is the server's own "
			    "first, then its issuer, and so on",
			    number);
	}
	return 0;
}

static int
check_client_ca(const mbedtls_x509_crt *certificate,
    const struct x509_fault *fault)
{
	for (; certificate != NULL; certificate = certificate->next)
		if (compat_is_ca(certificate))
			return 0;
	return x509_fault_set(fault,
	    "tls.client_ca: none of its certificates is a CA's (basic "
	    "constraints CA:TRUE)");
}

int
x509_credentials_open(struct x509_credentials *credentials,
    struct bytes certificate, struct bytes client_ca,
    const struct x509_fault *fault)
{
	int error;

	mbedtls_x509_crt_init(&credentials->certificate);
	mbedtls_x509_crt_init(&credentials->client_ca);
	error = x509_certificates_parse(&credentials->certificate, certificate,
	    "tls.certificate", fault);
	if (error == 0)
		error = check_own_use(&credentials->certificate, fault);
	if (error == 0)
		error = check_own_order(&credentials->certificate, fault);
	if (error == 0)
		error = x509_certificates_parse(&credentials->client_ca,
		    client_ca, "tls.client_ca", fault);
	if (error == 0)
		error = check_client_ca(&credentials->client_ca, fault);
	if (error != 0)
		x509_credentials_close(credentials);
	return error;
}

int
x509_credentials_check_dates(const struct x509_credentials *credentials,
    int64_t now, const struct x509_fault *fault)
{
	int result = x509_certificates_check_dates(&credentials->certificate,
	    "tls.certificate", now, fault);

	if (result == 0)
		result = x509_certificates_check_dates(&credentials->client_ca,
		    "tls.client_ca", now, fault);
	return result;
}

void
x509_credentials_close(struct x509_credentials *credentials)
{
	mbedtls_x509_crt_free(&credentials->certificate);
	mbedtls_x509_crt_free(&credentials->client_ca);
}
