/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client with a heartbeat (docs/heartbeat.md) beside its MQTT session, which
 * is that of libmosquitto. It prints the round-trip time of each answer.
 *	cc -o heartbeat heartbeat.c -lmosquitto -lcrypto
 *	heartbeat IPV4-ADDRESS PORT CA CERT KEY INTERVAL_MS [COUNT]
 */
#include <arpa/inet.h>
#include <endian.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <mosquitto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define TRIES 4 /* questions in an interval that has no answer */

static struct {
	int fd; /* -1: there is no heartbeat */
	uint64_t handle, sequence, answered, began_ms, heard_ms;
	unsigned int key_number, interval_ms, misses;
	unsigned char key[2][36];      /* of even and of odd numbers */
	unsigned int sent, has_answer; /* in this interval */
	unsigned long count;
} beat = { .fd = -1 };

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#define TAG(key_number, head, out)                                             \
	HMAC(EVP_sha256(), beat.key[(key_number) % 2], 32, head, 32, out, NULL)

static void ask(void)
{
	uint8_t out[96] = { 1, 1, 0, (uint8_t)beat.key_number };
	uint64_t numbers[3] = { htobe64(beat.handle), htobe64(++beat.sequence),
		htobe64(now_ns()) };
	memcpy(out + 4, numbers, sizeof(numbers));
	TAG(beat.key_number, out, out + 32);
	(void)!send(beat.fd, out, 48, 0); /* or it is lost */
	beat.sent++;
}

static void receive(void)
{
	uint8_t in[49], expected[EVP_MAX_MD_SIZE];
	uint64_t numbers[3]; /* handle, sequence number, clock */
	while (recv(beat.fd, in, sizeof(in), MSG_DONTWAIT) == 48) {
		memcpy(numbers, in + 4, sizeof(numbers));
		TAG(in[3], in, expected);
		if (in[0] != 1 || in[1] != 2 ||
		    numbers[0] != htobe64(beat.handle) ||
		    be64toh(numbers[1]) <= beat.answered ||
		    be64toh(numbers[1]) > beat.sequence ||
		    CRYPTO_memcmp(expected, in + 32, 16) != 0)
			continue;
		beat.answered = be64toh(numbers[1]);
		beat.has_answer = 1;
		beat.heard_ms = now_ns() / 1000000;
		beat.count++;
		printf("%.3f ms\n", (now_ns() - be64toh(numbers[2])) / 1e6);
	}
}

/* An offer for the same handle brings a new key. */
static void on_message(struct mosquitto *client, void *host,
    const struct mosquitto_message *message)
{
	struct sockaddr_in server = { .sin_family = AF_INET };
	char handle[17], key[45], text[320];
	unsigned int port;
	(void)client;
	snprintf(text, sizeof(text), "%.*s", message->payloadlen,
	    (const char *)message->payload);
	if (sscanf(text,
		"{\"version\":1,\"port\":%u,\"handle\":\"%16[0-9a-f]\","
		"\"key_number\":%u,\"key\":\"%44[^\"]\","
		"\"interval_ms\":%u,\"misses\":%u}",
		&port, handle, &beat.key_number, key, &beat.interval_ms,
		&beat.misses) != 6) {
		beat.interval_ms = 0; /* it has ended */
		return;
	}
	EVP_DecodeBlock(beat.key[beat.key_number % 2], (uint8_t *)key, 44);
	if (beat.fd >= 0 && strtoull(handle, NULL, 16) == beat.handle)
		return;
	beat.handle = strtoull(handle, NULL, 16);
	beat.sequence = beat.answered = beat.sent = 0;
	beat.began_ms = beat.heard_ms = now_ns() / 1000000;
	server.sin_port = htons((uint16_t)port);
	inet_pton(AF_INET, host, &server.sin_addr);
	if (beat.fd < 0)
		beat.fd = socket(AF_INET, SOCK_DGRAM, 0);
	(void)connect(beat.fd, (struct sockaddr *)&server, sizeof(server));
}

static int turn(void) /* 1 if the server is gone */
{
	uint64_t now_ms;
	if (beat.fd < 0 || beat.interval_ms == 0)
		return 0;
	receive();
	now_ms = now_ns() / 1000000;
	if (now_ms - beat.began_ms >= beat.interval_ms) {
		beat.began_ms = now_ms;
		beat.sent = beat.has_answer = 0;
	}
	if (!beat.has_answer && beat.sent < TRIES &&
	    now_ms - beat.began_ms >= beat.interval_ms * beat.sent / TRIES)
		ask();
	return now_ms - beat.heard_ms >
	       beat.interval_ms * beat.misses + beat.interval_ms / 2;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 7 ? strtoul(argv[7], NULL, 10) : 0;
	struct mosquitto *client;
	char topic[64];
	int error, is_gone = 0;
	if (argc < 7)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	mosquitto_lib_init();
	client = mosquitto_new(NULL, 1, argv[1]);
	mosquitto_message_callback_set(client, on_message);
	snprintf(topic, sizeof(topic), "$signet/heartbeat/%s", argv[6]);
	error = mosquitto_tls_set(client, argv[3], NULL, argv[4], argv[5], 0);
	if (error == 0)
		error = mosquitto_connect(client, argv[1], atoi(argv[2]), 60);
	if (error == 0)
		error = mosquitto_subscribe(client, NULL, topic, 0);
	while (error == 0 && !is_gone && (count == 0 || beat.count < count)) {
		error = mosquitto_loop(client, 10, 1);
		is_gone = turn();
	}
	if (error != 0 || is_gone)
		fprintf(stderr, "gone: %s\n", mosquitto_strerror(error));
	mosquitto_destroy(client);
	return error != 0 || is_gone;
}
