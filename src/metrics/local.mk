# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-metrics.a
libsignet_metrics_a_SOURCES = \
	src/metrics/exposition.c src/metrics/exposition.h \
	src/metrics/metrics.c src/metrics/metrics.h \
	src/metrics/microhttpd.c src/metrics/microhttpd.h \
	src/metrics/microhttpd_calls.def \
	src/metrics/page.c src/metrics/page.h \
	src/metrics/state.c src/metrics/state.h \
	src/metrics/text.c src/metrics/text.h
libsignet_metrics_a_CPPFLAGS = $(AM_CPPFLAGS) \
	-DSIGNET_MICROHTTPD_LIBRARY='"$(MICROHTTPD_LIBRARY)"'
libsignet_metrics_a_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS)
EXTRA_DIST += src/metrics/page.html

# For those who link with it.
METRICS_ALL = libsignet-metrics.a $(PROC_ALL)

# The page, a line of C for each of its lines.
BUILT_SOURCES += src/metrics/page.inc
CLEANFILES += src/metrics/page.inc
src/metrics/page.inc: src/metrics/page.html
	$(MKDIR_P) src/metrics
	sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n",/' \
		$(srcdir)/src/metrics/page.html > $@.tmp
	mv $@.tmp $@
src/metrics/libsignet_metrics_a-page.$(OBJEXT): src/metrics/page.inc
