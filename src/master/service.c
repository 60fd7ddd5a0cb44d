/* SPDX-License-Identifier: Apache-2.0 */
#include "master/service.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "master/member.h"
#include "proc/seccomp.h"

static void __attribute__((format(printf, 2, 3)))
tell(const struct service *service, const char *format, ...)
{
	char text[SERVICE_STATUS_MAX + 128];
	va_list arguments;
	int len;

	if (service->fd < 0)
		return;
	va_start(arguments, format);
	len = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (len > 0 && (size_t)len < sizeof(text))
		(void)send(service->fd, text, (size_t)len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* "/path", or "@name" for one without a file. The descriptor or -1. */
static int
connect_to(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	socklen_t address_len = (socklen_t)(offsetof(struct sockaddr_un,
						sun_path) +
					    len);
	int fd;

	if ((name[0] != '/' && name[0] != '@') || len < 2 ||
	    len >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, name, len);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&address, address_len) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* sd_watchdog_enabled(3): 0 if it is not for this process. */
static uint64_t
watchdog_ms(void)
{
	const char *interval = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (interval == NULL ||
	    (pid != NULL && strtoull(pid, NULL, 10) != (uint64_t)getpid()))
		return 0;
	return strtoull(interval, NULL, 10) / 1000;
}

void
service_open(struct service *service)
{
	const char *name = getenv("NOTIFY_SOCKET");

	*service = (struct service){ .fd = -1 };
	if (name != NULL)
		service->fd = connect_to(name);
	service->watchdog_ms = watchdog_ms();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void
service_close(struct service *service)
{
	if (service->fd >= 0)
		close(service->fd);
	service->fd = -1;
}

void
service_ready(struct service *service)
{
	tell(service, "READY=1");
}

void
service_reloading(struct service *service)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	tell(service, "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)now.tv_sec * 1000000ULL +
		(unsigned long long)now.tv_nsec / 1000ULL);
}

void
service_reloaded(struct service *service, bool is_good, struct bytes text)
{
	service->is_last_reload_refused = !is_good;
	snprintf(service->why, sizeof(service->why), "%.*s", (int)text.len,
	    (const char *)text.data);
	/* one line is one thing that is told */
	for (char *at = service->why; *at != '\0'; at++)
		if (*at < ' ' && *at >= 0)
			*at = ' ';
	tell(service, "READY=1");
}

void
service_stopping(struct service *service)
{
	tell(service, "STOPPING=1\nSTATUS=ending in order");
	service->status[0] = '\0';
}

static void
end_hung(const struct master *master, uint64_t now_ms)
{
	uint64_t limit_ms = UINT64_C(1000) *
			    master->config->processes.hang_seconds;

	for (size_t i = 0; i < master->member_count; i++) {
		struct member *member = &master->members[i];

		if (monitor_silent_ms(member, now_ms) < limit_ms)
			continue;
		log_error(log_word("process", member->role->name),
		    log_number("index", member->index),
		    log_word("event", "killed"), log_word("reason", "hung"),
		    log_number("seconds",
			(int64_t)(monitor_silent_ms(member, now_ms) / 1000)));
		member_kill(member);
	}
}

/*
 * Not if one is silent. A quarter of the interval has to pass first, so that
 * one turn that takes long is no alarm.
 */
static void
feed(struct master *master, uint64_t now_ms)
{
	struct service *service = &master->service;
	uint64_t quarter_ms = service->watchdog_ms / 4;

	if (service->watchdog_ms == 0 || now_ms - service->fed_ms < quarter_ms)
		return;
	for (size_t i = 0; i < master->member_count; i++)
		if (monitor_silent_ms(&master->members[i], now_ms) > quarter_ms)
			return;
	service->fed_ms = now_ms;
	tell(service, "WATCHDOG=1");
}

static void __attribute__((format(printf, 2, 3)))
add(char *status, const char *format, ...)
{
	size_t len = strlen(status);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(status + len, SERVICE_STATUS_MAX - len, format, arguments);
	va_end(arguments);
}

/* What `systemctl status' shows. */
static void
print_status(const struct master *master, uint64_t now_ms, char *status)
{
	const struct service *service = &master->service;
	const struct member *first = NULL;
	unsigned int missing = 0;

	status[0] = '\0';
	for (size_t i = master->member_count; i-- > 0;) {
		const struct member *member = &master->members[i];

		if (member->state == MEMBER_READY &&
		    monitor_silent_ms(member, now_ms) < MONITOR_SILENT_MS)
			continue;
		first = member;
		missing++;
	}
	if (master->is_up)
		add(status, "%llu clients are connected",
		    (unsigned long long)master->monitor.statistics.sum
			.values[IPC_STATISTIC_CONNECTED]);
	else
		add(status, "starting");
	if (missing > 0)
		add(status, "; waiting for %s/%u", first->role->name,
		    first->index);
	if (missing > 1)
		add(status, " and %u more", missing - 1);
	if (service->is_last_reload_refused)
		add(status, "; the last reload was refused: %s", service->why);
}

static void
tell_status(struct master *master, uint64_t now_ms)
{
	struct service *service = &master->service;
	char status[SERVICE_STATUS_MAX];

	if (service->fd < 0)
		return;
	print_status(master, now_ms, status);
	if (strcmp(status, service->status) == 0)
		return;
	memcpy(service->status, status, sizeof(status));
	tell(service, "STATUS=%s", status);
}

void
service_tick(struct master *master, uint64_t now_ms)
{
	if (!master->is_stopping) {
		end_hung(master, now_ms);
		tell_status(master, now_ms);
	}
	feed(master, now_ms);
	proc_seccomp_report();
	(void)log_repeats_due();
}
