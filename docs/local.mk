# SPDX-License-Identifier: Apache-2.0
dist_man_MANS += docs/signet.conf.5 docs/signetctl.1 \
	docs/signetd.8
EXTRA_DIST += docs/architecture.md docs/certificates.md docs/conformance.md \
	docs/dependencies.md docs/from-mosquitto.md docs/heartbeat.md \
	docs/operations.md docs/performance.md docs/rights.md \
	docs/security.md docs/store.md docs/trust.md
dist_man_MANS += docs/signet-bench.1 docs/signet-pki.1
