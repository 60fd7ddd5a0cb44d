/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every packet of tests/vectors/mqtt: whole, byte by byte, cut at each length,
 * and, if valid, encoded again into every size of memory.
 */
#include <stdio.h>
#include <stdlib.h>

#include "any_packet.h"
#include "suites.h"

#define PACKET_MAX 4096

struct vector {
	const char *name;
	enum mqtt_version version;
	const char *answer;
	uint8_t *packet; /* heap, so that a sanitizer sees its end */
	size_t len;
};

static const char *const files[] = { "ack", "connack", "connect", "disconnect",
	"frame", "ping", "publish", "suback", "subscribe", "unsubscribe" };

static bool
is_valid(const struct vector *vector)
{
	return strcmp(vector->answer, "ok") == 0 ||
	       strcmp(vector->answer, "ok-other-form") == 0;
}

static const char *
answer_of(int status)
{
	return status == 0 ? "ok"
			   : mqtt_reason_name((enum mqtt_reason) - status);
}

static int
decode(const struct vector *vector, struct mqtt_frame *frame,
    struct any_packet *any)
{
	int status = mqtt_frame_decode(bytes_of(vector->packet, vector->len),
	    PACKET_MAX, frame);

	if (status != 0)
		return status;
	ck_assert_msg(frame->len == vector->len, "%s: %zu of %zu bytes",
	    vector->name, frame->len, vector->len);
	return any_packet_decode(vector->version, frame, any);
}

static void
check_whole(const struct vector *vector)
{
	const char *want = is_valid(vector) ? "ok" : vector->answer;
	struct mqtt_frame frame;
	struct any_packet any;
	int status = decode(vector, &frame, &any);

	ck_assert_msg(status <= 0 && strcmp(answer_of(status), want) == 0,
	    "%s: %d (%s) instead of %s", vector->name, status,
	    answer_of(status), want);
}

/* What is short of a packet asks for more, and never says another length. */
static void
check_byte_by_byte(const struct vector *vector)
{
	struct mqtt_frame whole, part;
	int status = mqtt_frame_decode(bytes_of(vector->packet, vector->len),
	    PACKET_MAX, &whole);

	for (size_t len = 0; len < vector->len; len++) {
		uint8_t *copy = malloc(len + 1);
		int got;

		memcpy(copy, vector->packet, len);
		part.len = SIZE_MAX;
		got = mqtt_frame_decode(bytes_of(copy, len), PACKET_MAX, &part);
		free(copy);
		if (got == MQTT_NEED_MORE)
			ck_assert_msg(part.len == 0 || part.len == whole.len,
			    "%s: length %zu at %zu", vector->name, part.len,
			    len);
		else
			ck_assert_msg(status < 0 && got == status,
			    "%s: %d at %zu", vector->name, got, len);
	}
}

/* A cut body is refused or is a packet of its own; no byte behind is read. */
static void
check_cut(const struct vector *vector)
{
	struct mqtt_frame frame;
	struct any_packet any;

	if (mqtt_frame_decode(bytes_of(vector->packet, vector->len), PACKET_MAX,
		&frame) != 0)
		return;
	for (size_t len = 0; len < frame.body.len; len++) {
		struct mqtt_frame cut = frame;
		uint8_t *copy = malloc(len == 0 ? 1 : len);
		int status;

		memcpy(copy, frame.body.data, len);
		cut.body = bytes_of(copy, len);
		status = any_packet_decode(vector->version, &cut, &any);
		ck_assert_msg(status <= 0, "%s: %d at %zu", vector->name,
		    status, len);
		/* These have one length, that which their fields say. */
		if (is_valid(vector) &&
		    (frame.type == MQTT_CONNECT || frame.type == MQTT_CONNACK))
			ck_assert_msg(status < 0, "%s: valid at %zu",
			    vector->name, len);
		free(copy);
	}
}

static void
check_encoded(const struct vector *vector)
{
	uint8_t scratch_data[PACKET_MAX], again[PACKET_MAX];
	struct mqtt_writer scratch = { scratch_data, PACKET_MAX, 0 };
	struct mqtt_writer writer = { again, PACKET_MAX, 0 };
	struct mqtt_frame frame;
	struct any_packet any;
	size_t len;

	ck_assert_int_eq(decode(vector, &frame, &any), 0);
	any_packet_prepare(&any, &scratch);
	ck_assert_int_eq(any_packet_encode(&any, &writer), 0);
	len = writer.len;
	if (strcmp(vector->answer, "ok") == 0) {
		ck_assert_msg(len == vector->len, "%s: %zu of %zu bytes",
		    vector->name, len, vector->len);
		ck_assert_msg(memcmp(again, vector->packet, len) == 0,
		    "%s: other bytes", vector->name);
	} else {
		ck_assert_msg(len <= vector->len, "%s: longer", vector->name);
	}

	for (size_t room = 0; room < len; room++) {
		uint8_t *memory = malloc(room + 1);

		writer = (struct mqtt_writer){ memory, room + 1, 1 };
		ck_assert_msg(any_packet_encode(&any, &writer) ==
				  MQTT_ERR_PACKET_TOO_LARGE,
		    "%s: fits %zu", vector->name, room);
		ck_assert_uint_eq(writer.len, 1);
		free(memory);
	}
}

static size_t
hex_decode(const char *hex, uint8_t *data)
{
	size_t len = strlen(hex) / 2;

	for (size_t i = 0; i < len; i++) {
		unsigned int byte;

		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
		data[i] = (uint8_t)byte;
	}
	return len;
}

/* Each line of one file; returns how many there were. */
static size_t
each_vector(const char *name, void (*check)(const struct vector *vector))
{
	char path[1024], line[2 * PACKET_MAX], statement[256], answer[64];
	char hex[2 * PACKET_MAX];
	size_t count = 0;
	FILE *file;
	int version;

	snprintf(path, sizeof(path), "%s/mqtt/%s.hex", SIGNET_VECTORS, name);
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s", path);
	while (fgets(line, sizeof(line), file) != NULL) {
		struct vector vector = { .name = statement, .answer = answer };

		if (line[0] == '#')
			continue;
		ck_assert_msg(sscanf(line, "%255s %d %63s %8191s", statement,
				  &version, answer, hex) == 4,
		    "%s: %s", path, line);
		vector.version = (enum mqtt_version)version;
		vector.packet = malloc(strlen(hex) / 2);
		vector.len = hex_decode(hex, vector.packet);
		check(&vector);
		free(vector.packet);
		count++;
	}
	fclose(file);
	return count;
}

static void
check_valid_encoded(const struct vector *vector)
{
	if (is_valid(vector))
		check_encoded(vector);
}

START_TEST(each_packet_gets_the_answer_that_the_standard_names)
{
	ck_assert_uint_gt(each_vector(files[_i], check_whole), 0);
}
END_TEST

START_TEST(each_packet_arrives_byte_by_byte)
{
	ck_assert_uint_gt(each_vector(files[_i], check_byte_by_byte), 0);
}
END_TEST

START_TEST(each_packet_cut_at_each_length_is_read_within_its_bounds)
{
	ck_assert_uint_gt(each_vector(files[_i], check_cut), 0);
}
END_TEST

START_TEST(each_valid_packet_encodes_to_itself_and_only_where_it_fits)
{
	ck_assert_uint_gt(each_vector(files[_i], check_valid_encoded), 0);
}
END_TEST

TCase *
test_vectors_case(void)
{
	const int count = sizeof(files) / sizeof(files[0]);
	TCase *tcase = tcase_create("vectors");

	tcase_add_loop_test(tcase,
	    each_packet_gets_the_answer_that_the_standard_names, 0, count);
	tcase_add_loop_test(tcase, each_packet_arrives_byte_by_byte, 0, count);
	tcase_add_loop_test(tcase,
	    each_packet_cut_at_each_length_is_read_within_its_bounds, 0, count);
	tcase_add_loop_test(tcase,
	    each_valid_packet_encodes_to_itself_and_only_where_it_fits, 0,
	    count);
	return tcase;
}
