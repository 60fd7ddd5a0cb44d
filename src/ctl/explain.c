/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "ctl/output.h"
#include "ipc/trust_index.h"
#include "lib/hash.h"
#include "mqtt/topic.h"
#include "mqtt/wire.h"
#include "rights/rights.h"
#include "x509/authority.h"
#include "x509/identity.h"

/* A certificate with its chain. */
#define FILE_BYTES_MAX (1024 * 1024)

/* What a client gets that leaves the choice to the daemon, or one like it. */
#define ASSIGNED_CLIENT_ID "signet-0000000000000000"

struct question {
	const char *config_file;
	const char *certificate_file;
	const char *client_id;
	enum rights_action action;
	const char *topic;   /* NULL to connect */
	struct bytes filter; /* of topic, without $share/<group>/ */
};

/* Who asks. */
struct client {
	struct buffer identity;
	struct buffer fields;
	uint8_t fingerprint[TLS_HASH_LEN];
	const char *fault; /* why the daemon refuses it; NULL: it does not */
};

static const struct option long_options[] = {
	{ "cert", required_argument, NULL, 'C' },
	{ "client-id", required_argument, NULL, 'i' },
	{ "config", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char usage[] =
    "usage: signetctl explain --cert FILE [--client-id ID] [--config FILE]\n"
    "                         ACTION [TOPIC]\n"
    "\n"
    "ACTION is connect, or publish, subscribe, retain, will or retained-will\n"
    "with a TOPIC.\n";

static bool
take_action(struct question *question, const char *word)
{
	const char *name;

	for (unsigned int i = 0; (name = rights_action_name(i)) != NULL; i++) {
		if (strcmp(name, word) != 0)
			continue;
		question->action = (enum rights_action)i;
		return true;
	}
	return false;
}

static bool
take_options(struct question *question, int argc, char **argv)
{
	int option;

	optind = 0; /* begin anew: these are other options */
	while ((option = getopt_long(argc, argv, "+C:i:c:h", long_options,
		    NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		}
		if (option == 'C')
			question->certificate_file = optarg;
		else if (option == 'i')
			question->client_id = optarg;
		else if (option == 'c')
			question->config_file = optarg;
		else
			return false;
	}
	return question->certificate_file != NULL;
}

static bool
take_arguments(struct question *question, int argc, char **argv)
{
	bool is_connect;

	if (!take_options(question, argc, argv) || optind >= argc ||
	    !take_action(question, argv[optind]))
		return false;
	is_connect = question->action == RIGHTS_CONNECT;
	if (argc - optind != (is_connect ? 1 : 2))
		return false;
	question->topic = is_connect ? NULL : argv[optind + 1];
	return true;
}

/* Is it a topic that a packet can hold? */
static bool
check_topic(struct question *question)
{
	bool is_filter = question->action == RIGHTS_SUBSCRIBE;
	struct bytes topic, group;

	if (question->topic == NULL)
		return true;
	topic = bytes_of_string(question->topic);
	question->filter = topic;
	if (topic.len > UINT16_MAX || !mqtt_utf8_is_valid(topic) ||
	    !(is_filter ? mqtt_topic_filter_is_valid(topic)
			: mqtt_topic_name_is_valid(topic))) {
		fprintf(stderr, "signetctl: %s is no topic %s\n",
		    question->topic, is_filter ? "filter" : "name");
		return false;
	}
	if (is_filter)
		mqtt_topic_filter_is_shared(topic, &group, &question->filter);
	return true;
}

static int
read_file(const char *path, struct buffer *content)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = 1;

	if (fd < 0)
		return -errno;
	while (got > 0 && content->len <= FILE_BYTES_MAX) {
		got = read(fd, buffer_reserve(content, 65536), 65536);
		if (got > 0)
			content->len += (size_t)got;
	}
	close(fd);
	if (got < 0)
		return -errno;
	return content->len > FILE_BYTES_MAX ? -EFBIG : 0;
}

/* As a gate does when it has verified the chain. */
static void
take_fields(struct client *client, enum config_identity kind,
    const mbedtls_x509_crt *certificate)
{
	x509_fingerprint(certificate, client->fingerprint);
	client->fault = x509_identity_append(kind, certificate,
	    &client->identity);
	switch (x509_fields_append(certificate, &client->fields)) {
	case X509_FIELDS_COMPLETE:
		break;
	case X509_FIELDS_MALFORMED:
		client->fault = "characters-in-a-name";
		break;
	case X509_FIELDS_TOO_MANY:
		client->fault = "too-many-fields";
		break;
	}
}

static bool
wants_authority(const struct config *config)
{
	for (size_t i = 0; i < config->roles.count; i++)
		if (config->roles.items[i].match.authority.count > 0)
			return true;
	return false;
}

/* The anchor's name, which is in no certificate of the client's. */
static bool
take_authority(struct client *client, const char *path,
    const mbedtls_x509_crt *chain)
{
	char why[512] = "";
	const struct x509_fault fault = { why, sizeof(why) };
	struct x509_authorities authorities = { 0, NULL };
	struct buffer file = { .data = NULL };
	mbedtls_x509_crt certificates;
	int error = read_file(path, &file);
	struct bytes name;

	mbedtls_x509_crt_init(&certificates);
	if (error != 0)
		x509_fault_set(&fault, "%s: %s", path, strerror(-error));
	else
		error = x509_certificates_parse(&certificates,
		    buffer_view(&file), path, &fault);
	if (error == 0)
		error = x509_authorities_find(&certificates, &authorities,
		    &fault);
	if (error == 0) {
		name = x509_authorities_anchor_name(&authorities, chain);
		if (name.len > 0 && name.len <= IPC_TRUST_COMMON_NAME_MAX &&
		    !tls_field_append(&client->fields, TLS_FIELD_AUTHORITY_CN,
			name))
			client->fault = "too-many-fields";
	} else {
		fprintf(stderr, "signetctl: %s\n", why);
	}
	x509_authorities_done(&authorities);
	mbedtls_x509_crt_free(&certificates);
	buffer_done(&file);
	return error == 0;
}

static bool
load_client(const struct question *question, const struct config *config,
    struct client *client)
{
	char why[512] = "";
	const struct x509_fault fault = { why, sizeof(why) };
	struct buffer file = { .data = NULL };
	mbedtls_x509_crt certificate;
	int error = read_file(question->certificate_file, &file);
	bool is_loaded = false;

	if (error != 0) {
		fprintf(stderr, "signetctl: %s: %s\n",
		    question->certificate_file, strerror(-error));
		buffer_done(&file);
		return false;
	}
	mbedtls_x509_crt_init(&certificate);
	if (x509_certificates_parse(&certificate, buffer_view(&file),
		question->certificate_file, &fault) != 0) {
		fprintf(stderr, "signetctl: %s\n", why);
	} else {
		take_fields(client, config->identity, &certificate);
		is_loaded = !wants_authority(config) ||
			    take_authority(client, config->tls.client_ca,
				&certificate);
	}
	mbedtls_x509_crt_free(&certificate);
	buffer_done(&file);
	return is_loaded;
}

static struct config *
load_config(const char *file)
{
	struct config_error error = { .text = "" };
	struct config *config = NULL;

	if (config_load_alone(file, &config, &error) == 0 &&
	    rights_check_config(config, &error) == 0)
		return config;
	fprintf(stderr, "%s\n", error.text);
	config_free(&config);
	return NULL;
}

/* Text that others chose, without what would confuse a terminal. */
static void
print_text(struct bytes text)
{
	struct buffer out = { NULL, 0, 0 };

	output_escape(text, &out);
	fwrite(out.data, 1, out.len, stdout);
	buffer_done(&out);
}

static void
print_head(bool is_granted, const struct question *question,
    const struct client *client)
{
	printf("%s: %s ", is_granted ? "granted" : "denied",
	    rights_action_name(question->action));
	print_text(bytes_of_string(
	    question->topic == NULL ? question->client_id : question->topic));
	printf("\n  identity: ");
	print_text(buffer_view(&client->identity));
	printf("\n  client identifier: ");
	print_text(bytes_of_string(question->client_id));
	printf("\n");
}

static void
print_roles(const struct rights *rights)
{
	const char *name;

	printf("  roles:");
	for (size_t i = 0; (name = rights_role_name(rights, i)) != NULL; i++)
		printf("%s %s", i == 0 ? "" : ",", name);
	printf("%s\n", rights_role_name(rights, 0) == NULL ? " none" : "");
}

/* The rule, or the role that grants all, with its place. */
static void
print_rule(const struct config *config, const struct rights_verdict *verdict)
{
	char path[128], place[CONFIG_PLACE_MAX];

	if (verdict->rule == NULL) {
		snprintf(path, sizeof(path), "roles[%zu]", verdict->role_index);
		config_place_print(config, path, place);
		printf(
		    "  rule: role \"%s\" names no %s and so grants all (%s)\n",
		    verdict->role, verdict->list, place);
		return;
	}
	snprintf(path, sizeof(path), "roles[%zu].%s[%zu]", verdict->role_index,
	    verdict->list, verdict->rule_index);
	config_place_print(config, path, place);
	printf("  rule: \"%s\" in %s of role \"%s\" (%s)\n", verdict->rule,
	    verdict->list, verdict->role, place);
}

static void
print_reason(const struct config *config, const struct rights_verdict *verdict)
{
	switch (verdict->reason) {
	case RIGHTS_GRANTED:
	case RIGHTS_DENIED:
		print_rule(config, verdict);
		break;
	case RIGHTS_NOT_GRANTED:
		printf("  reason: no role grants it in %s\n", verdict->list);
		break;
	case RIGHTS_NO_ROLE:
		printf("  reason: no role matches the certificate\n");
		break;
	case RIGHTS_RESERVED:
		printf("  reason: only the daemon publishes to $SYS\n");
		break;
	}
}

static size_t
level_count(struct bytes topic)
{
	size_t count = 1;

	for (size_t i = 0; i < topic.len; i++)
		count += topic.data[i] == '/';
	return count;
}

/* What the daemon checks before it asks for rights. */
static bool
is_too_deep(const struct question *question, const struct config *config)
{
	return question->topic != NULL &&
	       level_count(question->filter) > config->limits.topic_levels;
}

/* To connect first: who may not can do nothing else either. */
static bool
judge(const struct rights *rights, const struct question *question,
    const struct client *client, enum rights_action *decided,
    struct rights_verdict *verdict)
{
	struct rights_request request = {
		.action = RIGHTS_CONNECT,
		.identity = buffer_view(&client->identity),
		.client_id = bytes_of_string(question->client_id),
	};

	*decided = RIGHTS_CONNECT;
	if (!rights_check(rights, &request, verdict) ||
	    question->action == RIGHTS_CONNECT)
		return verdict->reason == RIGHTS_GRANTED;
	*decided = request.action = question->action;
	request.topic = question->filter;
	return rights_check(rights, &request, verdict);
}

static int
explain_rights(const struct config *config, const struct question *question,
    const struct client *client)
{
	const struct rights_certificate certificate = {
		.identity = buffer_view(&client->identity),
		.fingerprint = client->fingerprint,
		.fields = buffer_view(&client->fields),
	};
	struct rights_table *table = rights_table_new(config);
	const struct rights *rights = rights_ref(table, &certificate);
	struct rights_verdict verdict;
	enum rights_action decided;
	bool is_granted = judge(rights, question, client, &decided, &verdict);
	bool is_deep = is_granted && is_too_deep(question, config);

	print_head(is_granted && !is_deep, question, client);
	print_roles(rights);
	if (decided != question->action)
		printf("  it may not even connect:\n");
	if (is_deep)
		printf("  reason: it has more than limits.topic_levels, %u\n",
		    config->limits.topic_levels);
	else
		print_reason(config, &verdict);
	rights_unref(&rights);
	rights_table_free(&table);
	return is_granted && !is_deep ? EXPLAIN_GRANTED : EXPLAIN_DENIED;
}

static int
explain(const struct config *config, const struct question *question)
{
	struct client client = { .fault = NULL };
	int status = EXPLAIN_ERROR;

	if (load_client(question, config, &client) && client.fault == NULL) {
		status = explain_rights(config, question, &client);
	} else if (client.fault != NULL) {
		print_head(false, question, &client);
		printf("  reason: the certificate is refused: %s\n",
		    client.fault);
		status = EXPLAIN_DENIED;
	}
	buffer_done(&client.identity);
	buffer_done(&client.fields);
	return status;
}

int
explain_run(int argc, char **argv, const char *file)
{
	struct question question = {
		.config_file = file,
		.client_id = ASSIGNED_CLIENT_ID,
	};
	struct config *config;
	int status;

	if (!take_arguments(&question, argc, argv)) {
		fputs(usage, stderr);
		return EXPLAIN_ERROR;
	}
	if (!check_topic(&question))
		return EXPLAIN_ERROR;
	config = load_config(question.config_file);
	if (config == NULL)
		return EXPLAIN_ERROR;
	hash_start();
	status = explain(config, &question);
	config_free(&config);
	return status;
}
