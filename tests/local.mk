# SPDX-License-Identifier: Apache-2.0
# Each folder of tests/unit adds its programs in a local.mk of its own.
EXTRA_DIST += tests/lib/pki.sh
