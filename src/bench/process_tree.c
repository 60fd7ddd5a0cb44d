/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/process_tree.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/memory.h"

struct process {
	pid_t pid;
	pid_t parent;
	uint64_t ticks;
	bool is_member;
};

struct process_list {
	struct process *items;
	size_t count;
	size_t capacity;
};

/*
 * Fields 4 (ppid) and 14 to 17 (utime, stime, cutime, cstime) of proc(5)'s
 * stat. The command's name may hold spaces and parentheses: the last
 * parenthesis ends it.
 */
static int
stat_parse(const char *text, struct process *process)
{
	const char *rest = strrchr(text, ')');
	unsigned long utime, stime;
	long cutime, cstime;
	int parent;

	if (rest == NULL ||
	    sscanf(rest + 1,
		" %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld",
		&parent, &utime, &stime, &cutime, &cstime) != 5)
		return -EBADMSG;
	process->parent = parent;
	process->ticks = utime + stime + (uint64_t)cutime + (uint64_t)cstime;
	return 0;
}

static int
process_read(const char *proc, pid_t pid, struct process *process)
{
	char path[PATH_MAX], text[1024];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/%d/stat", proc, (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	process->pid = pid;
	process->is_member = false;
	return stat_parse(text, process);
}

static void
list_add(struct process_list *list, const struct process *process)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity == 0 ? 256 : 2 * list->capacity;
		list->items = memory_resize(list->items,
		    list->capacity * sizeof(*list->items));
	}
	list->items[list->count++] = *process;
}

/* All processes there are; one that ends meanwhile is left out. */
static int
list_load(const char *proc, struct process_list *list)
{
	DIR *directory = opendir(proc);
	struct process process;
	struct dirent *entry;
	char *end;
	long pid;

	if (directory == NULL)
		return -errno;
	while ((entry = readdir(directory)) != NULL) {
		pid = strtol(entry->d_name, &end, 10);
		if (*end != '\0' || pid <= 0 || pid > INT_MAX)
			continue;
		if (process_read(proc, (pid_t)pid, &process) == 0)
			list_add(list, &process);
	}
	closedir(directory);
	return 0;
}

static bool
list_has_member(const struct process_list *list, pid_t pid)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].pid == pid)
			return list->items[i].is_member;
	}
	return false;
}

/* Mark root and, generation by generation, what descends from it. */
static int
list_mark(struct process_list *list, pid_t root)
{
	bool has_grown = false;

	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].pid == root)
			has_grown = list->items[i].is_member = true;
	}
	if (!has_grown)
		return -ESRCH;
	while (has_grown) {
		has_grown = false;
		for (size_t i = 0; i < list->count; i++) {
			struct process *process = &list->items[i];

			if (process->is_member ||
			    !list_has_member(list, process->parent))
				continue;
			has_grown = process->is_member = true;
		}
	}
	return 0;
}

/* A process that has ended, zombies included, has no memory: 0 bytes. */
static int
pss_read(const char *proc, pid_t pid, struct process_usage *usage)
{
	char path[PATH_MAX], line[256];
	unsigned long long kilobytes;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%d/smaps_rollup", proc, (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "Pss: %llu kB", &kilobytes) == 1)
			usage->pss_bytes += kilobytes * 1024;
		if (sscanf(line, "Pss_File: %llu kB", &kilobytes) == 1)
			usage->file_bytes += kilobytes * 1024;
	}
	fclose(file);
	return 0;
}

/* write_bytes of proc(5)'s io: what has made pages of files dirty. */
static int
written_read(const char *proc, pid_t pid, uint64_t *written_bytes)
{
	char path[PATH_MAX], line[256];
	unsigned long long bytes;
	FILE *file;
	bool is_there = false;

	snprintf(path, sizeof(path), "%s/%d/io", proc, (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "write_bytes: %llu", &bytes) != 1)
			continue;
		*written_bytes += bytes;
		is_there = true;
	}
	fclose(file);
	return is_there ? 0 : -EACCES;
}

static void
usage_add(const char *proc, const struct process *process, bool with_pss,
    struct process_usage *usage)
{
	uint64_t tick_ns = UINT64_C(1000000000) /
			   (uint64_t)sysconf(_SC_CLK_TCK);
	int error;

	usage->process_count++;
	usage->cpu_ns += process->ticks * tick_ns;
	error = written_read(proc, process->pid, &usage->written_bytes);
	if (error != 0)
		usage->written_error = error;
	if (!with_pss)
		return;
	error = pss_read(proc, process->pid, usage);
	if (error != 0)
		usage->pss_error = error;
}

static int
tree_read(const char *proc, pid_t root, bool with_pss,
    struct process_usage *usage)
{
	struct process_list list = { NULL, 0, 0 };
	struct process_usage sum = { 0 };
	int error;

	error = list_load(proc, &list);
	if (error != 0)
		goto out;
	error = list_mark(&list, root);
	if (error != 0)
		goto out;
	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i].is_member)
			usage_add(proc, &list.items[i], with_pss, &sum);
	}
	*usage = sum;
out:
	free(list.items);
	return error;
}

int
process_tree_cpu(const char *proc, pid_t root, struct process_usage *usage)
{
	return tree_read(proc, root, false, usage);
}

int
process_tree_usage(const char *proc, pid_t root, struct process_usage *usage)
{
	return tree_read(proc, root, true, usage);
}
