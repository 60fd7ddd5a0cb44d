# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-rights.a
libsignet_rights_a_SOURCES = \
	src/rights/filter.c src/rights/filter.h \
	src/rights/pattern.c src/rights/pattern.h \
	src/rights/piece.c src/rights/piece.h \
	src/rights/rights.c src/rights/rights.h \
	src/rights/role.c src/rights/role.h

# For those who link with it.
RIGHTS_ALL = libsignet-rights.a $(MQTT_ALL) $(TLS_ALL) $(CONFIG_ALL)
