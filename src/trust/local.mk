# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-trust.a
libsignet_trust_a_SOURCES = \
	src/trust/check.c src/trust/check.h \
	src/trust/command.c src/trust/command.h \
	src/trust/crls.c src/trust/crls.h \
	src/trust/trust.c src/trust/trust.h

# For those who link with it.
TRUST_ALL = libsignet-trust.a $(X509_ALL) $(PROC_ALL)
