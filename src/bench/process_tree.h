/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process and all its descendants have used, read from /proc: a broker
 * of several processes is measured as one.
 */
#ifndef SIGNET_BENCH_PROCESS_TREE_H
#define SIGNET_BENCH_PROCESS_TREE_H

#include <stdint.h>
#include <sys/types.h>

struct process_usage {
	uint32_t process_count;
	uint64_t cpu_ns;
	uint64_t pss_bytes;
	uint64_t file_bytes;    /* of pss_bytes: pages of files */
	int pss_error;          /* 0, or why pss_bytes is not known: -EACCES */
	uint64_t written_bytes; /* to disks, by processes that live */
	int written_error;      /* as pss_error */
};

/*
 * Read what was written, and user and system time, that of ended and reaped
 * descendants included, summed over the tree. pss_bytes and file_bytes are left
 * 0.
 *
 * proc: where procfs is mounted.
 * usage: written on success only.
 * Returns 0; -ESRCH if there is no process root; -errno of reading proc.
 */
int process_tree_cpu(const char *proc, pid_t root, struct process_usage *usage);

/*
 * The same, and the proportional set sizes. These cost the kernel a walk over
 * each address space: not in the middle of a measurement.
 */
int process_tree_usage(const char *proc, pid_t root,
    struct process_usage *usage);

#endif
