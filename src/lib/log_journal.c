/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries with fields for systemd's journal: one datagram each, as
 * https://systemd.io/JOURNAL_NATIVE_PROTOCOL/ says. libsystemd would open a
 * socket for itself, which a role cannot once it is confined; here the master
 * opens one and those that it starts inherit it. The journal sees which of
 * them has sent.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log_line.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* For room in its queue, which may be as short as ten entries. */
#define WAIT_MS 200

/* Of syslog(3): LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG. */
static const int priorities[] = { 3, 4, 6, 7 };

static int journal = -1;
static uint64_t lost; /* entries that the journal did not take */

bool
log_journal_is_open(void)
{
	return journal >= 0;
}

/* Is standard error what systemd has connected to the journal? */
static bool
is_stderr_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream != NULL &&
	       sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 &&
	       status.st_dev == (dev_t)device && status.st_ino == (ino_t)inode;
}

int
log_journal_open(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX,
		.sun_path = JOURNAL_SOCKET };
	int fd;

	if (journal >= 0 || !is_stderr_journal())
		return journal;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) !=
	    0) {
		close(fd);
		return -1;
	}
	journal = fd;
	return fd;
}

bool
log_journal_take(int fd)
{
	int domain = 0, type = 0;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 ||
	    domain != AF_UNIX || type != SOCK_DGRAM)
		return false;
	journal = fd;
	return true;
}

static void
print_name(struct log_line *out, const char *name)
{
	for (; *name != '\0'; name++)
		log_line_print(out, "%c", toupper((unsigned char)*name));
}

static void
print_head(struct log_line *out, const struct log_entry *entry)
{
	char role[32];
	int index = log_speaker_split(entry->speaker, role, sizeof(role));

	log_line_print(out, "PRIORITY=%d\nSYSLOG_IDENTIFIER=signetd\nROLE=%s\n",
	    priorities[entry->level], role);
	if (index >= 0)
		log_line_print(out, "ROLE_INDEX=%d\n", index);
	if (lost > 0)
		log_line_print(out, "ENTRIES_LOST=%llu\n",
		    (unsigned long long)lost);
}

/* No value has a newline: what could have one is escaped. */
static void
print_fields(struct log_line *out, const struct log_entry *entry)
{
	for (size_t i = 0; i < entry->count; i++) {
		size_t before = out->len;

		print_name(out, entry->fields[i].name);
		log_line_print(out, "=");
		log_line_print_value(out, &entry->fields[i]);
		log_line_print(out, "\n");
		if (!out->is_cut)
			continue;
		out->len = before;
		break;
	}
}

/*
 * A journal that is busy is waited for, once: one that does not keep up must
 * not hold us up.
 */
static bool
send_in_time(const struct msghdr *datagram)
{
	struct pollfd room = { .fd = journal, .events = POLLOUT };

	if (sendmsg(journal, datagram, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return true;
	if (errno != EAGAIN || lost > 0 || poll(&room, 1, WAIT_MS) <= 0)
		return false;
	return sendmsg(journal, datagram, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

bool
log_journal_send(const struct log_entry *entry)
{
	struct log_line fields = { .len = 0 }, message = { .len = 0 };
	struct iovec parts[2];
	struct msghdr datagram = { .msg_iov = parts, .msg_iovlen = 2 };

	print_head(&fields, entry);
	print_fields(&fields, entry);
	log_line_print(&message, "MESSAGE=%s", entry->speaker);
	log_line_print_fields(&message, entry);
	message.text[message.len++] = '\n';
	parts[0] = (struct iovec){ fields.text, fields.len };
	parts[1] = (struct iovec){ message.text, message.len };
	if (!send_in_time(&datagram)) {
		lost++;
		return false;
	}
	lost = 0;
	return true;
}
