/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages between processes, from messages.def, and the payloads of
 * those that every role knows.
 */
#ifndef SIGNET_IPC_MESSAGE_H
#define SIGNET_IPC_MESSAGE_H

#include "lib/buffer.h"
#include "lib/bytes.h"
#include "lib/hash.h"

/* No payload is larger: a packet of MQTT's largest size and its envelope. */
#define IPC_PAYLOAD_MAX (268435455 + 5 + 2 * 65536)

/* Who speaks. Bits, so that a row of messages.def can name several. */
enum ipc_role {
	IPC_ROLE_MASTER = 1 << 0,
	IPC_ROLE_GATE = 1 << 1,
	IPC_ROLE_WORKER = 1 << 2,
	IPC_ROLE_STORE = 1 << 3,
	IPC_ROLE_KEY = 1 << 4,
	IPC_ROLE_TRUST = 1 << 5,
	IPC_ROLE_READER = 1 << 6,
	IPC_ROLE_METRICS = 1 << 7,
	IPC_ROLE_CHILD = IPC_ROLE_GATE | IPC_ROLE_WORKER | IPC_ROLE_STORE |
			 IPC_ROLE_KEY | IPC_ROLE_TRUST | IPC_ROLE_READER |
			 IPC_ROLE_METRICS,
	IPC_ROLE_GATE_WORKER = IPC_ROLE_GATE | IPC_ROLE_WORKER,
	IPC_ROLE_GATE_METRICS = IPC_ROLE_GATE | IPC_ROLE_METRICS,
	IPC_ROLE_GATE_KEY = IPC_ROLE_GATE | IPC_ROLE_KEY,
};

enum ipc_message_type {
	IPC_NONE = 0,
#define MESSAGE(name, from, to, descriptor, largest) IPC_##name,
#include "ipc/messages.def"
#undef MESSAGE
	IPC_MESSAGE_TYPE_COUNT
};

/* A message as it arrives. */
struct ipc_message {
	enum ipc_message_type type;
	struct bytes payload; /* during the call of its handler */
	int fd; /* -1 if none; a handler that keeps it sets this to -1 */
	/* What payload lies in: its handler may take the memory and leave the
	 * buffer empty. NULL if other things lie there, too. */
	struct buffer *storage;
};

/* "PUBLISH_FORWARD"; "UNKNOWN" for what is not in messages.def. */
const char *ipc_message_name(unsigned int type);

/*
 * May this message pass from one role to the other, with that payload and
 * with or without a descriptor? 0, or -EBADMSG with *fault in plain words.
 */
int ipc_message_check(unsigned int type, enum ipc_role from, enum ipc_role to,
    size_t payload_len, bool has_fd, const char **fault);

/* PEER and PEER_FAULT: another process. */
struct ipc_peer {
	enum ipc_role role; /* one bit */
	uint16_t index;
};
void ipc_peer_encode(const struct ipc_peer *peer, struct buffer *out);
int ipc_peer_decode(struct bytes payload, struct ipc_peer *peer);

/* START: what a child needs to know besides the configuration. */
struct ipc_start {
	uint16_t worker_count;
	uint16_t gate_count;
	uint8_t home_key[16]; /* where sessions live: same for all workers */
	uint64_t started_ms;  /* CLOCK_MONOTONIC: when the daemon was */
};
void ipc_start_encode(const struct ipc_start *start, struct buffer *out);
int ipc_start_decode(struct bytes payload, struct ipc_start *start);

/* CREDENTIALS: which file the descriptor holds the bytes of. */
enum ipc_credential {
	IPC_CREDENTIAL_CERTIFICATE = 1,
	IPC_CREDENTIAL_PRIVATE_KEY = 2,
	IPC_CREDENTIAL_CLIENT_CA = 3,
};
#define IPC_CREDENTIAL_BIT(which) (1U << (which))
void ipc_credential_encode(enum ipc_credential which, struct buffer *out);
int ipc_credential_decode(struct bytes payload, enum ipc_credential *which);

/*
 * PROPOSE and COMMIT: the number of a new state; PROPOSED: whether it can be
 * taken; COMMITTED: it is in use. detail: of PROPOSE, which key the server's
 * certificate has to have (ipc/signing.h); of PROPOSED, why it cannot be taken,
 * empty if it can.
 */
struct ipc_generation {
	uint64_t number; /* 1.. */
	struct bytes detail;
};
#define IPC_WHY_MAX 4096
void ipc_generation_encode(const struct ipc_generation *generation,
    struct buffer *out);
int ipc_generation_decode(struct bytes payload,
    struct ipc_generation *generation);

/*
 * FILES_READ: what is in use, so that the private key is not read again: hashes
 * under a key. Of a file that has no state that could be known, it is 0.
 */
struct ipc_files_read {
	struct hash_key key;
	uint64_t certificate;
	uint64_t private_key;
	uint64_t private_key_state;
};
void ipc_files_read_encode(const struct ipc_files_read *files,
    struct buffer *out);
int ipc_files_read_decode(struct bytes payload, struct ipc_files_read *files);

/*
 * FILES_CREDENTIAL: a file that was read, and its hash under the key that
 * FILES_READ gave. The private key that is in use has no bytes, if its file has
 * the state of before.
 */
struct ipc_file {
	uint8_t which; /* enum ipc_credential; or a CRL, in their order */
#define IPC_FILE_CRL 0xff
	uint64_t hash;
	uint64_t state; /* of the private key's file */
};
void ipc_file_encode(const struct ipc_file *file, struct buffer *out);
int ipc_file_decode(struct bytes payload, struct ipc_file *file);

/*
 * SESSION_HANDOFF: a connection with what was read of it and not yet used.
 * The descriptor is its socket.
 */
struct ipc_session_handoff {
	struct bytes handover;   /* of tls/handover.h; holds keys */
	struct bytes plaintext;  /* deprotected, not yet decoded */
	struct bytes ciphertext; /* received, not yet deprotected */
	struct bytes websocket;  /* of websocket/stream.h; empty: plain MQTT */
};
void ipc_session_handoff_encode(const struct ipc_session_handoff *handoff,
    struct buffer *out);
int ipc_session_handoff_decode(struct bytes payload,
    struct ipc_session_handoff *handoff);

/*
 * INTEREST_*: number counts a worker's announcements; ADD, DURABLE and REMOVE
 * name a topic filter, DURABLE one that a session is subscribed to that lasts;
 * ACK says up to which number all is taken in, SYNC asks.
 * RETAINED_MORE and _CANCEL: number is the query's.
 */
struct ipc_interest {
	uint64_t number;
	struct bytes topic_filter; /* empty where none is said */
};
void ipc_interest_encode(const struct ipc_interest *interest,
    struct buffer *out);
int ipc_interest_decode(struct bytes payload, struct ipc_interest *interest);

/*
 * FORWARD_KEPT: a message of PUBLISH_FORWARD or PUBLISH_SHARE that its sender
 * keeps until it is acknowledged. The numbers of a sender grow; they may be
 * acknowledged in another order.
 */
enum ipc_forward_kind {
	IPC_FORWARD_PUBLISH = 1,
	IPC_FORWARD_SHARE = 2,
};
struct ipc_forward {
	uint8_t kind;
	uint64_t number;  /* 1.. */
	uint64_t kept_id; /* of the message in the store; 0: none */
	/* Which PUBLISH at QoS 2 it is of: the publisher's session in the store
	 * and its Packet Identifier; both 0: the publisher's is not there. The
	 * identifier alone 0: session is a row of what a share owes. */
	uint64_t session;
	uint16_t packet_id;
	/* A process that is gone may have delivered it: not at QoS 0 again. */
	bool is_unsure;
	struct bytes content; /* the other message's payload */
};
#define IPC_FORWARD_HEAD_LEN 28
void ipc_forward_head(const struct ipc_forward *forward,
    uint8_t head[IPC_FORWARD_HEAD_LEN]);
int ipc_forward_decode(struct bytes payload, struct ipc_forward *forward);

/*
 * FORWARD_RELEASE: the exchange of that PUBLISH at QoS 2 is over, or the
 * publisher's session is: packet_id 0.
 * FORWARD_ACK: those with the numbers from..to, 1 <= from <= to.
 */
struct ipc_release {
	uint64_t number;
	uint64_t session;
	uint16_t packet_id;
};
void ipc_release_encode(const struct ipc_release *release, struct buffer *out);
int ipc_release_decode(struct bytes payload, struct ipc_release *release);
struct ipc_forward_ack {
	uint64_t from, to;
};
void ipc_forward_ack_encode(const struct ipc_forward_ack *ack,
    struct buffer *out);
int ipc_forward_ack_decode(struct bytes payload, struct ipc_forward_ack *ack);

/* PUBLISH_FORWARD: an Application Message for another worker's sessions. */
struct ipc_publish {
	uint8_t qos;
	bool retain;
	bool has_expiry;
	uint64_t expires_at_ms; /* CLOCK_MONOTONIC; if has_expiry */
	uint64_t publisher;     /* a hash of who it is, for No Local; or 0 */
	struct bytes topic_name;
	struct bytes properties; /* as mqtt_properties_forward() wrote them */
	struct bytes payload;
	/* When: CLOCK_MONOTONIC; 0: not known, long ago. Said of what is to be
	 * retained. */
	uint64_t published_ns;
};
void ipc_publish_encode(const struct ipc_publish *publish, struct buffer *out);

/*
 * The same without a copy: the payload in parts, one behind the other, for
 * ipc_channel_push_parts(). topic_name is 1..65535 bytes long.
 *
 * head: memory of the caller, that parts[0] points to; the other parts point
 * to where publish points.
 */
#define IPC_PUBLISH_HEAD_LEN   32
#define IPC_PUBLISH_PART_COUNT 4
void ipc_publish_parts(const struct ipc_publish *publish,
    uint8_t head[IPC_PUBLISH_HEAD_LEN],
    struct bytes parts[IPC_PUBLISH_PART_COUNT]);
int ipc_publish_decode(struct bytes payload, struct ipc_publish *publish);

/*
 * RETAINED_PUT: a message to keep; number is for the RETAINED_ACK.
 * RETAINED_MESSAGE: one that is kept; number is that of the RETAINED_QUERY.
 * In parts, as ipc_publish_parts().
 */
#define IPC_RETAINED_HEAD_LEN   (8 + IPC_PUBLISH_HEAD_LEN)
#define IPC_RETAINED_PART_COUNT IPC_PUBLISH_PART_COUNT
void ipc_retained_parts(uint64_t number, const struct ipc_publish *publish,
    uint8_t head[IPC_RETAINED_HEAD_LEN],
    struct bytes parts[IPC_RETAINED_PART_COUNT]);
int ipc_retained_decode(struct bytes payload, uint64_t *number,
    struct ipc_publish *publish);

/* RETAINED_QUERY: what is kept for a Topic Filter, and was published no later
 * than that. */
struct ipc_retained_query {
	uint64_t number;
	uint64_t until_ns; /* CLOCK_MONOTONIC */
	struct bytes topic_filter;
};
void ipc_retained_query_encode(const struct ipc_retained_query *query,
    struct buffer *out);
int ipc_retained_query_decode(struct bytes payload,
    struct ipc_retained_query *query);

/* RETAINED_ACK: value is a Reason Code. RETAINED_PAGE: 1 if it is the last. */
void ipc_retained_status_encode(uint64_t number, uint8_t value,
    struct buffer *out);
int ipc_retained_status_decode(struct bytes payload, uint64_t *number,
    uint8_t *value);

/*
 * SOURCE: how what a process has from a source (lib/address.h) has changed: a
 * worker its connections, a gate its handshakes under way.
 */
enum ipc_source_change {
	IPC_SOURCE_NONE = 1, /* there is none of any source: it begins anew */
	IPC_SOURCE_MORE,     /* one more */
	IPC_SOURCE_LESS,     /* one less */
};
struct ipc_source {
	uint8_t change; /* enum ipc_source_change */
	uint64_t source;
};
void ipc_source_encode(const struct ipc_source *source, struct buffer *out);
int ipc_source_decode(struct bytes payload, struct ipc_source *source);

/*
 * DENIAL: something was denied, of which there is to be one line in the log for
 * each identity and rule in a minute, whichever workers deny it. The one that
 * hash names keeps count and logs.
 */
struct ipc_denial {
	uint64_t hash; /* of identity, action and rule: the same in all */
	uint64_t connection;
	uint32_t count; /* 1..: how often since it was last told */
	uint8_t action; /* of rights/rights.h, as reason */
	uint8_t reason;
	struct bytes identity, client_id, topic;
	struct bytes role, list, rule; /* empty: no rule denies it */
};
/* A longer text is cut by who encodes it: more does not fit into a log. */
#define IPC_DENIAL_TEXT_MAX 264
#define IPC_DENIAL_LEN_MAX  (22 + 6 * (4 + IPC_DENIAL_TEXT_MAX))
void ipc_denial_encode(const struct ipc_denial *denial, struct buffer *out);
int ipc_denial_decode(struct bytes payload, struct ipc_denial *denial);

/* DENIAL_LOGGED, the answer: not now, as it was logged not long ago. */
struct ipc_denial_logged {
	uint64_t hash;
	uint64_t logged_ms; /* CLOCK_MONOTONIC */
};
void ipc_denial_logged_encode(const struct ipc_denial_logged *logged,
    struct buffer *out);
int ipc_denial_logged_decode(struct bytes payload,
    struct ipc_denial_logged *logged);

/*
 * EXPIRY: the certificate of somebody connected ends soon, of which there is to
 * be one line in the log in a day. The worker that a hash of the fingerprint
 * names logs it.
 */
struct ipc_expiry {
	uint64_t connection;
	uint8_t days_left;
	uint8_t fingerprint[32]; /* SHA-256 of the certificate */
	struct bytes identity;
};
/* A longer one is cut by who encodes it: more does not fit into a log. */
#define IPC_EXPIRY_IDENTITY_MAX 264
#define IPC_EXPIRY_LEN_MAX      (8 + 1 + 32 + 4 + IPC_EXPIRY_IDENTITY_MAX)
void ipc_expiry_encode(const struct ipc_expiry *expiry, struct buffer *out);
int ipc_expiry_decode(struct bytes payload, struct ipc_expiry *expiry);

/*
 * INTEREST_SHARE: how many members of a Shared Subscription (MQTT 5.0, 4.8.2)
 * a worker has now; number as in INTEREST_ADD.
 */
struct ipc_interest_share {
	uint64_t number;
	uint32_t online;
	uint32_t offline; /* of sessions without a connection */
	struct bytes group;
	struct bytes topic_filter; /* without $share and group */
};
void ipc_interest_share_encode(const struct ipc_interest_share *interest,
    struct buffer *out);
int ipc_interest_share_decode(struct bytes payload,
    struct ipc_interest_share *interest);

/*
 * PUBLISH_SHARE: an Application Message for one member, which the receiver
 * picks, of each of the Shared Subscriptions that are named.
 */
struct ipc_publish_share {
	bool has_interest;  /* as PUBLISH_FORWARD for all others, too */
	uint8_t hops;       /* how often it was handed on */
	struct bytes names; /* 1..IPC_SHARE_NAMES_MAX bytes of names */
	struct ipc_publish publish;
};
#define IPC_SHARE_NAMES_MAX 65536

/* In parts, as ipc_publish_parts(). */
#define IPC_PUBLISH_SHARE_HEAD_LEN   (6 + IPC_PUBLISH_HEAD_LEN)
#define IPC_PUBLISH_SHARE_PART_COUNT (2 + IPC_PUBLISH_PART_COUNT)
void ipc_publish_share_parts(const struct ipc_publish_share *share,
    uint8_t head[IPC_PUBLISH_SHARE_HEAD_LEN],
    struct bytes parts[IPC_PUBLISH_SHARE_PART_COUNT]);
int ipc_publish_share_decode(struct bytes payload,
    struct ipc_publish_share *share);

/*
 * Append a name; next takes the one at the front of names. Both texts are
 * 1..65535 bytes long. next: 1; 0 at the end; -EBADMSG.
 */
void ipc_share_name_append(struct bytes group, struct bytes topic_filter,
    struct buffer *names);
int ipc_share_name_next(struct bytes *names, struct bytes *group,
    struct bytes *topic_filter);

#endif
