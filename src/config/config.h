/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as a value: one struct, filled from one schema.
 */
#ifndef SIGNET_CONFIG_CONFIG_H
#define SIGNET_CONFIG_CONFIG_H

#include "lib/buffer.h"
#include "lib/bytes.h"
#include "lib/log.h"

enum config_identity {
	CONFIG_IDENTITY_SUBJECT_CN, /* "subject.cn" */
	CONFIG_IDENTITY_SAN_DNS,
	CONFIG_IDENTITY_SAN_URI,
	CONFIG_IDENTITY_SAN_EMAIL,
	CONFIG_IDENTITY_FINGERPRINT, /* "fingerprint" */
};

/* What a denied PUBLISH gets where it cannot be told why. */
enum config_denied {
	CONFIG_DENIED_DISCONNECT, /* "disconnect" */
	CONFIG_DENIED_ACKNOWLEDGE,
};

/* TLS versions as "1.2" and "1.3". */
enum config_tls_version {
	CONFIG_TLS_1_2,
	CONFIG_TLS_1_3,
};

/* Who needs a CRL, if tls.crl names any: "listed" and "all". */
enum config_crl_required {
	CONFIG_CRL_REQUIRED_LISTED,
	CONFIG_CRL_REQUIRED_ALL,
};

/* tls.crl_grace_seconds: a CRL does not stop to count. */
#define CONFIG_CRL_GRACE_FOR_EVER UINT32_MAX

/* A level of log.levels: log.level's, or its own, less one. */
enum config_role_level {
	CONFIG_ROLE_LEVEL_AS_ALL, /* "as-level" */
};

struct config_strings {
	size_t count;
	char **items;
};

struct config_listener {
	char *address; /* IPv4 or IPv6, in digits */
	uint16_t port;
};

/*
 * Who is meant, and what they may do: the entries of roles. What is not given
 * has NULL for items, which is not the same as an empty list; a limit that is
 * not given is 0.
 */
struct config_role {
	char *name;
	struct { /* patterns, one of which has to match */
		struct config_strings identity;
		struct config_strings o;
		struct config_strings ou;
		struct config_strings san;
		struct config_strings issuer;
		struct config_strings authority;
		struct config_strings fingerprint;
	} match;
	struct config_strings connect;
	struct config_strings publish;
	struct config_strings subscribe;
	struct config_strings retain;
	struct config_strings will;
	struct {
		struct config_strings connect;
		struct config_strings publish;
		struct config_strings subscribe;
	} deny;
	struct {
		uint32_t messages_per_second;
		uint32_t bytes_per_second;
	} limits;
};

struct config {
	struct {
		size_t count;
		struct config_listener *items;
	} listen;
	struct {
		char *certificate;
		char *private_key;
		char *client_ca;
		struct config_strings crl;
		enum config_crl_required crl_required;
		uint32_t crl_grace_seconds; /* beyond nextUpdate */
		enum config_tls_version min_version;
		bool tickets;
		uint32_t ticket_seconds;
	} tls;
	enum config_identity identity;
	struct {
		size_t count;
		struct config_role *items;
	} roles;
	struct {
		uint32_t workers; /* 0: one per core */
		uint32_t gates;
		char *user;
		uint32_t stop_seconds;  /* to end in order */
		uint32_t hang_seconds;  /* without an answer */
		uint32_t channel_bytes; /* waiting for another process */
	} processes;
	struct {
		uint32_t receive_maximum;       /* from a client, in flight */
		uint32_t max_inflight_messages; /* to a client, in flight */
		uint32_t max_queued_messages;
		uint32_t max_queued_bytes;
		bool queue_qos0; /* for a client that is away */
		uint32_t max_expiry_seconds;
		char *response_information;
		uint32_t topic_alias_maximum; /* from a client */
		uint32_t outgoing_topic_aliases;
		uint32_t maximum_qos;
		enum config_denied denied_publish;
	} sessions;
	struct {
		uint32_t packet_bytes;
		uint32_t connections;
		uint32_t connections_per_source; /* 0: no limit */
		uint32_t handshakes_in_flight;
		uint32_t handshakes_per_source;            /* 0: no limit */
		uint32_t handshakes_per_second;            /* 0: no limit */
		uint32_t handshakes_per_second_per_source; /* 0: no limit */
		struct config_strings source_exempt;       /* prefixes */
		uint32_t handshake_seconds;
		uint32_t signatures_per_second; /* for each gate */
		uint32_t connect_seconds;
		uint32_t outbox_bytes;           /* waiting for a slow client */
		uint32_t max_keep_alive_seconds; /* 0: what the client asks */
		uint32_t subscriptions;          /* per session */
		uint32_t topic_levels;
		uint32_t retained_messages;
		uint32_t retained_bytes;
		uint32_t unwritten_bytes; /* per worker */
	} limits;
	struct {
		char *path;             /* of the folder with the database */
		uint32_t reserve_bytes; /* that stay free on the disk */
	} store;
	struct {
		uint32_t interval_seconds; /* of $SYS; 0: off */
	} sys;
	struct {
		bool enabled;
	} presence;
	struct {
		bool enabled;
		struct config_strings origins; /* none: any */
	} websocket;
	struct {
		bool enabled;
		char *address;
		uint16_t port; /* UDP */
		uint32_t least_interval_ms;
		uint32_t misses;
		uint32_t max_sessions_percent; /* of limits.connections */
		uint32_t key_seconds;
	} heartbeat;
	struct {
		bool enabled;
		char *address; /* of this machine alone */
		uint16_t port;
		char *socket; /* in place of both; "": there is none */
	} metrics;
	struct {
		char *socket; /* where signetctl speaks to the daemon */
	} control;
	struct {
		bool watch; /* the files, and take up what changes */
	} reload;
	struct {
		enum log_level level;
		struct {
			enum config_role_level master;
			enum config_role_level reader;
			enum config_role_level store;
			enum config_role_level key;
			enum config_role_level trust;
			enum config_role_level gate;
			enum config_role_level worker;
			enum config_role_level metrics;
		} levels;
		enum log_format format;
		uint32_t repeats; /* of a line in ten seconds; 0: all */
	} log;
	struct config_places *places;  /* where each setting was written */
	struct config_strings sources; /* the files that it was read from */
};

/*
 * What is wrong and where, for a human: a line for each fault, without a
 * newline behind the last one. Behind more than fit stands "and more of them".
 */
struct config_error {
	char text[4096]; /* "FILE:LINE: setting `PATH': what is wrong" */
};

/*
 * Read, check and complete a configuration file (with its @include files).
 *
 * path: of the file; relative names in it, and in what it includes, are
 * relative to its folder.
 * config: returned, free with config_free(); untouched on error.
 * error: on failure, what a human must mend.
 * Returns 0; -EINVAL if the configuration is wrong or a file that it names
 * cannot be read; -ENOENT, -EACCES or -EIO if the file itself cannot be read.
 */
int config_load(const char *path, struct config **config,
    struct config_error *error);

/* The same, but the files that it names need not be there: to read it where
 * the daemon does not run, or as somebody else. */
int config_load_alone(const char *path, struct config **config,
    struct config_error *error);

/*
 * The same from text: what config_print() wrote, or a test. name stands for
 * the file's in errors. No file is touched: there is no @include, and file
 * names stay as they are.
 */
int config_parse(const char *name, struct bytes text, struct config **config,
    struct config_error *error);

void config_free(struct config **config);

/* From which level the processes of a role log; role: "master", "gate". */
enum log_level config_log_level(const struct config *config, const char *role);

/*
 * Where a setting was written: "FILE:LINE", or "FILE" alone if that is all
 * that is known.
 *
 * path: as in config_fault(). text: has CONFIG_PLACE_MAX bytes.
 */
#define CONFIG_PLACE_MAX (4096 + 16)
void config_place_print(const struct config *config, const char *path,
    char *text);

/*
 * Add a fault that only somebody else could find (a topic filter that is
 * none, an address in use) in the same words as the loader's own.
 *
 * path: of the setting, as in "roles[0].publish[2]".
 * error: what it already says is kept; start with an empty text.
 */
void config_fault(const struct config *config, struct config_error *error,
    const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Append the whole configuration as a file that config_parse() takes: every
 * setting with its value in force; is_commented: with meaning, unit and
 * bounds. NULL for config: the defaults, with an example of what is required,
 * and one behind # of what else has none.
 */
void config_print(const struct config *config, bool is_commented,
    struct buffer *out);

/* Append the list of settings for signet.conf(5), in mdoc. */
void config_print_manual(struct buffer *out);

#endif
