# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += \
	packaging/demo-pki \
	packaging/dependencies.debian \
	packaging/install-packages \
	packaging/quickstart
