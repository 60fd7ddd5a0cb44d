/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "mqtt/wire.h"
#include "suites.h"

static const struct {
	const char *text;
	size_t len;
	bool is_valid;
} rows[] = {
	{ "", 0, true },
	{ "a", 1, true },
	{ "\0", 1, false }, /* [MQTT-1.5.3-2], [MQTT5-1.5.4-2] */
	{ "\xc0\x80", 2, false },
	{ "\x01\x1f\x7f", 3, true },
	{ "\x80", 1, false },
	{ "\xbf", 1, false },
	{ "\xc2\x80", 2, true },
	{ "\xdf\xbf", 2, true },
	{ "\xc1\xbf", 2, false }, /* overlong */
	{ "\xc2", 1, false },
	{ "\xc2\x7f", 2, false },
	{ "\xc2\xc0", 2, false },
	{ "\xe0\xa0\x80", 3, true },
	{ "\xe0\x9f\xbf", 3, false }, /* overlong */
	{ "\xe1\x80", 2, false },
	{ "\xe1\x80\xc0", 3, false },
	{ "\xed\x9f\xbf", 3, true },
	{ "\xed\xa0\x80", 3, false }, /* [MQTT-1.5.3-1], [MQTT5-1.5.4-1] */
	{ "\xed\xbf\xbf", 3, false },
	{ "\xee\x80\x80", 3, true },
	{ "\xef\xbb\xbf", 3, true }, /* [MQTT-1.5.3-3], [MQTT5-1.5.4-3] */
	{ "\xef\xbf\xbf", 3, true }, /* discouraged, not forbidden (1.5.4) */
	{ "\xf0\x90\x80\x80", 4, true },
	{ "\xf0\x8f\xbf\xbf", 4, false }, /* overlong */
	{ "\xf0\x90\x80", 3, false },
	{ "\xf4\x8f\xbf\xbf", 4, true },
	{ "\xf4\x90\x80\x80", 4, false }, /* above U+10FFFF */
	{ "\xf5\x80\x80\x80", 4, false },
	{ "\xff", 1, false },
	{ "\xf8\x88\x80\x80\x80", 5, false },
};

/* Behind, and before, whole words of ASCII: the fast path ends anywhere. */
START_TEST(a_text_is_well_formed_wherever_it_stands)
{
	for (size_t before = 0; before < 20; before++)
		for (size_t behind = 0; behind < 20; behind++) {
			size_t len = before + rows[_i].len + behind;
			uint8_t *text = malloc(len + 1);

			memset(text, 'x', len);
			memcpy(text + before, rows[_i].text, rows[_i].len);
			ck_assert_msg(mqtt_utf8_is_valid(bytes_of(text, len)) ==
					  rows[_i].is_valid,
			    "row %d behind %zu", _i, before);
			free(text);
		}
}
END_TEST

/* Against the definition: decode, then ask what was decoded. */
static bool
is_valid_by_definition(const uint8_t *text, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t pos = 0;

	while (pos < len) {
		size_t count = text[pos] < 0x80             ? 1
			       : (text[pos] & 0xe0) == 0xc0 ? 2
			       : (text[pos] & 0xf0) == 0xe0 ? 3
			       : (text[pos] & 0xf8) == 0xf0 ? 4
							    : 0;
		uint32_t point;

		if (count == 0 || len - pos < count)
			return false;
		point = text[pos] & (count == 1 ? 0x7fu : 0x7fu >> count);
		for (size_t i = 1; i < count; i++) {
			if ((text[pos + i] & 0xc0) != 0x80)
				return false;
			point = point << 6 | (text[pos + i] & 0x3f);
		}
		if (point == 0 || point < least[count] || point > 0x10ffff ||
		    (point >= 0xd800 && point <= 0xdfff))
			return false;
		pos += count;
	}
	return true;
}

/*
 * The bytes to put together, count of them: all 256, or, where each
 * instruction takes many (see tests/lib/step), those beside which the
 * definition changes its mind.
 */
static const uint8_t *
bytes_to_join(size_t *count)
{
	static const uint8_t edges[] = { 0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90,
		0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec,
		0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8,
		0xff };
	static uint8_t all[256];

	if (getenv("SIGNET_TESTS_ARE_SLOWED") != NULL) {
		*count = sizeof(edges);
		return edges;
	}
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	*count = sizeof(all);
	return all;
}

START_TEST(every_three_bytes_are_judged_by_the_definition)
{
	size_t count;
	const uint8_t *bytes = bytes_to_join(&count);

	for (size_t i = 0; i < count * count * count; i++) {
		const uint8_t text[] = { bytes[i / count / count],
			bytes[i / count % count], bytes[i % count] };

		if (mqtt_utf8_is_valid(bytes_of(text, 3)) !=
		    is_valid_by_definition(text, 3))
			ck_abort_msg("%02x %02x %02x", text[0], text[1],
			    text[2]);
	}
}
END_TEST

TCase *
test_utf8_case(void)
{
	TCase *tcase = tcase_create("utf8");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, a_text_is_well_formed_wherever_it_stands, 0,
	    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, every_three_bytes_are_judged_by_the_definition);
	return tcase;
}
