# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += \
	packaging/dependencies.debian \
	packaging/install-packages \
	packaging/quickstart \
	packaging/sysusers.d/signet.conf
dist_bin_SCRIPTS += packaging/signet-pki
