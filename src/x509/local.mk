# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-x509.a
libsignet_x509_a_SOURCES = \
	src/x509/authority.c src/x509/authority.h \
	src/x509/certificate.c src/x509/certificate.h \
	src/x509/compat.h \
	src/x509/credentials.c src/x509/credentials.h \
	src/x509/crl.c src/x509/crl.h \
	src/x509/fault.c src/x509/fault.h \
	src/x509/identity.c src/x509/identity.h \
	src/x509/key.c src/x509/key.h \
	src/x509/pem.c src/x509/pem.h \
	src/x509/signature.c src/x509/signature.h \
	src/x509/strict.c src/x509/strict.h

# For those who link with it.
X509_ALL = libsignet-x509.a $(MBEDTLS_LIBS) $(TLS_ALL) $(CONFIG_ALL)
