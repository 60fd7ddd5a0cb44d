/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trust role: parses what an operator, or whoever writes CRLs to a file,
 * has put on the disk: certificates before any other process does, CRLs so that
 * no other process has to. Before a start, and for signetd --check, a process
 * in its confinement does the same and ends (check_files.h).
 *
 * Duties: check certificate, client CAs and CRLs; make the index that gates
 *   verify with and workers end sessions by. It keeps nothing between two
 *   checks.
 * Privileges: none; no secret, no file, no peer but the master.
 * Receives: TRUST_FILE, TRUST_CHECK and STOP from the master.
 * Sends: TRUST_MADE and TRUST_VERDICT to the master.
 * On failure: the state that is in use stays.
 */
#include "trust/trust.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "lib/clock.h"
#include "lib/memory.h"
#include "trust/check.h"
#include "x509/compat.h"

/* Of one file: a CRL with more than a million entries. */
#define FILE_BYTES_MAX  (64 * 1024 * 1024)
#define INDEX_BYTES_MAX (256 * 1024 * 1024)
/* Of all CRLs. */
#define FILES_MAX 1024

struct received {
	enum ipc_trust_file_kind kind;
	char *path;
	struct buffer content;
};

struct trust {
	struct proc_child *child;
	size_t count;
	struct received *files;
};

static void
forget_files(struct trust *trust)
{
	for (size_t i = 0; i < trust->count; i++) {
		free(trust->files[i].path);
		buffer_done(&trust->files[i].content);
	}
	free(trust->files);
	trust->files = NULL;
	trust->count = 0;
}

static int
on_file(struct trust *trust, struct ipc_message *message)
{
	struct ipc_trust_file file;
	struct received received = { .path = NULL };
	int error;

	if (ipc_trust_file_decode(message->payload, &file) != 0 ||
	    trust->count >= FILES_MAX)
		return -EBADMSG;
	error = ipc_sealed_memory_read(message->fd,
	    file.kind == IPC_TRUST_FILE_CURRENT ? INDEX_BYTES_MAX
						: FILE_BYTES_MAX,
	    &received.content);
	if (error != 0) {
		buffer_done(&received.content);
		return -EBADMSG;
	}
	received.kind = file.kind;
	received.path = memory_copy(file.path);
	trust->files = memory_resize(trust->files,
	    (trust->count + 1) * sizeof(*trust->files));
	trust->files[trust->count++] = received;
	return 0;
}

/* Sort what was received; crls has room for all. */
static void
arrange(const struct trust *trust, struct trust_files *files,
    struct trust_file *crls)
{
	files->crls = crls;
	for (size_t i = 0; i < trust->count; i++) {
		const struct received *received = &trust->files[i];
		struct trust_file file = { received->path,
			buffer_view(&received->content) };

		switch (received->kind) {
		case IPC_TRUST_FILE_CERTIFICATE:
			files->certificate = file;
			break;
		case IPC_TRUST_FILE_CLIENT_CA:
			files->client_ca = file;
			break;
		case IPC_TRUST_FILE_CRL:
			crls[files->crl_count++] = file;
			break;
		case IPC_TRUST_FILE_CURRENT:
			files->current = file.content;
			break;
		}
	}
}

/* The index leaves as sealed memory; or the words of why it cannot. */
static void
push_index(struct trust *trust, const struct ipc_trust_check *check,
    struct ipc_trust_verdict_of *verdict, const struct buffer *index)
{
	struct ipc_trust_given given = { check->generation, index->len };
	struct buffer out = { NULL, 0, 0 };
	int fd = ipc_sealed_memory("trust-index", buffer_view(index));

	if (fd < 0) {
		verdict->is_good = false;
		verdict->text = bytes_of_string(strerror(-fd));
		return;
	}
	ipc_trust_given_encode(&given, &out);
	proc_master_push_with(trust->child, IPC_TRUST_MADE, buffer_view(&out),
	    fd);
	buffer_done(&out);
}

static void
push_verdict(struct trust *trust, const struct ipc_trust_verdict_of *verdict)
{
	struct buffer out = { NULL, 0, 0 };

	ipc_trust_verdict_encode(verdict, &out);
	proc_master_push(trust->child, IPC_TRUST_VERDICT, buffer_view(&out));
	buffer_done(&out);
}

static int
on_check(struct trust *trust, struct bytes payload)
{
	struct trust_result *result;
	struct trust_files files = { .crl_count = 0 };
	struct trust_file *crls;
	struct ipc_trust_check check;
	struct ipc_trust_verdict_of verdict;

	if (ipc_trust_check_decode(payload, &check) != 0)
		return -EBADMSG;
	result = memory_new(1, sizeof(*result));
	crls = memory_new(trust->count + 1, sizeof(*crls));
	arrange(trust, &files, crls);
	verdict = (struct ipc_trust_verdict_of){
		.generation = check.generation,
		.is_good = trust_check(&files, &check, clock_realtime_seconds(),
			       result) == 0,
	};
	memcpy(verdict.spki, result->spki, sizeof(verdict.spki));
	if (verdict.is_good)
		push_index(trust, &check, &verdict, &result->index);
	else
		verdict.text = bytes_of_string(result->text);
	push_verdict(trust, &verdict);
	trust_result_done(result);
	free(result);
	free(crls);
	forget_files(trust);
	return 0;
}

static int
on_control(struct proc_child *child, struct ipc_message *message)
{
	struct trust *trust = child->context;

	switch (message->type) {
	case IPC_TRUST_FILE:
		return on_file(trust, message);
	case IPC_TRUST_CHECK:
		return on_check(trust, message->payload);
	default:
		return -EBADMSG;
	}
}

static const struct proc_events proc_events = {
	.on_control = on_control,
};

int
trust_run(struct proc_child *child)
{
	struct trust trust = { .child = child };
	int status;

	compat_start();
	child->context = &trust;
	proc_child_ready(child);
	status = proc_child_loop(child, &proc_events);
	forget_files(&trust);
	return status;
}
