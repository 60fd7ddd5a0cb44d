# SPDX-License-Identifier: Apache-2.0
"""What compare measures: one row each. A new row needs nothing else."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    name: str
    key: str         # of signet-bench's JSON
    scale: float     # what it is divided by to be shown
    format: str = "%.2f"


# Pages of files are shared with whatever programs the machine runs, also with
# another build's: how much of them counts as the broker's changes as those come
# and go. So what a connection takes is measured without them.
MEMORY = (
    Metric("kB/conn", "broker_own_growth_bytes_per_connection", 1000),
    Metric("kB with files", "broker_pss_growth_bytes_per_connection", 1000),
    Metric("kB in all", "broker_pss_bytes_per_connection", 1000),
    Metric("opened/s", "connections_opened_per_second", 1, "%.0f"),
)
TRAFFIC = (
    Metric("us CPU/msg", "broker_cpu_us_per_delivered", 1),
    Metric("delivered/s", "delivered_per_second", 1, "%.0f"),
    Metric("p50 us", "latency_us.p50", 1, "%.0f"),
    Metric("p99 us", "latency_us.p99", 1, "%.0f"),
    Metric("tool CPU", "tool_cpu_us_per_delivered", 1),
)
STORM = (
    Metric("us CPU/conn", "broker_cpu_us_per_delivered", 1, "%.0f"),
    Metric("conn/s", "delivered_per_second", 1, "%.0f"),
    Metric("p50 us", "latency_us.p50", 1, "%.0f"),
    Metric("p99 us", "latency_us.p99", 1, "%.0f"),
    Metric("tool CPU", "tool_cpu_us_per_delivered", 1, "%.0f"),
)
# What is kept on disk: written by the processes, and what the files hold more.
WRITTEN = (
    Metric("written B", "broker_written_bytes_per_delivered", 1, "%.0f"),
    Metric("files B", "files_growth_bytes_per_delivered", 1, "%.0f"),
    Metric("us CPU/msg", "broker_cpu_us_per_delivered", 1),
    Metric("ack p50 us", "acknowledged_us.p50", 1, "%.0f"),
    Metric("ack p99 us", "acknowledged_us.p99", 1, "%.0f"),
)
DURABLE_ONLINE = (
    Metric("delivered/s", "delivered_per_second", 1, "%.0f"),) + WRITTEN
DURABLE_OFFLINE = WRITTEN[:1] + (
    Metric("acked/s", "delivered_per_second", 1, "%.0f"),
    Metric("fetched/s", "fetched_per_second", 1, "%.0f")) + WRITTEN[1:]
DURABLE_ALONE = WRITTEN[3:] + (
    Metric("delivered/s", "delivered_per_second", 1, "%.0f"),) + WRITTEN[:3]


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    arguments: tuple     # of signet-bench
    metrics: tuple       # the first one is compared
    quick: tuple = ()    # further arguments of a short run
    most: float = None   # Signet's first metric at most this
    ratio: float = None  # Signet's first metric by mosquitto's at most this
    least: float = None  # ... at least this
    is_durable: bool = False  # the brokers keep what lasts on disk
    has_seconds: bool = True  # it takes --seconds
    # A publisher waits for all to have its message, which is small: each
    # delivery is a send() of its own. What stands beside it: a name, and the
    # arguments of bench_send.
    floor: tuple = ()
    # The same for Signet where nothing has to be on disk. The difference is
    # the store's part, and stands beside a bare sync.
    without_store: tuple = ()


SCENARIOS = (
    Scenario("idle", "idle sessions, 5,000 (quick: 1,000)",
             ("idle", "-n", "5000", "-d", "3"), MEMORY,
             quick=("-n", "1000", "-d", "1"), most=2.0, has_seconds=False),
    Scenario("fan-out-w1", "1 to 50, 64 bytes, QoS 0, window 1",
             ("fan-out", "-S", "50", "-w", "1"), TRAFFIC, ratio=1 / 3,
             floor=("a bare send()",)),
    Scenario("fan-out-w16", "1 to 50, 64 bytes, QoS 0, window 16",
             ("fan-out", "-S", "50", "-w", "16"), TRAFFIC, ratio=1 / 3),
    Scenario("pairs-w1", "50 to 50 pairs, 64 bytes, QoS 0, window 1",
             ("pairs", "-P", "50", "-w", "1"), TRAFFIC, ratio=1 / 3,
             floor=("a bare recv() and send()", "--relay")),
    Scenario("pairs-w16", "50 to 50 pairs, 64 bytes, QoS 0, window 16",
             ("pairs", "-P", "50", "-w", "16"), TRAFFIC, ratio=1 / 3),
    Scenario("large-pairs-w1", "50 to 50 pairs, 64 KiB, QoS 0, window 1",
             ("pairs", "-P", "50", "-w", "1", "-s", "65536"), TRAFFIC,
             ratio=1 / 2),
    Scenario("large-pairs-w16", "50 to 50 pairs, 64 KiB, QoS 0, window 16",
             ("pairs", "-P", "50", "-w", "16", "-s", "65536"), TRAFFIC,
             ratio=1 / 2),
    Scenario("large-fan-out-w1", "1 to 50, 64 KiB, QoS 0, window 1",
             ("fan-out", "-S", "50", "-w", "1", "-s", "65536"), TRAFFIC,
             ratio=1 / 2),
    Scenario("pairs-qos1", "50 to 50 pairs, 64 bytes, QoS 1, window 16",
             ("pairs", "-P", "50", "-w", "16", "-q", "1"), TRAFFIC),
    Scenario("shared", "1 to a group of 50, 64 bytes, QoS 0, window 16",
             ("fan-out", "-S", "50", "-w", "16", "--share", "group"),
             TRAFFIC),
    Scenario("shared-qos1",
             "50 to a group of 50, 64 bytes, QoS 1, window 16",
             ("all", "-P", "50", "-S", "50", "-w", "16", "-q", "1",
              "--share", "group"), TRAFFIC),
    Scenario("pairs-qos2", "50 to 50 pairs, 64 bytes, QoS 2, window 16",
             ("pairs", "-P", "50", "-w", "16", "-q", "2"), TRAFFIC),
    Scenario("fan-out-qos1", "1 to 50, 64 bytes, QoS 1, window 16",
             ("fan-out", "-S", "50", "-w", "16", "-q", "1"), TRAFFIC),
    Scenario("retained", "1,000 retained messages of 64 bytes to 10 who "
             "subscribe again and again, QoS 0",
             ("retained", "-T", "1000", "-S", "10"), TRAFFIC),
    Scenario("durable-online",
             "50 to 50 pairs, 200 bytes, QoS 1, window 16, sessions that last",
             ("pairs", "-P", "50", "-w", "16", "-q", "1", "-s", "200",
              "--session-expiry", "3600"), DURABLE_ONLINE, least=1.0,
             is_durable=True),
    Scenario("durable-online-fan-out",
             "1 to 50, 200 bytes, QoS 1, window 16, sessions that last",
             ("fan-out", "-S", "50", "-w", "16", "-q", "1", "-s", "200",
              "--session-expiry", "3600"), DURABLE_ONLINE, least=1.0,
             is_durable=True),
    Scenario("durable-offline",
             "50 to 50 pairs who are away, 200 bytes, QoS 1, window 16",
             ("pairs", "-P", "50", "-w", "16", "-q", "1", "-s", "200",
              "--offline"), DURABLE_OFFLINE, most=1000, is_durable=True),
    Scenario("durable-alone",
             "1 to 1, 200 bytes, QoS 1, the next when the last is acknowledged"
             " and there, a session that lasts",
             ("pairs", "-P", "1", "-w", "1", "-q", "1", "-s", "200",
              "--await-acks", "--session-expiry", "3600"), DURABLE_ALONE,
             is_durable=True,
             without_store=("pairs", "-P", "1", "-w", "1", "-q", "1", "-s",
                            "200", "--await-acks")),
    Scenario("storm", "full handshakes and CONNECT, 16 at once",
             ("storm", "-c", "16"), STORM),
)
