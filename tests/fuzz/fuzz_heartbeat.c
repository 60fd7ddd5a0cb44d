/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes to a worker's socket for heartbeats: batches of datagrams for two
 * sessions with two keys each, by each library that computes tags. The first
 * byte chooses the library; then each datagram is four bytes, of which the
 * first says whose it is, under which key, how it is broken, if at all, and
 * whether the batch ends behind it; the others are its sequence number, and
 * where and how it is broken. A model that forgets nothing says which of them
 * are to be answered.
 */
#include <stdlib.h>
#include <string.h>

#include "bare_heartbeats.h"
#include "proc/role.h"

#define SEQUENCES 512
#define SCRIPT    4

enum {
	SESSION = 1 << 0,
	OLD_KEY = 1 << 1,
	FAR = 1 << 2, /* the sequence number is one of the second half */
	IS_BROKEN = 1 << 3,
	IS_SHORT = 1 << 4,
	IS_LONG = 1 << 5,
	ENDS = 1 << 7,
};

/* No process is started here. */
const struct role role_table[] = { { .name = NULL } };

static const struct beat_key_backend *const backends[] = {
	&beat_key_mbedtls,
#ifdef HAVE_IPSEC_MB
	&beat_key_ipsec_mb,
#endif
};

struct model {
	bool has_come[SEQUENCES];
	uint64_t highest;
	bool is_old_void;
};

/* A datagram as the script has it, and the bytes behind its answer. */
struct slot {
	uint8_t question[BEAT_DATAGRAM_LEN + 1];
	uint8_t answer[BEAT_DATAGRAM_LEN + 1];
	unsigned int which;
	bool is_old, is_whole;
	uint64_t sequence;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool is_true)
{
	if (!is_true)
		abort();
}

static void
fill(struct slot *slot, struct heartbeat_question *question,
    const uint8_t *script)
{
	size_t len = BEAT_DATAGRAM_LEN;

	slot->which = (script[0] & SESSION) != 0;
	slot->is_old = (script[0] & OLD_KEY) != 0;
	slot->sequence = script[1] + (script[0] & FAR ? SEQUENCES / 2u : 0u);
	slot->is_whole = slot->sequence != 0;
	memset(slot->question, 0, sizeof(slot->question));
	memset(slot->answer, 0xa5, sizeof(slot->answer));
	bare_heartbeats_ask(slot->which, slot->is_old, slot->sequence,
	    slot->question);
	if (script[0] & IS_BROKEN) {
		slot->question[script[2] % BEAT_DATAGRAM_LEN] ^= script[3];
		slot->is_whole = slot->is_whole && script[3] == 0;
	}
	if (script[0] & IS_SHORT)
		len = script[2] % BEAT_DATAGRAM_LEN;
	else if (script[0] & IS_LONG)
		len = BEAT_DATAGRAM_LEN + 1;
	slot->is_whole = slot->is_whole && len == BEAT_DATAGRAM_LEN;
	question->datagram = bytes_of(slot->question, len);
	question->answer = slot->answer;
}

/* Is it to be answered? Then it has come. */
static bool
judge(struct model *model, const struct slot *slot)
{
	if (!slot->is_whole || model->has_come[slot->sequence] ||
	    slot->sequence + BEAT_WINDOW_WIDTH <= model->highest ||
	    (slot->is_old && model->is_old_void))
		return false;
	model->has_come[slot->sequence] = true;
	if (slot->sequence > model->highest)
		model->highest = slot->sequence;
	model->is_old_void = model->is_old_void || !slot->is_old;
	return true;
}

static void
check_answer(const struct slot *slot)
{
	struct beat_datagram said;

	check(beat_datagram_decode(bytes_of(slot->answer, BEAT_DATAGRAM_LEN),
		  &said) == 0 &&
	      said.kind == BEAT_ANSWER);
	check(said.flags == (slot->is_old ? BEAT_NEW_KEY : 0));
	check(memcmp(slot->answer + 3, slot->question + 3, 25) == 0);
	check(
	    bare_heartbeats_is_tagged(slot->which, slot->is_old, slot->answer));
	check(slot->answer[BEAT_DATAGRAM_LEN] == 0xa5);
}

static void
take_batch(struct bare_heartbeats *bare, struct model *models,
    struct slot *slots, struct heartbeat_question *questions, size_t count)
{
	heartbeats_take(&bare->worker, questions, count);
	for (size_t i = 0; i < count; i++) {
		struct slot *slot = &slots[i];

		check(
		    questions[i].is_taken == judge(&models[slot->which], slot));
		if (questions[i].is_taken)
			check_answer(slot);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct bare_heartbeats bare;
	static struct slot slots[HEARTBEAT_QUESTIONS_MAX];
	struct heartbeat_question questions[HEARTBEAT_QUESTIONS_MAX];
	struct model models[BARE_HEARTBEATS] = { { .highest = 0 } };
	size_t count = 0;

	if (len == 0 ||
	    !bare_heartbeats_init(&bare,
		backends[data[0] % (sizeof(backends) / sizeof(backends[0]))]))
		return 0;
	for (size_t at = 1; at + SCRIPT <= len; at += SCRIPT) {
		fill(&slots[count], &questions[count], data + at);
		count++;
		if (count < HEARTBEAT_QUESTIONS_MAX && !(data[at] & ENDS))
			continue;
		take_batch(&bare, models, slots, questions, count);
		count = 0;
	}
	take_batch(&bare, models, slots, questions, count);
	bare_heartbeats_done(&bare);
	return 0;
}
