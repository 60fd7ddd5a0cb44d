# SPDX-License-Identifier: Apache-2.0
dist_man_MANS += docs/signet.conf.5 docs/signetctl.1 \
	docs/signetd.8
EXTRA_DIST += docs/index.md docs/tour.md docs/admission.md docs/architecture.md docs/certificates.md \
	docs/conformance.md docs/dependencies.md docs/from-mosquitto.md docs/heartbeat.md \
	docs/metrics.md docs/presence.md \
	docs/operations.md docs/performance.md docs/rights.md \
	docs/security.md docs/store.md docs/trust.md
dist_man_MANS += docs/signet-bench.1 docs/signet-pki.1
dist_man_MANS += docs/signet-beat.1
EXTRA_DIST += docs/examples/heartbeat.c docs/examples/heartbeat.js \
	docs/examples/heartbeat.py
