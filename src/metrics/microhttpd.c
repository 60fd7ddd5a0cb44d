/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/microhttpd.h"

#include "lib/library.h"

struct microhttpd_calls microhttpd;

static const struct library_call calls[] = {
#define CALL(name) { "MHD_" #name, offsetof(struct microhttpd_calls, name) },
#include "metrics/microhttpd_calls.def"
#undef CALL
};

int
microhttpd_load(char *why, size_t why_size)
{
	return library_load(SIGNET_MICROHTTPD_LIBRARY, calls,
	    sizeof(calls) / sizeof(calls[0]), &microhttpd, why, why_size);
}
