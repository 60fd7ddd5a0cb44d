# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += \
	packaging/dependencies.debian \
	packaging/install-packages
