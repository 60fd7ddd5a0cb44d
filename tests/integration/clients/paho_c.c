/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: paho_c URI PKI VERSION QOS
 *
 * With the Eclipse Paho C client: exchange messages, leave a session and find
 * what came meanwhile, get a retained message and a will. VERSION is 4 or 5.
 * Prints "ok".
 */
#include <unistd.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <MQTTClient.h>

#define TIMEOUT_MS 10000
#define LARGE      100000

struct options {
	const char *uri;
	const char *pki;
	int version;
	int qos;
	char topic[64];
	char files[3][512];
};

static void
fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

static void
check(int code, const char *what)
{
	if (code != MQTTCLIENT_SUCCESS)
		fail("%s: %d", what, code);
}

static MQTTClient
client_new(const struct options *options, const char *name)
{
	MQTTClient_createOptions create = MQTTClient_createOptions_initializer;
	char client_id[64];
	MQTTClient client;

	create.MQTTVersion = options->version;
	snprintf(client_id, sizeof(client_id), "paho-c-%ld-%s", (long)getpid(),
	    name);
	check(MQTTClient_createWithOptions(&client, options->uri, client_id,
		  MQTTCLIENT_PERSISTENCE_NONE, NULL, &create),
	    "create");
	return client;
}

/* Connect; a session that lasts is left and found again. Was it there? */
static int
client_connect(const struct options *options, MQTTClient client, int is_lasting,
    int is_new, MQTTClient_willOptions *will)
{
	MQTTClient_connectOptions connect =
	    MQTTClient_connectOptions_initializer;
	MQTTClient_connectOptions connect5 =
	    MQTTClient_connectOptions_initializer5;
	MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
	MQTTProperties properties = MQTTProperties_initializer;
	MQTTProperty expiry = {
		.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
		.value.integer4 = 60,
	};
	MQTTResponse response;
	int is_present;

	if (options->version == MQTTVERSION_5) {
		connect = connect5;
		connect.cleanstart = is_new;
		if (is_lasting)
			MQTTProperties_add(&properties, &expiry);
	} else {
		connect.cleansession = !is_lasting;
	}
	tls.trustStore = options->files[0];
	tls.keyStore = options->files[1];
	tls.privateKey = options->files[2];
	tls.enableServerCertAuth = 1;
	tls.verify = 1;
	connect.MQTTVersion = options->version;
	connect.ssl = &tls;
	connect.will = will;
	if (options->version == MQTTVERSION_5) {
		response = MQTTClient_connect5(client, &connect, &properties,
		    NULL);
		check(response.reasonCode, "connect5");
		MQTTResponse_free(response);
	} else {
		check(MQTTClient_connect(client, &connect), "connect");
	}
	/* The library gives it away for 3.1.1 alone. */
	is_present = connect.returned.sessionPresent;
	MQTTProperties_free(&properties);
	return is_present;
}

static void
client_end(const struct options *options, MQTTClient client)
{
	if (options->version == MQTTVERSION_5)
		check(MQTTClient_disconnect5(client, TIMEOUT_MS,
			  MQTTREASONCODE_SUCCESS, NULL),
		    "disconnect5");
	else
		check(MQTTClient_disconnect(client, TIMEOUT_MS), "disconnect");
}

static void
subscribe(const struct options *options, MQTTClient client)
{
	if (options->version == MQTTVERSION_5) {
		MQTTResponse response = MQTTClient_subscribe5(client,
		    options->topic, options->qos, NULL, NULL);

		if ((int)response.reasonCode != options->qos)
			fail("subscribe5: %d", response.reasonCode);
		MQTTResponse_free(response);
		return;
	}
	check(MQTTClient_subscribe(client, options->topic, options->qos),
	    "subscribe");
}

static void
publish(const struct options *options, MQTTClient client, char *payload,
    int len, int retained)
{
	MQTTClient_message message = MQTTClient_message_initializer;
	MQTTClient_deliveryToken token;

	message.payload = payload;
	message.payloadlen = len;
	message.qos = options->qos;
	message.retained = retained;
	if (options->version == MQTTVERSION_5) {
		MQTTResponse response = MQTTClient_publishMessage5(client,
		    options->topic, &message, &token);

		check(response.reasonCode, "publish5");
		MQTTResponse_free(response);
	} else {
		check(MQTTClient_publishMessage(client, options->topic,
			  &message, &token),
		    "publish");
	}
	if (options->qos > 0)
		check(MQTTClient_waitForCompletion(client, token, TIMEOUT_MS),
		    "completion");
}

static void
expect(const struct options *options, MQTTClient client, char *payload, int len,
    int retained)
{
	MQTTClient_message *message = NULL;
	char *topic = NULL;
	int topic_len;

	/* It fails, too, when another client of this process is ended. */
	while (MQTTClient_receive(client, &topic, &topic_len, &message,
		   TIMEOUT_MS) != MQTTCLIENT_SUCCESS &&
	       message == NULL)
		if (!MQTTClient_isConnected(client))
			fail("the connection ended");
	if (message == NULL)
		fail("no message came");
	if (strcmp(topic, options->topic) != 0)
		fail("topic %s", topic);
	if (message->payloadlen != len ||
	    memcmp(message->payload, payload, (size_t)len) != 0)
		fail("a payload of %d bytes instead of %d", message->payloadlen,
		    len);
	if (message->qos != options->qos || message->retained != retained)
		fail("QoS %d, retained %d", message->qos, message->retained);
	MQTTClient_freeMessage(&message);
	MQTTClient_free(topic);
}

static void
exchange(const struct options *options, MQTTClient sender)
{
	MQTTClient receiver = client_new(options, "receiver");
	char *large = malloc(LARGE);

	if (large == NULL)
		fail("memory");
	memset(large, 'x', LARGE);
	client_connect(options, receiver, 0, 1, NULL);
	subscribe(options, receiver);
	publish(options, sender, "hello", 5, 0);
	publish(options, sender, large, LARGE, 0);
	expect(options, receiver, "hello", 5, 0);
	expect(options, receiver, large, LARGE, 0);
	client_end(options, receiver);
	MQTTClient_destroy(&receiver);
	free(large);
}

static void
leave_a_session(const struct options *options, MQTTClient sender)
{
	MQTTClient receiver = client_new(options, "lasting");

	if (client_connect(options, receiver, 1, 1, NULL))
		fail("a session out of nothing");
	subscribe(options, receiver);
	client_end(options, receiver);
	publish(options, sender, "1", 1, 0);
	publish(options, sender, "2", 1, 0);
	if (!client_connect(options, receiver, 1, 0, NULL) &&
	    options->version != MQTTVERSION_5)
		fail("the session is gone");
	if (options->qos > 0) {
		expect(options, receiver, "1", 1, 0);
		expect(options, receiver, "2", 1, 0);
	}
	client_end(options, receiver);
	/* Nobody needs it any more. */
	client_connect(options, receiver, 0, 1, NULL);
	client_end(options, receiver);
	MQTTClient_destroy(&receiver);
}

static void
get_a_retained_message(const struct options *options, MQTTClient sender)
{
	MQTTClient receiver = client_new(options, "retained");

	publish(options, sender, "kept", 4, 1);
	client_connect(options, receiver, 0, 1, NULL);
	subscribe(options, receiver);
	expect(options, receiver, "kept", 4, 1);
	publish(options, sender, "", 0, 1);
	expect(options, receiver, "", 0, 0);
	client_end(options, receiver);
	MQTTClient_destroy(&receiver);
}

/* A client that takes the identifier over ends the one that has the will. */
static void
get_a_will(const struct options *options, MQTTClient watcher)
{
	MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
	MQTTClient first = client_new(options, "willing");
	MQTTClient second = client_new(options, "willing");

	subscribe(options, watcher);
	will.topicName = options->topic;
	will.message = "gone";
	will.qos = options->qos;
	client_connect(options, first, 0, 1, &will);
	client_connect(options, second, 0, 1, NULL);
	expect(options, watcher, "gone", 4, 0);
	client_end(options, second);
	MQTTClient_destroy(&second);
	MQTTClient_destroy(&first);
}

int
main(int count, char **arguments)
{
	MQTTClient_init_options init = MQTTClient_init_options_initializer;
	static const char *const names[] = { "ca.pem", "client-6.pem",
		"client-6.key" };
	struct options options = { .uri = NULL };
	MQTTClient sender;

	if (count != 5)
		fail("usage: paho_c URI PKI VERSION QOS");
	options.uri = arguments[1];
	options.pki = arguments[2];
	options.version = atoi(arguments[3]);
	options.qos = atoi(arguments[4]);
	snprintf(options.topic, sizeof(options.topic), "paho-c/%ld",
	    (long)getpid());
	for (int i = 0; i < 3; i++)
		snprintf(options.files[i], sizeof(options.files[i]), "%s/%s",
		    options.pki, names[i]);
	init.do_openssl_init = 1;
	MQTTClient_global_init(&init);
	sender = client_new(&options, "sender");
	client_connect(&options, sender, 0, 1, NULL);
	exchange(&options, sender);
	/* Over WebSocket, library 1.3.12 loses what comes with the CONNACK. */
	if (strncmp(options.uri, "wss", 3) != 0)
		leave_a_session(&options, sender);
	get_a_retained_message(&options, sender);
	get_a_will(&options, sender);
	client_end(&options, sender);
	MQTTClient_destroy(&sender);
	puts("ok");
	return 0;
}
