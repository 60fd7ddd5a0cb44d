/* SPDX-License-Identifier: Apache-2.0 */
#include "test_x509.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buffer.h"
#include "lib/memory.h"
#include "x509/strict.h"

/* Extension ::= SEQUENCE { OID 2.5.29.x, OCTET STRING of nothing } */
#define EXTENSION(x) "\x30\x07\x06\x03\x55\x1d" x "\x04\x00"

static const char *
fault_of(struct bytes serial, struct bytes extensions)
{
	/* Copies of their exact length: a byte beyond is seen by sanitizers. */
	uint8_t *serial_copy = memory_copy(serial);
	uint8_t *copy = memory_copy(extensions);
	mbedtls_x509_crt certificate;
	const char *fault;

	memset(&certificate, 0, sizeof(certificate));
	certificate.serial.p = serial_copy;
	certificate.serial.len = serial.len;
	certificate.v3_ext.p = copy;
	certificate.v3_ext.len = extensions.len;
	fault = x509_strict_fault(&certificate);
	free(copy);
	free(serial_copy);
	return fault;
}

static const struct {
	struct bytes extensions;
	const char *fault;
} lists[] = {
	{ CONSTANT(""), NULL },
	{ CONSTANT("\x30\x00"), "no-extensions" },
	{ CONSTANT("\x30\x09" EXTENSION("\x13")), NULL },
	{ CONSTANT("\x30\x12" EXTENSION("\x13") EXTENSION("\x0f")), NULL },
	{ CONSTANT("\x30\x12" EXTENSION("\x13") EXTENSION("\x13")),
	    "extension-twice" },
	{ CONSTANT(
	      "\x30\x1b" EXTENSION("\x13") EXTENSION("\x0f") EXTENSION("\x13")),
	    "extension-twice" },
	{ CONSTANT("\x30\x09" EXTENSION("\x1e")), "name-constraints" },
	{ CONSTANT("\x30\x12" EXTENSION("\x13") EXTENSION("\x1e")),
	    "name-constraints" },
	{ CONSTANT("\x31\x09" EXTENSION("\x13")), "malformed-extension" },
	{ CONSTANT("\x30\x08" EXTENSION("\x13")), "malformed-extension" },
	{ CONSTANT("\x30\x0a" EXTENSION("\x13")), "malformed-extension" },
	{ CONSTANT("\x30"), "malformed-extension" },
	{ CONSTANT("\x30\x02\x30\x00"), "malformed-extension" },
	{ CONSTANT("\x30\x02\x30\x7f"), "malformed-extension" },
	{ CONSTANT("\x30\x04\x30\x02\x06\x7f"), "malformed-extension" },
	{ CONSTANT("\x30\x04\x30\x02\x04\x00"), "malformed-extension" },
};

START_TEST(extensions_are_told_from_what_they_must_not_be) /* RFC 5280 s4.2 */
{
	ck_assert_pstr_eq(fault_of(BYTES_LITERAL("\x01"), lists[_i].extensions),
	    lists[_i].fault);
}
END_TEST

START_TEST(a_list_that_is_cut_is_no_list)
{
	struct bytes whole = BYTES_LITERAL(
	    "\x30\x12" EXTENSION("\x13") EXTENSION("\x0f"));

	for (size_t len = 1; len < whole.len; len++)
		ck_assert_str_eq(fault_of(BYTES_LITERAL("\x01"),
				     bytes_of(whole.data, len)),
		    "malformed-extension");
}
END_TEST

static const char *
fault_of_count(size_t count)
{
	struct buffer list = { NULL, 0, 0 };
	uint8_t head[] = { 0x30, 0x82, 0, 0 };
	const char *fault;

	head[2] = (uint8_t)(count * 9 >> 8);
	head[3] = (uint8_t)(count * 9);
	buffer_append(&list, bytes_of(head, sizeof(head)));
	for (size_t i = 0; i < count; i++) {
		uint8_t extension[] = { 0x30, 0x07, 0x06, 0x03, 0x2a, 0x03, 0,
			0x04, 0x00 };

		extension[6] = (uint8_t)i;
		buffer_append(&list, bytes_of(extension, sizeof(extension)));
	}
	fault = fault_of(BYTES_LITERAL("\x01"), buffer_view(&list));
	buffer_done(&list);
	return fault;
}

START_TEST(extensions_are_bounded)
{
	ck_assert_pstr_eq(fault_of_count(X509_EXTENSIONS_MAX), NULL);
	ck_assert_pstr_eq(fault_of_count(X509_EXTENSIONS_MAX + 1),
	    "too-many-extensions");
}
END_TEST

START_TEST(a_serial_number_has_1_to_20_octets) /* RFC 5280 s4.1.2.2 */
{
	static const uint8_t ones[40] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1 };
	uint8_t padded[22] = { 0 };

	for (size_t len = 0; len <= sizeof(ones); len++)
		ck_assert_pstr_eq(fault_of(bytes_of(ones, len), BYTES_NONE),
		    len >= 1 && len <= 20 ? NULL : "serial-number-length");
	ck_assert_pstr_eq(fault_of(bytes_of(padded, 1), BYTES_NONE), NULL);
	memset(padded + 1, 0xff, 21);
	ck_assert_pstr_eq(fault_of(bytes_of(padded, 21), BYTES_NONE), NULL);
	ck_assert_pstr_eq(fault_of(bytes_of(padded, 22), BYTES_NONE),
	    "serial-number-length");
}
END_TEST

TCase *
strict_tests(void)
{
	TCase *tests = tcase_create("strict");

	tcase_add_loop_test(tests,
	    extensions_are_told_from_what_they_must_not_be, 0,
	    sizeof(lists) / sizeof(lists[0]));
	tcase_add_test(tests, a_list_that_is_cut_is_no_list);
	tcase_add_test(tests, extensions_are_bounded);
	tcase_add_test(tests, a_serial_number_has_1_to_20_octets);
	return tests;
}
