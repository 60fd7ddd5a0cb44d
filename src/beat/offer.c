/* SPDX-License-Identifier: Apache-2.0 */
#include "beat/offer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/base64.h>

#include "lib/log.h"

#define INTERVAL_MS_MAX 3600000
#define INTERVAL_DIGITS 7
#define HANDLE_DIGITS   16
#define KEY_TEXT_LEN    44 /* base64 of BEAT_KEY_LEN bytes */
#define VALUE_MAX       64

size_t
beat_offer_encode(const struct beat_offer *offer, char *out)
{
	unsigned char key[KEY_TEXT_LEN + 1];
	size_t key_len;

	if (offer->is_ended)
		return (size_t)snprintf(out, BEAT_OFFER_MAX,
		    "{\"version\":1,\"ended\":true}");
	if (mbedtls_base64_encode(key, sizeof(key), &key_len, offer->key,
		sizeof(offer->key)) != 0)
		panic("a key has its place");
	return (size_t)snprintf(out, BEAT_OFFER_MAX,
	    "{\"version\":1,\"port\":%u,\"handle\":\"%016" PRIx64
	    "\",\"key_number\":%u,\"key\":\"%s\",\"interval_ms\":%" PRIu32
	    ",\"misses\":%u}",
	    offer->port, offer->handle, offer->key_number, (char *)key,
	    offer->interval_ms, offer->misses);
}

/*
 * The value behind "name": in a flat object, as a string without its quotes.
 * What is written above has no escapes, and no value that holds a name.
 */
static bool
find_value(const char *text, const char *name, char value[VALUE_MAX])
{
	char pattern[VALUE_MAX];
	const char *at;
	size_t len;

	snprintf(pattern, sizeof(pattern), "\"%s\"", name);
	at = strstr(text, pattern);
	if (at == NULL)
		return false;
	at += strlen(pattern);
	at += strspn(at, " \t\r\n");
	if (*at++ != ':')
		return false;
	at += strspn(at, " \t\r\n");
	len = *at == '"' ? strcspn(++at, "\"") : strcspn(at, ",} \t\r\n");
	if (len == 0 || len >= VALUE_MAX || at[len] == '\0')
		return false;
	memcpy(value, at, len);
	value[len] = '\0';
	return true;
}

static bool
find_number(const char *text, const char *name, uint32_t most, uint32_t *number)
{
	char value[VALUE_MAX], *end;
	unsigned long long read;

	if (!find_value(text, name, value) || value[0] < '0' || value[0] > '9')
		return false;
	errno = 0;
	read = strtoull(value, &end, 10);
	if (errno != 0 || *end != '\0' || read > most)
		return false;
	*number = (uint32_t)read;
	return true;
}

static bool
find_handle(const char *text, uint64_t *handle)
{
	char value[VALUE_MAX];

	if (!find_value(text, "handle", value) ||
	    strlen(value) != HANDLE_DIGITS ||
	    strspn(value, "0123456789abcdef") != HANDLE_DIGITS)
		return false;
	*handle = strtoull(value, NULL, 16);
	return true;
}

static bool
find_key(const char *text, uint8_t key[BEAT_KEY_LEN])
{
	char value[VALUE_MAX];
	size_t len;

	return find_value(text, "key", value) &&
	       strlen(value) == KEY_TEXT_LEN &&
	       mbedtls_base64_decode(key, BEAT_KEY_LEN, &len,
		   (const unsigned char *)value, KEY_TEXT_LEN) == 0 &&
	       len == BEAT_KEY_LEN;
}

static int
decode_text(const char *text, struct beat_offer *offer)
{
	uint32_t version, port, key_number, misses;
	char ended[VALUE_MAX];

	if (!find_number(text, "version", UINT32_MAX, &version) || version != 1)
		return -EBADMSG;
	offer->is_ended = find_value(text, "ended", ended) &&
			  strcmp(ended, "true") == 0;
	if (offer->is_ended)
		return 0;
	if (!find_number(text, "port", UINT16_MAX, &port) || port == 0 ||
	    !find_number(text, "key_number", UINT8_MAX, &key_number) ||
	    !find_number(text, "misses", UINT8_MAX, &misses) || misses == 0 ||
	    !find_number(text, "interval_ms", INTERVAL_MS_MAX,
		&offer->interval_ms) ||
	    offer->interval_ms == 0 || !find_handle(text, &offer->handle) ||
	    !find_key(text, offer->key))
		return -EBADMSG;
	offer->port = (uint16_t)port;
	offer->key_number = (uint8_t)key_number;
	offer->misses = (uint8_t)misses;
	return 0;
}

int
beat_offer_decode(struct bytes in, struct beat_offer *offer)
{
	struct beat_offer read = { .is_ended = false };
	char text[BEAT_OFFER_MAX];
	int error;

	if (in.len >= sizeof(text) || memchr(in.data, 0, in.len) != NULL)
		return -EBADMSG;
	memcpy(text, in.data, in.len);
	text[in.len] = '\0';
	error = decode_text(text, &read);
	if (error == 0)
		*offer = read;
	return error;
}

int
beat_topic_interval(struct bytes topic_filter, uint32_t *interval_ms)
{
	const size_t prefix = strlen(BEAT_TOPIC_PREFIX);
	const uint8_t *digits = (const uint8_t *)topic_filter.data + prefix;
	size_t len = topic_filter.len - prefix;
	uint32_t read = 0;

	if (topic_filter.len < prefix ||
	    memcmp(topic_filter.data, BEAT_TOPIC_PREFIX, prefix) != 0)
		return -ENOENT;
	if (len == 0 || len > INTERVAL_DIGITS || digits[0] == '0')
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return -EINVAL;
		read = read * 10 + (digits[i] - (uint32_t)'0');
	}
	if (read > INTERVAL_MS_MAX)
		return -EINVAL;
	*interval_ms = read;
	return 0;
}
