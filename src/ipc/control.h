/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the master asks of others for those who sit at the control socket.
 *
 * SESSIONS_ASK goes to one worker after the other. Each looks at its sessions,
 * some in a turn, and answers with SESSIONS_PAGE, lines of lib/fields.h; after
 * a page it waits for SESSIONS_MORE, so that no more than a page is under way.
 * After the last page, or SESSIONS_END, it knows nothing of the query any more.
 */
#ifndef SIGNET_IPC_CONTROL_H
#define SIGNET_IPC_CONTROL_H

#include "lib/buffer.h"
#include "lib/bytes.h"
#include "lib/log.h"

enum ipc_sessions_action {
	IPC_SESSIONS_LIST = 1,
	IPC_SESSIONS_SHOW,       /* all that is known of those */
	IPC_SESSIONS_DISCONNECT, /* end their connections, and name them */
};

enum ipc_sessions_state {
	IPC_SESSIONS_ANY,
	IPC_SESSIONS_CONNECTED,
	IPC_SESSIONS_OFFLINE,
};

/* In identity, client_id and peer, a * stands for any run of characters; all
 * that are not empty must match. */
#define IPC_SESSIONS_TEXT_MAX 4096
struct ipc_sessions_ask {
	uint64_t number; /* of the query: 1.. */
	enum ipc_sessions_action action;
	enum ipc_sessions_state state;
	struct bytes identity;
	struct bytes client_id;
	struct bytes peer; /* the address, as it is shown */
	/* "IDENTITY", "IDENTITY/CLIENT-ID", or the 16 hexadecimal digits of its
	 * connection; empty: any. SHOW and DISCONNECT need it. */
	struct bytes name;
};
#define IPC_SESSIONS_ASK_LEN_MAX (8 + 2 + 4 * (4 + IPC_SESSIONS_TEXT_MAX))
void ipc_sessions_ask_encode(const struct ipc_sessions_ask *ask,
    struct buffer *out);
int ipc_sessions_ask_decode(struct bytes payload, struct ipc_sessions_ask *ask);

/* SESSIONS_MORE, SESSIONS_END */
#define IPC_SESSIONS_NUMBER_LEN 8
void ipc_sessions_number_encode(uint64_t number, struct buffer *out);
int ipc_sessions_number_decode(struct bytes payload, uint64_t *number);

/* A page ends when it has this many bytes, with the line that it is in: which
 * may be long. */
#define IPC_SESSIONS_PAGE_BYTES (32 * 1024)
#define IPC_SESSIONS_LINES_MAX  (IPC_SESSIONS_PAGE_BYTES + 512 * 1024)
struct ipc_sessions_page {
	uint64_t number;
	bool is_last;
	struct bytes lines; /* whole ones */
};
#define IPC_SESSIONS_PAGE_LEN_MAX (8 + 1 + 4 + IPC_SESSIONS_LINES_MAX)
void ipc_sessions_page_encode(const struct ipc_sessions_page *page,
    struct buffer *out);
int ipc_sessions_page_decode(struct bytes payload,
    struct ipc_sessions_page *page);

/* LOG_LEVEL: from now on, until a configuration is taken up. */
#define IPC_LOG_LEVEL_LEN 1
void ipc_log_level_encode(enum log_level level, struct buffer *out);
int ipc_log_level_decode(struct bytes payload, enum log_level *level);

/* STATUS: lines of lib/fields.h, those that answer the command "status" of the
 * control socket. */
#define IPC_STATUS_LEN_MAX (256 * 1024)

#endif
