"""What notifications counts."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

DECISIONS = Counter("recapito_notifications_decisions_total", "Decisions about who is told, by reason.", ["kind", "reason"])
MESSAGES = Counter("recapito_notifications_messages_total", "Messages that entered a state.", ["state"])
DELIVERY_SECONDS = Histogram(
    "recapito_notifications_delivery_seconds",
    "From the decision to the mail server's acceptance.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3600),
)
ROUND_SECONDS = Histogram("recapito_notifications_smtp_round_seconds", "Handing over the letters that travel together.")
