"""Which failures are explained in one line; everything else is a bug and shows its traceback."""

from __future__ import annotations

import sys
from typing import Final

_EXPECTED: Final = (
    ("kafka.errors", "KafkaError"),
    ("aiokafka.errors", "KafkaError"),
    ("clickhouse_connect.driver.exceptions", "ClickHouseError"),
    ("deploy.local.clickhouse", "ClickHouseFailed"),
    ("deploy.local.kafka", "KafkaFailed"),
    ("deploy.local.jars", "JarsFailed"),
    ("deploy.produce", "ProduceFailed"),
    ("deploy.replay", "ReplayFailed"),
    ("sinks.clickhouse.reconciliation", "Behind"),
)


class Failure(Exception):
    """Something a user can mend; the message is the line that is shown."""


def explained(error: Exception) -> str | None:
    """The line that says what went wrong; None for a bug."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {(error.strerror or 'cannot be used').lower()}"
    if isinstance(error, Failure | ConnectionError) or _is_expected(error):
        return " ".join(str(error).split()) or type(error).__name__
    return None


def _is_expected(error: Exception) -> bool:
    # A module that was never imported cannot have raised: none is imported only to ask.
    loaded = ((sys.modules.get(module), name) for module, name in _EXPECTED)
    return any(isinstance(error, getattr(module, name)) for module, name in loaded if module is not None)
