/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the broker and this tool itself have used between two moments.
 */
#ifndef SIGNET_BENCH_GAUGE_H
#define SIGNET_BENCH_GAUGE_H

#include <stdbool.h>
#include <stdint.h>

/* Fields of the broker mean something where has_... says so. */
struct gauge {
	bool has_broker_cpu;
	bool has_broker_written;
	bool has_files;
	bool has_broker_memory;
	int memory_error; /* why there is no memory: -errno */
	uint32_t process_count;
	uint64_t broker_cpu_ns;        /* of the measuring window */
	uint64_t broker_written_bytes; /* to disks, at the same time */
	uint64_t files_before_bytes;
	uint64_t files_after_bytes;
	uint64_t tool_cpu_ns;
	uint64_t pss_before_bytes; /* before the first connection */
	uint64_t pss_after_bytes;  /* with all of them open */
	uint64_t own_before_bytes; /* the same without pages of files, which */
	uint64_t own_after_bytes; /* other programs share as they come and go */
	uint64_t connection_count; /* open at that moment */
};

/*
 * pid: the broker's first process, or 0. Where it cannot be read, the gauge
 * just has no figures of the broker.
 */
void gauge_memory_before(struct gauge *gauge, uint32_t pid);
void gauge_memory_after(struct gauge *gauge, uint32_t pid,
    uint64_t connection_count);

/* The beginning and the end of the measuring window. */
void gauge_cpu_begin(struct gauge *gauge, uint32_t pid);
void gauge_cpu_end(struct gauge *gauge, uint32_t pid);

/* Around that: what the files below a directory take; NULL: none is asked. */
void gauge_files_begin(struct gauge *gauge, const char *directory);
void gauge_files_end(struct gauge *gauge, const char *directory);

#endif
