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
