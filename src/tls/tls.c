/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/tls.h"

#include "tls/key_schedule.h"

/* The names of RFC 8446 s6 and RFC 5246 s7.2, and of the IANA registry. */
static const struct {
	uint8_t alert;
	const char *name;
} alert_names[] = {
	{ TLS_ALERT_CLOSE_NOTIFY, "close_notify" },
	{ TLS_ALERT_UNEXPECTED_MESSAGE, "unexpected_message" },
	{ TLS_ALERT_BAD_RECORD_MAC, "bad_record_mac" },
	{ TLS_ALERT_RECORD_OVERFLOW, "record_overflow" },
	{ TLS_ALERT_HANDSHAKE_FAILURE, "handshake_failure" },
	{ TLS_ALERT_BAD_CERTIFICATE, "bad_certificate" },
	{ TLS_ALERT_UNSUPPORTED_CERTIFICATE, "unsupported_certificate" },
	{ TLS_ALERT_CERTIFICATE_REVOKED, "certificate_revoked" },
	{ TLS_ALERT_CERTIFICATE_EXPIRED, "certificate_expired" },
	{ TLS_ALERT_CERTIFICATE_UNKNOWN, "certificate_unknown" },
	{ TLS_ALERT_ILLEGAL_PARAMETER, "illegal_parameter" },
	{ TLS_ALERT_UNKNOWN_CA, "unknown_ca" },
	{ TLS_ALERT_ACCESS_DENIED, "access_denied" },
	{ TLS_ALERT_DECODE_ERROR, "decode_error" },
	{ TLS_ALERT_DECRYPT_ERROR, "decrypt_error" },
	{ TLS_ALERT_PROTOCOL_VERSION, "protocol_version" },
	{ TLS_ALERT_INSUFFICIENT_SECURITY, "insufficient_security" },
	{ TLS_ALERT_INTERNAL_ERROR, "internal_error" },
	{ TLS_ALERT_INAPPROPRIATE_FALLBACK, "inappropriate_fallback" },
	{ TLS_ALERT_USER_CANCELED, "user_canceled" },
	{ TLS_ALERT_NO_RENEGOTIATION, "no_renegotiation" },
	{ TLS_ALERT_MISSING_EXTENSION, "missing_extension" },
	{ TLS_ALERT_UNSUPPORTED_EXTENSION, "unsupported_extension" },
	{ TLS_ALERT_UNRECOGNIZED_NAME, "unrecognized_name" },
	{ TLS_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE,
	    "bad_certificate_status_response" },
	{ TLS_ALERT_UNKNOWN_PSK_IDENTITY, "unknown_psk_identity" },
	{ TLS_ALERT_CERTIFICATE_REQUIRED, "certificate_required" },
	{ TLS_ALERT_NO_APPLICATION_PROTOCOL, "no_application_protocol" },
};

const char *
tls_alert_name(unsigned int alert)
{
	size_t i;

	for (i = 0; i < sizeof(alert_names) / sizeof(alert_names[0]); i++) {
		if (alert_names[i].alert == alert)
			return alert_names[i].name;
	}
	return "unknown";
}

const char *
tls_version_name(unsigned int version)
{
	if (version == TLS_VERSION_1_2)
		return "TLSv1.2";
	if (version == TLS_VERSION_1_3)
		return "TLSv1.3";
	return NULL;
}

const char *
tls_cipher_suite_name(unsigned int cipher_suite)
{
	const struct tls_suite *suite = tls_suite_find(cipher_suite);

	return suite == NULL ? NULL : suite->name;
}
