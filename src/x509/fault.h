/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the explanation of a fault goes: it names the setting, and what to do.
 */
#ifndef SIGNET_X509_FAULT_H
#define SIGNET_X509_FAULT_H

#include <stddef.h>

struct x509_fault {
	char *text; /* of the caller */
	size_t size;
};

/* Write the explanation, cut to its size. Returns -EINVAL. */
int x509_fault_set(const struct x509_fault *fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
