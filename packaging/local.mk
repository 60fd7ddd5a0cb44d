# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += \
	packaging/grafana/signet.json \
	packaging/prometheus/signet.rules.yml \
	packaging/Containerfile \
	packaging/build-deb \
	packaging/debian \
	packaging/dependencies.debian \
	packaging/install-packages \
	packaging/quickstart \
	packaging/rpm/signet.spec \
	packaging/systemd \
	packaging/sysusers.d/signet.conf \
	packaging/tmpfiles.d/signet.conf
dist_bin_SCRIPTS += packaging/signet-pki
dist_pkgdata_DATA = packaging/signet-pki.sh

# Where the shells look for what they complete; zsh of Debian has another
# folder for packages.
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = packaging/completion/signetctl
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = packaging/completion/_signetctl

# systemd's, with the folder that the daemon is installed in.
UNITS = packaging/units/signetd.service packaging/units/signetd.socket
if SYSTEMD_UNITS
systemdsystemunit_DATA = $(UNITS)
endif
if SYSUSERS
sysusers_DATA = packaging/sysusers.d/signet.conf
endif
if TMPFILES
tmpfiles_DATA = packaging/tmpfiles.d/signet.conf
endif
CLEANFILES += $(UNITS)

$(UNITS): packaging/systemd/signetd.service packaging/systemd/signetd.socket \
    packaging/systemd/for-version Makefile
	$(AM_V_GEN)$(MKDIR_P) packaging/units && \
	sh "$(top_srcdir)/packaging/systemd/for-version" "$(SYSTEMD_VERSION)" \
	  <"$(top_srcdir)/packaging/systemd/$(@F)" | \
	  $(SED) 's|=/usr/sbin/signetd$$|=$(sbindir)/signetd|' >$@.new && \
	mv $@.new $@
