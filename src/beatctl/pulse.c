/* SPDX-License-Identifier: Apache-2.0 */
#include "beatctl/pulse.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static int
open_socket(const struct sockaddr_storage *server, socklen_t server_len,
    uint16_t port)
{
	struct sockaddr_storage address = *server;
	int fd = socket(address.ss_family,
	    SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (address.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&address)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)&address)->sin_port = htons(port);
	/* The kernel passes on what comes from there, and nothing else. */
	if (connect(fd, (struct sockaddr *)&address, server_len) == 0)
		return fd;
	close(fd);
	return -errno;
}

int
pulse_begin(struct pulse *pulse, const struct beat_offer *offer,
    const struct sockaddr_storage *server, socklen_t server_len,
    uint64_t now_us)
{
	if (pulse->fd >= 0 && pulse->offer.handle == offer->handle) {
		if (pulse->has_old_key)
			beat_key_wipe(&pulse->old_key);
		pulse->old_key = pulse->key;
		pulse->has_old_key = true;
		pulse->offer = *offer;
		beat_key_init(&pulse->key, offer->key);
		return 0;
	}
	pulse_end(pulse);
	pulse->fd = open_socket(server, server_len, offer->port);
	if (pulse->fd < 0)
		return pulse->fd;
	pulse->offer = *offer;
	beat_key_init(&pulse->key, offer->key);
	pulse->sequence = 0;
	pulse->asked_ms = 0;
	pulse->answered = (struct beat_window){ 0, 0 };
	beat_pacer_init(&pulse->pacer, offer->interval_ms, offer->misses,
	    now_us / 1000);
	return 0;
}

void
pulse_turn(struct pulse *pulse, uint64_t now_us)
{
	struct beat_datagram question = {
		.kind = BEAT_QUESTION,
		.key_number = pulse->offer.key_number,
		.handle = pulse->offer.handle,
		.clock = now_us,
	};
	uint8_t bytes[BEAT_DATAGRAM_LEN];

	if (pulse->fd < 0 || beat_pacer_next_ms(&pulse->pacer) > now_us / 1000)
		return;
	question.sequence = ++pulse->sequence;
	beat_datagram_encode(&question, &pulse->key, bytes);
	beat_pacer_sent(&pulse->pacer, now_us / 1000);
	/* One that cannot be sent is as if it were lost. */
	(void)send(pulse->fd, bytes, sizeof(bytes), 0);
	pulse->sent++;
}

/* Is it an answer to a question of ours that has had none yet? */
static bool
is_good(const struct pulse *pulse, struct bytes in,
    const struct beat_datagram *answer)
{
	const struct beat_key *key = &pulse->key;

	if (answer->kind != BEAT_ANSWER ||
	    answer->handle != pulse->offer.handle ||
	    answer->sequence > pulse->sequence ||
	    !beat_window_is_new(&pulse->answered, answer->sequence))
		return false;
	if (answer->key_number != pulse->offer.key_number) {
		if (!pulse->has_old_key ||
		    answer->key_number !=
			(uint8_t)(pulse->offer.key_number - 1))
			return false;
		key = &pulse->old_key;
	}
	return beat_datagram_is_authentic(in, key);
}

static void
note(struct pulse *pulse, const struct beat_datagram *answer, uint64_t now_us)
{
	beat_window_note(&pulse->answered, answer->sequence);
	beat_pacer_answered(&pulse->pacer, answer->clock / 1000, now_us / 1000);
	pulse->last_us = now_us - answer->clock;
	pulse->sum_us += pulse->last_us;
	if (pulse->received == 0 || pulse->last_us < pulse->least_us)
		pulse->least_us = pulse->last_us;
	if (pulse->last_us > pulse->most_us)
		pulse->most_us = pulse->last_us;
	pulse->received++;
	pulse->flags = answer->flags;
	pulse->patience_ms = answer->patience_ms;
	if (pulse->has_old_key &&
	    answer->key_number == pulse->offer.key_number) {
		beat_key_wipe(&pulse->old_key);
		pulse->has_old_key = false;
	}
}

unsigned int
pulse_receive(struct pulse *pulse, uint64_t now_us)
{
	uint8_t bytes[BEAT_DATAGRAM_LEN + 1];
	struct beat_datagram answer;
	unsigned int good = 0;
	ssize_t len;

	if (pulse->fd < 0)
		return 0;
	while ((len = recv(pulse->fd, bytes, sizeof(bytes), 0)) >= 0) {
		struct bytes in = bytes_of(bytes, (size_t)len);

		if (beat_datagram_decode(in, &answer) != 0 ||
		    !is_good(pulse, in, &answer)) {
			pulse->dropped++;
			continue;
		}
		note(pulse, &answer, now_us);
		good++;
	}
	return good;
}

void
pulse_heard(struct pulse *pulse, uint64_t now_us)
{
	pulse->pacer.heard_ms = now_us / 1000;
}

/* What is waited for before there is doubt, and again before it is over. */
static uint64_t
half_ms(const struct pulse *pulse)
{
	return beat_patience_ms(pulse->offer.interval_ms, pulse->offer.misses) /
	       2;
}

bool
pulse_is_in_doubt(struct pulse *pulse, uint64_t now_us)
{
	uint64_t now_ms = now_us / 1000;

	if (pulse->fd < 0)
		return false;
	if (now_ms - pulse->pacer.heard_ms < half_ms(pulse)) {
		pulse->asked_ms = 0;
		return false;
	}
	if (pulse->asked_ms != 0)
		return false;
	pulse->asked_ms = now_ms;
	return true;
}

bool
pulse_is_over(const struct pulse *pulse, uint64_t now_us)
{
	uint64_t now_ms = now_us / 1000;

	/* Who has slept for longer than that has not asked before. */
	return pulse->fd >= 0 && pulse->asked_ms != 0 &&
	       now_ms - pulse->asked_ms >= half_ms(pulse) &&
	       beat_pacer_is_over(&pulse->pacer, now_ms);
}

void
pulse_end(struct pulse *pulse)
{
	if (pulse->fd < 0)
		return;
	close(pulse->fd);
	pulse->fd = -1;
	beat_key_wipe(&pulse->key);
	if (pulse->has_old_key)
		beat_key_wipe(&pulse->old_key);
	pulse->has_old_key = false;
}
