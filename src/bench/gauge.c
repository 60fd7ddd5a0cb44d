/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/gauge.h"

#include <time.h>

#include "bench/disk_usage.h"
#include "bench/process_tree.h"

#define PROC "/proc"

static uint64_t
tool_cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

void
gauge_memory_before(struct gauge *gauge, uint32_t pid)
{
	struct process_usage usage;

	if (pid == 0)
		return;
	gauge->memory_error = process_tree_usage(PROC, (pid_t)pid, &usage);
	if (gauge->memory_error == 0)
		gauge->memory_error = usage.pss_error;
	if (gauge->memory_error != 0)
		return;
	gauge->pss_before_bytes = usage.pss_bytes;
	gauge->own_before_bytes = usage.pss_bytes - usage.file_bytes;
}

void
gauge_memory_after(struct gauge *gauge, uint32_t pid, uint64_t connection_count)
{
	struct process_usage usage;

	if (pid == 0 || gauge->memory_error != 0)
		return;
	gauge->memory_error = process_tree_usage(PROC, (pid_t)pid, &usage);
	if (gauge->memory_error == 0)
		gauge->memory_error = usage.pss_error;
	if (gauge->memory_error != 0)
		return;
	gauge->pss_after_bytes = usage.pss_bytes;
	gauge->own_after_bytes = usage.pss_bytes - usage.file_bytes;
	gauge->process_count = usage.process_count;
	gauge->connection_count = connection_count;
	gauge->has_broker_memory = true;
}

void
gauge_cpu_begin(struct gauge *gauge, uint32_t pid)
{
	struct process_usage usage;

	gauge->has_broker_cpu = pid != 0 &&
				process_tree_cpu(PROC, (pid_t)pid, &usage) == 0;
	if (gauge->has_broker_cpu) {
		gauge->broker_cpu_ns = usage.cpu_ns;
		gauge->broker_written_bytes = usage.written_bytes;
	}
	gauge->tool_cpu_ns = tool_cpu_ns();
}

void
gauge_cpu_end(struct gauge *gauge, uint32_t pid)
{
	struct process_usage usage;

	gauge->tool_cpu_ns = tool_cpu_ns() - gauge->tool_cpu_ns;
	if (!gauge->has_broker_cpu)
		return;
	gauge->has_broker_cpu = process_tree_cpu(PROC, (pid_t)pid, &usage) ==
				    0 &&
				usage.cpu_ns >= gauge->broker_cpu_ns;
	if (!gauge->has_broker_cpu)
		return;
	gauge->broker_cpu_ns = usage.cpu_ns - gauge->broker_cpu_ns;
	gauge->has_broker_written = usage.written_error == 0 &&
				    usage.written_bytes >=
					gauge->broker_written_bytes;
	gauge->broker_written_bytes = usage.written_bytes -
				      gauge->broker_written_bytes;
	gauge->process_count = usage.process_count;
}

void
gauge_files_begin(struct gauge *gauge, const char *directory)
{
	gauge->has_files = directory != NULL &&
			   disk_usage(directory, &gauge->files_before_bytes) ==
			       0;
}

void
gauge_files_end(struct gauge *gauge, const char *directory)
{
	if (gauge->has_files)
		gauge->has_files = disk_usage(directory,
				       &gauge->files_after_bytes) == 0;
}
