/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/heartbeat_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sock_diag.h>

#include "beat/datagram.h"
#include "lib/memory.h"
#include "worker/heartbeat.h"

/* Of one system call. */
#define BATCH_MAX HEARTBEAT_QUESTIONS_MAX

/*
 * A turn's share: so many batches for each millisecond since the turn before,
 * which take a tenth of it or so, and the rest is the connections'.
 */
#define BATCHES_A_MS   2
#define BATCHES_A_TURN 4

/*
 * Of what is no good question less is taken, and so rarely that a connection
 * seldom waits for it: a flood costs some hundredths of the processor's time,
 * and the kernel drops the rest.
 */
#define BAD_A_MS 32
#define FLOOD_MS 4
#define BAD_MAX  (BAD_A_MS * FLOOD_MS)

/*
 * Where so many come within so long, it is cheaper to let some gather than to
 * wake up for each.
 */
#define BUSY_COUNT 64
#define BUSY_MS    10
#define GATHER_MS  2
#define CROWD_MS   1

/* From here on the queue is full: what does not fit any more may be large. */
#define FULL_PERCENT 75

/* One byte more, so that what is longer is seen to be. */
#define QUESTION_MAX (BEAT_DATAGRAM_LEN + 1)

/* The address it came to. */
#define CONTROL_MAX CMSG_SPACE(sizeof(struct in6_pktinfo))

/* The place of one datagram of a batch; and of its answer, which goes back the
 * way that it came. */
struct slot {
	struct sockaddr_storage address;
	struct iovec question_at, answer_at;
	uint8_t question[QUESTION_MAX];
	uint8_t answer[BEAT_DATAGRAM_LEN];
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX];
};

struct heartbeat_socket {
	struct worker *worker;
	uv_poll_t *poll;    /* the loop frees it, */
	uv_timer_t *gather; /* and this: one of the two is active */
	int fd;
	unsigned int received; /* in this turn, */
	uint64_t received_ms;  /* which was then */
	int bad_left;          /* so many bad ones may come in it; 0 or less: no
				* more of any */
	unsigned int count;    /* since then: */
	uint64_t counted_since_ms;
	bool was_busy;     /* until then */
	uint32_t dropped;  /* as the kernel counts */
	unsigned int used; /* places, since they were prepared */
	struct mmsghdr questions[BATCH_MAX];
	struct mmsghdr answers[BATCH_MAX];
	struct slot slots[BATCH_MAX];
};

static void on_poll(uv_poll_t *poll, int status, int events);

/* Are there so many now, or have there just been? */
static bool
is_busy(struct heartbeat_socket *socket)
{
	uint64_t span_ms = worker_now_ms(socket->worker) -
			   socket->counted_since_ms;

	if (span_ms >= BUSY_MS) {
		socket->was_busy = socket->count >= BUSY_COUNT &&
				   span_ms < 2 * BUSY_MS;
		socket->counted_since_ms += span_ms;
		socket->count = 0;
	}
	socket->count += socket->received;
	return socket->was_busy || socket->count >= BUSY_COUNT;
}

static void on_gathered(uv_timer_t *timer);

/* Is it better to look again in a while than to hear of the next one? */
static bool
gather(struct heartbeat_socket *socket)
{
	bool is_all = heartbeat_socket_receive(socket);
	bool was_busy = is_busy(socket);

	if (is_all && !was_busy)
		return false;
	uv_timer_start(socket->gather, on_gathered,
	    is_all                  ? GATHER_MS
	    : socket->bad_left <= 0 ? FLOOD_MS
				    : CROWD_MS,
	    0);
	return true;
}

static void
on_gathered(uv_timer_t *timer)
{
	struct heartbeat_socket *socket = timer->data;

	if (!gather(socket))
		uv_poll_start(socket->poll, UV_READABLE, on_poll);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct heartbeat_socket *socket = poll->data;

	(void)status;
	(void)events;
	if (gather(socket))
		uv_poll_stop(poll);
}

struct heartbeat_socket *
heartbeat_socket_open(struct worker *worker, int fd)
{
	struct heartbeat_socket *socket = memory_new(1, sizeof(*socket));

	beat_key_start(); /* no heartbeat has a key before there is a socket */
	socket->worker = worker;
	socket->fd = fd;
	socket->used = BATCH_MAX;
	socket->bad_left = BAD_MAX;
	socket->poll = memory_new(1, sizeof(*socket->poll));
	socket->poll->data = socket;
	if (uv_poll_init(&worker->child->loop, socket->poll, fd) != 0) {
		free(socket->poll);
		free(socket);
		close(fd);
		return NULL;
	}
	socket->gather = memory_new(1, sizeof(*socket->gather));
	socket->gather->data = socket;
	uv_timer_init(&worker->child->loop, socket->gather);
	return socket;
}

void
heartbeat_socket_watch(struct heartbeat_socket *socket, bool is_watched)
{
	uv_timer_stop(socket->gather);
	if (is_watched)
		uv_poll_start(socket->poll, UV_READABLE, on_poll);
	else
		uv_poll_stop(socket->poll);
}

static void
on_closed(uv_handle_t *handle)
{
	free(handle);
}

void
heartbeat_socket_close(struct heartbeat_socket **socket)
{
	if (*socket == NULL)
		return;
	uv_close((uv_handle_t *)(*socket)->poll, on_closed);
	uv_close((uv_handle_t *)(*socket)->gather, on_closed);
	close((*socket)->fd);
	free(*socket);
	*socket = NULL;
}

/* The places that were used are as if they were new. */
static void
prepare(struct heartbeat_socket *socket)
{
	for (; socket->used > 0; socket->used--) {
		unsigned int i = socket->used - 1;
		struct slot *slot = &socket->slots[i];

		slot->question_at = (struct iovec){ slot->question,
			QUESTION_MAX };
		socket->questions[i].msg_hdr = (struct msghdr){
			.msg_name = &slot->address,
			.msg_namelen = sizeof(slot->address),
			.msg_iov = &slot->question_at,
			.msg_iovlen = 1,
			.msg_control = slot->control,
			.msg_controllen = sizeof(slot->control),
		};
	}
}

/*
 * Of what the kernel said about a question, keep for the answer the address
 * that it came to; by which interface it leaves is for routing to say.
 */
static void
turn_control(struct msghdr *message)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message), *kept = NULL;

	for (; control != NULL; control = CMSG_NXTHDR(message, control)) {
		if (control->cmsg_level == IPPROTO_IP &&
		    control->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo *at = (void *)CMSG_DATA(control);

			at->ipi_ifindex = 0;
			kept = control;
		} else if (control->cmsg_level == IPPROTO_IPV6 &&
			   control->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo *at = (void *)CMSG_DATA(control);

			/* fe80::/10 means something on one interface only. */
			if (!IN6_IS_ADDR_LINKLOCAL(&at->ipi6_addr))
				at->ipi6_ifindex = 0;
			kept = control;
		}
	}
	message->msg_controllen = 0;
	if (kept == NULL)
		return;
	message->msg_controllen = CMSG_SPACE(kept->cmsg_len - CMSG_LEN(0));
	message->msg_control = kept;
}

/* What cannot be sent is as if it had been lost on its way. */
static void
send_answers(struct heartbeat_socket *socket, unsigned int count)
{
	struct worker *worker = socket->worker;
	unsigned int at = 0;

	while (at < count) {
		int sent = sendmmsg(socket->fd, socket->answers + at,
		    count - at, MSG_DONTWAIT);

		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (sent < 0) {
			at++; /* this address cannot be sent to */
			continue;
		}
		worker->child->counted[IPC_STATISTIC_BEATS_ANSWERED] +=
		    (unsigned int)sent;
		at += (unsigned int)sent;
	}
}

/* A batch has come: judge it and answer what is good. */
static void
take(struct heartbeat_socket *socket, unsigned int received)
{
	struct heartbeat_question questions[BATCH_MAX];
	unsigned int count = 0;

	for (unsigned int i = 0; i < received; i++) {
		struct slot *slot = &socket->slots[i];

		turn_control(&socket->questions[i].msg_hdr);
		questions[i].datagram = bytes_of(slot->question,
		    socket->questions[i].msg_len);
		questions[i].answer = slot->answer;
	}
	heartbeats_take(socket->worker, questions, received);
	for (unsigned int i = 0; i < received; i++) {
		struct slot *slot = &socket->slots[i];

		if (!questions[i].is_taken)
			continue;
		slot->answer_at = (struct iovec){ slot->answer,
			BEAT_DATAGRAM_LEN };
		socket->answers[count] = socket->questions[i];
		socket->answers[count].msg_hdr.msg_iov = &slot->answer_at;
		socket->answers[count].msg_hdr.msg_flags = 0;
		count++;
	}
	socket->bad_left -= (int)(received - count);
	send_answers(socket, count);
}

/*
 * Before a turn: has anything been dropped for want of room? The kernel counts
 * also what it drops for other reasons, a checksum that is wrong among them,
 * which anybody can send; that says nothing of what clients have sent. What was
 * dropped for want of room has left the queue as full as it was, since nobody
 * else takes from it.
 */
static void
look_for_drops(struct heartbeat_socket *socket)
{
	uint32_t memory[SK_MEMINFO_VARS];
	socklen_t len = sizeof(memory);
	uint32_t dropped, full;

	if (getsockopt(socket->fd, SOL_SOCKET, SO_MEMINFO, memory, &len) != 0 ||
	    len != sizeof(memory))
		return;
	dropped = memory[SK_MEMINFO_DROPS] - socket->dropped;
	socket->dropped = memory[SK_MEMINFO_DROPS];
	full = memory[SK_MEMINFO_RCVBUF] / 100 * FULL_PERCENT;
	if (dropped > 0 && memory[SK_MEMINFO_RMEM_ALLOC] >= full)
		heartbeats_lost(socket->worker, dropped);
}

/* So long after the turn before. */
static void
allow_bad(struct heartbeat_socket *socket, uint64_t span_ms)
{
	socket->bad_left += span_ms < FLOOD_MS ? (int)span_ms * BAD_A_MS
					       : BAD_MAX;
	if (socket->bad_left > BAD_MAX)
		socket->bad_left = BAD_MAX;
}

/* How many batches this turn may have. */
static unsigned int
share(struct heartbeat_socket *socket)
{
	uint64_t now_ms = worker_now_ms(socket->worker);
	uint64_t span_ms = now_ms - socket->received_ms;

	socket->received_ms = now_ms;
	if (span_ms == 0)
		return 1;
	look_for_drops(socket);
	allow_bad(socket, span_ms);
	if (span_ms >= BATCHES_A_TURN / BATCHES_A_MS)
		return BATCHES_A_TURN;
	return (unsigned int)span_ms * BATCHES_A_MS;
}

bool
heartbeat_socket_receive(struct heartbeat_socket *socket)
{
	unsigned int left = share(socket);

	socket->received = 0;
	for (; left > 0 && socket->bad_left > 0; left--) {
		int received;

		prepare(socket);
		received = recvmmsg(socket->fd, socket->questions, BATCH_MAX,
		    MSG_DONTWAIT, NULL);
		if (received > 0) {
			socket->used = (unsigned int)received;
			socket->received += (unsigned int)received;
			take(socket, (unsigned int)received);
		}
		if (received < BATCH_MAX)
			return true;
	}
	return false;
}
