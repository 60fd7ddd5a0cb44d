/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon would say to a client, and which rule of its configuration
 * makes it say so.
 */
#ifndef SIGNET_CTL_EXPLAIN_H
#define SIGNET_CTL_EXPLAIN_H

/* The answers, as exit statuses. */
#define EXPLAIN_GRANTED 0
#define EXPLAIN_DENIED  1
#define EXPLAIN_ERROR   2

/*
 * Run the command: "explain" and its arguments. It needs no daemon.
 *
 * file: the configuration, if the arguments name no other.
 * Returns one of the above; what is wrong is said on standard error.
 */
int explain_run(int argc, char **argv, const char *file);

#endif
