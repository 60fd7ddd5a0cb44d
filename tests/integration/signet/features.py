# SPDX-License-Identifier: Apache-2.0
"""What the daemon offers and what it says it does not: the cases follow."""

MAXIMUM_QOS = 2
RETAIN = True
SHARED_SUBSCRIPTIONS = True
SUBSCRIPTION_IDENTIFIERS = True
DURABLE_SESSIONS = False
