/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client with a heartbeat (docs/heartbeat.md) beside its MQTT session, which
 * is that of libmosquitto. It prints the round-trip time of each answer.
 *	cc -o heartbeat heartbeat.c -lmosquitto -lcrypto
 *	heartbeat IPV4-ADDRESS PORT CA CERT KEY INTERVAL_MS [COUNT]
 */
#include <arpa/inet.h>
#include <endian.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <mosquitto.h>
#include <openssl/hmac.h>

static struct {
	int fd, key_ids[2]; /* the newest first; -1: there is none */
	unsigned char keys[2][36];
	unsigned int interval_ms, misses, silent; /* 0 ms: no heartbeat */
	unsigned int sent; /* in this interval, of 4; 4 if one has an answer */
	unsigned long long handle, sequence, began_ms;
	uint64_t open;     /* bit n: the question n before has no answer */
	unsigned long count;
} beat;

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void ask(void)
{
	uint8_t out[96] = { 1, 1, 0, (uint8_t)beat.key_ids[0] };
	uint64_t numbers[3] = { htobe64(beat.handle), htobe64(++beat.sequence),
		htobe64(now_ns()) };
	memcpy(out + 4, numbers, sizeof(numbers));
	HMAC(EVP_sha256(), beat.keys[0], 32, out, 32, out + 32, NULL);
	(void)!send(beat.fd, out, 48, 0); /* or it is lost */
	beat.open = beat.open << 1 | 1;
	beat.sent++;
}

static void receive(void)
{
	uint8_t in[49], tag[EVP_MAX_MD_SIZE];
	uint64_t numbers[3], age; /* handle, sequence number, clock */
	while (recv(beat.fd, in, sizeof(in), MSG_DONTWAIT) == 48) {
		int key = in[3] == beat.key_ids[1];
		memcpy(numbers, in + 4, sizeof(numbers));
		age = beat.sequence - be64toh(numbers[1]);
		HMAC(EVP_sha256(), beat.keys[key], 32, in, 32, tag, NULL);
		if (in[0] != 1 || in[1] != 2 || in[3] != beat.key_ids[key] ||
		    numbers[0] != htobe64(beat.handle) || age >= 64 ||
		    !(beat.open >> age & 1) || CRYPTO_memcmp(tag, in + 32, 16))
			continue;
		beat.open &= ~(UINT64_C(1) << age);
		beat.sent = age < beat.sent ? 4 : beat.sent;
		beat.silent = 0;
		beat.count++;
		printf("%.3f ms\n", (now_ns() - be64toh(numbers[2])) / 1e6);
	}
}

static void on_unsubscribe(struct mosquitto *client, void *host, int id)
{
	(void)client, (void)host, (void)id, beat.silent = 0;
}

#define LACKS(name, f, at)                                                     \
    sscanf(strstr(json, "\"" name "\"") ?: "", "\"" name "\" : " f, at) != 1

/* An offer, a flat object; one for the same handle brings a new key. */
static void on_message(struct mosquitto *client, void *host,
    const struct mosquitto_message *got)
{
	struct sockaddr_in server = { .sin_family = AF_INET };
	char json[1024], key[45];
	unsigned long long handle;
	(void)client;
	snprintf(json, 1024, "%.*s", got->payloadlen, (char *)got->payload);
	memcpy(beat.keys[1], beat.keys[0], sizeof(beat.keys[0]));
	beat.key_ids[1] = beat.key_ids[0];
	if (LACKS("version", "1%1[,} ]", key) ||
	    LACKS("port", "%hu", &server.sin_port) ||
	    LACKS("handle", "\"%llx", &handle) ||
	    LACKS("key_number", "%d", &beat.key_ids[0]) ||
	    LACKS("key", "\"%44[^\"]", key) ||
	    EVP_DecodeBlock(beat.keys[0], (uint8_t *)key, 44) != 33 ||
	    LACKS("interval_ms", "%u", &beat.interval_ms) ||
	    LACKS("misses", "%u", &beat.misses))
		beat.interval_ms = 0; /* it has ended */
	if (beat.interval_ms == 0 || handle == beat.handle)
		return;
	beat.key_ids[1] = -1;
	beat.handle = handle;
	beat.sequence = beat.open = beat.sent = beat.silent = 0;
	beat.began_ms = now_ns() / 1000000;
	server.sin_port = htons(server.sin_port);
	inet_pton(AF_INET, host, &server.sin_addr);
	(void)connect(beat.fd, (struct sockaddr *)&server, sizeof(server));
}

static int turn(struct mosquitto *client)
{
	uint64_t ms = now_ns() / 1000000 - beat.began_ms;
	if (ms >= beat.interval_ms) {
		beat.began_ms += ms;
		beat.sent = ms = 0;
		if (++beat.silent > beat.misses / 2) /* ask the session, too */
			mosquitto_unsubscribe(client, NULL, "$signet");
	}
	if (beat.sent < 4 && ms >= beat.interval_ms * beat.sent / 4)
		ask();
	return beat.silent >= beat.misses && ms > beat.interval_ms / 2
	    ? MOSQ_ERR_KEEPALIVE : 0;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 7 ? strtoul(argv[7], NULL, 10) : -1ul;
	struct mosquitto *client;
	char topic[64];
	int error;
	if (argc < 7)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	beat.fd = socket(AF_INET, SOCK_DGRAM, 0);
	mosquitto_lib_init();
	client = mosquitto_new(NULL, 1, argv[1]);
	mosquitto_message_callback_set(client, on_message);
	mosquitto_unsubscribe_callback_set(client, on_unsubscribe);
	snprintf(topic, sizeof(topic), "$signet/heartbeat/%s", argv[6]);
	error = mosquitto_tls_set(client, argv[3], NULL, argv[4], argv[5], 0) ?:
	    mosquitto_connect(client, argv[1], atoi(argv[2]), 60) ?:
	    mosquitto_subscribe(client, NULL, topic, 0);
	while (error == 0 && beat.count < count) {
		poll(&(struct pollfd){ beat.fd, POLLIN, 0 }, 1, 10);
		receive();
		error = mosquitto_loop(client, 0, 1) ?:
		    beat.interval_ms != 0 ? turn(client) : 0;
	}
	if (error != 0)
		fprintf(stderr, "gone: %s\n", mosquitto_strerror(error));
	return error != 0;
}
