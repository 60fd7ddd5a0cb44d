/* SPDX-License-Identifier: Apache-2.0 */
#include "config/schema.h"
#include "test_config.h"

static const struct {
	const char *unknown;
	const char *nearest; /* NULL: any, but none was meant */
} cases[] = {
	{ "limits.packet_byte", "limits.packet_bytes" },
	{ "limits.packetbytes", "limits.packet_bytes" },
	{ "limits.connection", "limits.connections" },
	{ "limits.handshake_second", "limits.handshake_seconds" },
	{ "limit.packet_bytes", "limits.packet_bytes" },
	{ "workers", "processes.workers" },
	{ "processes.worker", "processes.workers" },
	{ "session", "sessions" },
	{ "role", "roles" },
	{ "tls.cert", "tls.certificate" },
	{ "tls.crls", "tls.crl" },
	{ "sessions.max_expiry", "sessions.max_expiry_seconds" },
	{ "roles[].match.ident", "roles[].match.identity" },
	{ "roles[].mach", "roles[].match" },
	{ "roles[].publsih", "roles[].publish" },
	{ "listen[].adress", "listen[].address" },
	{ "listener", "listen" },
	{ "Identity", "identity" },
	{ "quite_another_thing", NULL },
	{ "x", NULL },
	{ "", NULL },
};

START_TEST(a_slip_leads_to_what_was_meant)
{
	char nearest[CONFIG_PATH_MAX] = "";
	bool is_meant = config_path_nearest(cases[_i].unknown, nearest);

	ck_assert_msg(is_meant == (cases[_i].nearest != NULL), "%s: %s",
	    cases[_i].unknown, nearest);
	ck_assert(
	    config_row_find(nearest) != NULL || config_path_is_group(nearest));
	if (is_meant)
		ck_assert_str_eq(nearest, cases[_i].nearest);
}
END_TEST

TCase *
test_nearest(void)
{
	TCase *tests = tcase_create("nearest");

	tcase_add_loop_test(tests, a_slip_leads_to_what_was_meant, 0,
	    COUNT(cases));
	return tests;
}
