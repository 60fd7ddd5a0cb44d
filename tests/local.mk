# SPDX-License-Identifier: Apache-2.0
# Each folder of tests/unit adds its programs in a local.mk of its own.
EXTRA_DIST += \
	tests/checks/conformance \
	tests/checks/format \
	tests/checks/layout \
	tests/checks/manual \
	tests/checks/self-test \
	tests/checks/shell \
	tests/checks/words \
	tests/crash/actors.py \
	tests/crash/disk.py \
	tests/crash/judge.py \
	tests/crash/link.py \
	tests/crash/peers.py \
	tests/crash/power.py \
	tests/crash/trial.py \
	tests/dependencies.debian \
	tests/fuzz/run \
	tests/integration \
	tests/lib/debian13 \
	tests/lib/diskfault.c \
	tests/lib/pki.sh \
	tests/lib/powercut.c \
	tests/lib/quickstart \
	tests/lib/step \
	tests/run \
	tests/soak/actor.py \
	tests/soak/crashes \
	tests/soak/ledger.py \
	tests/soak/pool.py \
	tests/soak/sessions \
	tests/soak/soak.py
include tests/fuzz/local.mk
include tests/unit/config/local.mk
include tests/unit/gate/local.mk
include tests/unit/ipc/local.mk
include tests/unit/lib/local.mk
include tests/unit/master/local.mk
include tests/unit/mqtt/local.mk
include tests/unit/proc/local.mk
include tests/unit/store/local.mk
include tests/unit/tls/local.mk
include tests/unit/websocket/local.mk
include tests/unit/worker/local.mk
include tests/bench/local.mk
include tests/unit/bench/local.mk
