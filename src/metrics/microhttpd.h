/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd, which is not linked with: it brings GnuTLS along, and nine
 * libraries more. See lib/library.h.
 */
#ifndef SIGNET_METRICS_MICROHTTPD_H
#define SIGNET_METRICS_MICROHTTPD_H

#include <stddef.h>

#include <microhttpd.h>

/* Its functions under their own names, behind the prefix. */
struct microhttpd_calls {
#define CALL(name) __typeof__(&MHD_##name) name;
#include "metrics/microhttpd_calls.def"
#undef CALL
};

/* Complete after microhttpd_load(). */
extern struct microhttpd_calls microhttpd;

/* As library_load(). */
int microhttpd_load(char *why, size_t why_size);

#endif
