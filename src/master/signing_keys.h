/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's private keys, as far as the master has to do with them: it
 * keeps the file's bytes in sealed memory that is not mapped, so that a key
 * process that has died can be followed by another, and gives them to the key
 * process alone.
 *
 * A new key is proposed, which checks it and has it served beside the one in
 * use; then it is committed, and the one before is served on as long as a
 * handshake may last that began with it; or it is dropped. A key is known by
 * the SHA-256 of its SubjectPublicKeyInfo, as its certificate has it.
 */
#ifndef SIGNET_MASTER_SIGNING_KEYS_H
#define SIGNET_MASTER_SIGNING_KEYS_H

#include <uv.h>

#include "ipc/message.h"
#include "ipc/signing.h"

struct master;
struct member;

struct signing_key {
	int fd;        /* sealed memory; -1: there is none */
	bool is_known; /* the key process has told its id */
	uint8_t id[IPC_KEY_ID_LEN];
};

/*
 * What came of a proposal: key_id, or NULL and in why what is wrong with it,
 * naming the setting.
 */
typedef void signing_keys_answer(void *context, const uint8_t *key_id,
    struct bytes why);

/* What the next KEY_ADDED is about. */
enum signing_keys_expected {
	SIGNING_KEYS_FIRST,
	SIGNING_KEYS_PROPOSAL,
	SIGNING_KEYS_DROPPED, /* before it was answered */
	SIGNING_KEYS_AGAIN,
};
#define SIGNING_KEYS_EXPECTED_MAX 8

struct signing_keys {
	struct master *master;
	struct signing_key current;
	struct signing_key proposed;
	struct signing_key previous;
	bool has_first; /* the process has told what it began with: */
	uint8_t first_id[IPC_KEY_ID_LEN];
	enum signing_keys_expected expected[SIGNING_KEYS_EXPECTED_MAX];
	size_t expected_count;
	signing_keys_answer *answer; /* NULL: none is awaited */
	void *context;
	uv_timer_t retirement; /* of previous */
};

/* file: the first key's, taken and wiped. Fatal without sealed memory. */
void signing_keys_open(struct signing_keys *keys, struct master *master,
    struct buffer *file);
/* Before the loop ends; and behind it. */
void signing_keys_stop(struct signing_keys *keys);
void signing_keys_close(struct signing_keys *keys);

/* The id of the key in use; NULL before the key process has told it. */
const uint8_t *signing_keys_current(const struct signing_keys *keys);

/*
 * Have a key checked and served beside the one in use.
 *
 * fd: sealed memory with the file's bytes; taken, also on error. answer: called
 * once, in a later turn, if 0 is returned.
 * Returns 0; -EBUSY if another proposal is under way, or one that was dropped
 * has not been answered; -EAGAIN if the key process is not there.
 */
int signing_keys_propose(struct signing_keys *keys, int fd,
    signing_keys_answer *answer, void *context);

/* The proposal, that was answered with its id, is the key in use now. */
void signing_keys_commit(struct signing_keys *keys);

/* Forget the proposal; no answer comes any more. No effect if there is none. */
void signing_keys_drop(struct signing_keys *keys);

/* Of the key process: it was started, has become ready, has ended, has said
 * KEY_ADDED (0, or -EBADMSG). */
void signing_keys_on_start(struct signing_keys *keys);
void signing_keys_on_ready(struct signing_keys *keys);
void signing_keys_on_exit(struct signing_keys *keys);
int signing_keys_on_added(struct signing_keys *keys, struct bytes payload);

#endif
