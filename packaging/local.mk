# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += \
	packaging/dependencies.debian \
	packaging/install-packages \
	packaging/quickstart
dist_bin_SCRIPTS += packaging/signet-pki
