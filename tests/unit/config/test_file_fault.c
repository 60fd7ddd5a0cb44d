/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "config/file_fault.h"
#include "lib/memory.h"
#include "test_config.h"

static const struct {
	const char *why, *named;
} faults[] = {
	{ "tls.client_ca: it is empty", "tls.client_ca: /a: it is empty" },
	{ "tls.private_key: /k: it is empty",
	    "tls.private_key: /k: it is empty" },
	/* Of several files it is named by who knows which it is. */
	{ "tls.crl: there is no CRL of \"x\"",
	    "tls.crl: there is no CRL of \"x\"" },
	{ "/etc/x.conf:3: setting `tls.client_ca' is empty",
	    "/etc/x.conf:3: setting `tls.client_ca' is empty" },
	{ "tls.client", "tls.client" },
	{ "tls.client_ca", "tls.client_ca" },
	{ "", "" },
};

START_TEST(a_fault_names_its_file_once)
{
	struct config *config = parse(
	    MINIMUM_BUT_TLS_END "crl = [ \"/x\" ]; };");
	struct bytes why = bytes_of_string(faults[_i].why);
	struct buffer out = { NULL, 0, 0 };
	char *text;

	config_file_fault(config, why, &out);
	text = memory_copy(buffer_view(&out));
	ck_assert_str_eq(text, faults[_i].named);
	free(text);
	out.len = 0;
	config_file_fault(NULL, why, &out);
	ck_assert_uint_eq(out.len, why.len);
	buffer_done(&out);
	config_free(&config);
}
END_TEST

TCase *
test_file_fault(void)
{
	TCase *tcase = tcase_create("file fault");

	tcase_add_loop_test(tcase, a_fault_names_its_file_once, 0,
	    COUNT(faults));
	return tcase;
}
