# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-key.a
libsignet_key_a_SOURCES = \
	src/key/key.c src/key/key.h \
	src/key/keyring.c src/key/keyring.h \
	src/key/requests.c src/key/requests.h

# For those who link with it.
KEY_ALL = libsignet-key.a $(X509_ALL) $(PROC_ALL)
