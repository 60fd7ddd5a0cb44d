/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte says what the rest is: a datagram, which must come to the same
 * bytes when it is written again; sequence numbers, which a set that forgets
 * nothing judges as well; an offer; or a topic filter.
 */
#include <stdlib.h>
#include <string.h>

#include "beat/datagram.h"
#include "beat/offer.h"
#include "beat/window.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool is_true)
{
	if (!is_true)
		abort();
}

static void
read_datagram(struct bytes input)
{
	static const uint8_t secret[BEAT_KEY_LEN] = { 1 };
	uint8_t again[BEAT_DATAGRAM_LEN];
	struct beat_datagram datagram;
	struct beat_key key;

	if (beat_datagram_decode(input, &datagram) != 0)
		return;
	check(input.len == BEAT_DATAGRAM_LEN);
	beat_key_init(&key, secret);
	beat_datagram_encode(&datagram, &key, again);
	check(memcmp(again, input.data, BEAT_DATAGRAM_LEN - BEAT_TAG_LEN) == 0);
	check(beat_datagram_is_authentic(bytes_of(again, sizeof(again)), &key));
	check(beat_datagram_is_authentic(input, &key) ==
	      (memcmp(again, input.data, sizeof(again)) == 0));
	beat_key_wipe(&key);
}

/* Each byte is a step from the number before, forward or back. */
static void
walk_window(struct bytes input)
{
	struct beat_window window = { 0, 0 };
	bool has_come[256 * 128 + 1] = { false };
	uint64_t sequence = 0;

	for (size_t i = 0; i < input.len && i < 255; i++) {
		int step = (int8_t)input.data[i];
		bool is_expected;

		if (step < 0 && sequence < (uint64_t)-step)
			sequence = 0;
		else
			sequence += (uint64_t)(int64_t)step;
		is_expected = sequence > window.highest ||
			      (sequence != 0 && !has_come[sequence] &&
				  window.highest - sequence <
				      BEAT_WINDOW_WIDTH);
		check(beat_window_is_new(&window, sequence) == is_expected);
		if (!is_expected)
			continue;
		beat_window_note(&window, sequence);
		has_come[sequence] = true;
		check(!beat_window_is_new(&window, sequence));
	}
}

static void
read_offer(struct bytes input)
{
	char again[BEAT_OFFER_MAX];
	struct beat_offer offer, read;

	if (beat_offer_decode(input, &offer) != 0)
		return;
	check(
	    beat_offer_decode(bytes_of(again, beat_offer_encode(&offer, again)),
		&read) == 0);
	check(read.is_ended == offer.is_ended && read.handle == offer.handle &&
	      memcmp(read.key, offer.key, BEAT_KEY_LEN) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes input;
	uint32_t interval_ms = 0;

	if (len == 0)
		return 0;
	input = bytes_of(data + 1, len - 1);
	switch (data[0] % 4) {
	case 0:
		read_datagram(input);
		break;
	case 1:
		walk_window(input);
		break;
	case 2:
		read_offer(input);
		break;
	default:
		if (beat_topic_interval(input, &interval_ms) == 0)
			check(interval_ms > 0 && interval_ms <= 3600000);
	}
	return 0;
}
