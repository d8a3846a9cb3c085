"""Log lines of these tests are short: failures are what many of them are about."""

from __future__ import annotations

import logging

import structlog

structlog.configure(processors=[structlog.stdlib.add_log_level, structlog.processors.KeyValueRenderer(key_order=["level", "event"])])
logging.getLogger("pika").setLevel(logging.CRITICAL)
