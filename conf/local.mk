# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += conf/signet.conf

# An installed configuration is the user's: it is neither overwritten nor, if
# it was changed, removed.
signetconfdir = $(sysconfdir)/signet

install-data-hook:
	$(MKDIR_P) "$(DESTDIR)$(signetconfdir)"
	test -e "$(DESTDIR)$(signetconfdir)/signet.conf" || \
	  $(INSTALL_DATA) "$(top_srcdir)/conf/signet.conf" \
	    "$(DESTDIR)$(signetconfdir)/signet.conf"

uninstall-hook:
	if cmp -s "$(top_srcdir)/conf/signet.conf" \
	    "$(DESTDIR)$(signetconfdir)/signet.conf"; then \
	  rm -f "$(DESTDIR)$(signetconfdir)/signet.conf"; \
	fi
