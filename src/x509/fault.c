/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int
x509_fault_set(const struct x509_fault *fault, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(fault->text, fault->size, format, arguments);
	va_end(arguments);
	return -EINVAL;
}
