#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""signet-bench: what it says about a broker is so, and so is its status."""

import json
import os
import subprocess

from signet import case, main, wait_until
from signet.daemon import BUILD, ROLES

BENCH = os.environ.get("SIGNET_BENCH", f"{BUILD}/signet-bench")
SECONDS = 120
# A busy machine may get nothing done in the first of these.
MEASURED_SECONDS = ("0.3", "1", "4", "10")


def bench(broker, *arguments, client="client-1", status=0):
    """The report of a run that is as short as can be, which must end with
    this status."""
    for seconds in MEASURED_SECONDS:
        run = subprocess.run(
            [BENCH, "--json", "-h", "127.0.0.1", "-p", str(broker.port),
             "--ca", f"{broker.pki}/ca.pem",
             "--cert", f"{broker.pki}/{client}.pem",
             "--key", f"{broker.pki}/{client}.key",
             "--pid", str(broker.process.pid), "-W", "0.1", "-d", seconds,
             *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=SECONDS)
        if run.returncode == status or not run.stdout:
            break
        report = json.loads(run.stdout)
        if report["delivered"] or report["failed_clients"]:
            break
    assert run.returncode == status, (run.returncode, run.stdout, run.stderr)
    return json.loads(run.stdout)


@case(generic=True)
def every_pattern_delivers_everything_in_order(broker):
    for pattern in (("fan-out", "-S", "7"), ("pairs", "-P", "7", "-w", "5"),
                    ("fan-in", "-P", "7", "-T", "2"),
                    ("all", "-P", "3", "-S", "4")):
        for qos in "0", "1":
            for version in "3.1.1", "5":
                report = bench(broker, *pattern, "-q", qos, "-V", version)
                assert report["run_received"] == report["run_expected"] > 0
                assert report["run_order_violations"] == 0
                assert report["run_duplicates"] == 0
                assert report["delivered"] > 0
                assert report["latency_us"]["p50"] > 0


@case(sessions={"max_queued_messages": 1000000,
                "max_queued_bytes": 1 << 30})
def who_is_away_gets_everything_on_return(broker):
    for qos in "1", "2":
        for version in "3.1.1", "5":
            for pattern in ("pairs", "-P", "5"), ("fan-out", "-S", "3"):
                report = bench(broker, *pattern, "-q", qos, "-V", version,
                               "-w", "5", "--offline",
                               "--files", broker.folder)
                assert report["run_received"] == report["run_expected"] > 0
                assert report["delivered"] > 0  # acknowledged
                assert report["latency_us"] is None
                assert report["acknowledged_us"]["p50"] > 0
                assert report["fetched_per_second"] > 0
                assert report["files_growth_bytes_per_delivered"] is not None
                assert report["broker_written_bytes_per_delivered"] >= 0


@case(sys={"interval_seconds": 1},
      roles=[{"name": "watch", "match": {"identity": "device-8"},
              "publish": [], "subscribe": ["$SYS/#"]}] + ROLES)
def sessions_that_last_are_ended(broker):
    report = bench(broker, "pairs", "-P", "3", "-q", "1", "--session-expiry",
                   "60")
    assert report["run_received"] == report["run_expected"] > 0
    with broker.client(certificate="client-8") as client:
        client.subscribe("$SYS/broker/clients/total")
        wait_until(lambda: client.take().payload == b"1",
                   "the sessions are gone")


@case(generic=True)
def large_payloads_pass(broker):
    report = bench(broker, "pairs", "-P", "3", "-s", "200000")
    assert report["run_received"] == report["run_expected"] > 0


@case(generic=True)
def a_rate_is_kept(broker):
    rates = []
    for _ in range(4):  # a busy machine may hold one of them up
        report = bench(broker, "pairs", "-P", "4", "-r", "200", "-d", "2")
        rates.append(report["published_per_second"])
        if 0.9 * 200 <= rates[-1] <= 1.1 * 200:
            return
    raise AssertionError(rates)


@case(generic=True)
def the_broker_is_measured(broker):
    report = bench(broker, "pairs", "-P", "10", "-w", "8", "-d", "1")
    assert report["broker_cpu_us_per_delivered"] > 0
    assert report["tool_cpu_us_per_delivered"] > 0
    report = bench(broker, "idle", "-n", "50")
    assert report["connections"] == 50
    assert report["broker_pss_after_bytes"] > 0
    assert report["broker_own_growth_bytes_per_connection"] is not None
    assert report["broker_processes"] >= 1


@case(generic=True)
def a_storm_is_counted(broker):
    report = bench(broker, "storm", "-c", "4")
    assert report["delivered"] > 0
    assert report["handshake_us"]["p50"] <= report["latency_us"]["p50"]


@case(generic=True)
def a_refused_certificate_is_told(broker):
    report = bench(broker, "idle", "-n", "3", client="client-other", status=1)
    assert report["connections"] == 0
    assert report["failed_clients"] == 3
    assert report["reasons"]


@case()
def a_denied_subscription_is_told(broker):
    report = bench(broker, "fan-out", "-S", "2", client="client-rsa",
                   status=1)
    assert any("SUBACK" in reason["text"] for reason in report["reasons"])


main()
