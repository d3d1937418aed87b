"""How Kafka and ClickHouse are reached: what their clients are told of address, encryption and who asks.

Unlike settings, what is made here holds passwords as they are: it is for clients, never for a log.
"""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import urlsplit

from schemas.settings import Settings


def kafka(settings: Settings) -> dict[str, Any]:
    """Arguments of every client of kafka-python and of aiokafka, by name."""
    protocol = settings.kafka_security_protocol
    found: dict[str, Any] = {"bootstrap_servers": settings.kafka, "security_protocol": protocol}
    if protocol.endswith("SSL"):
        found["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_ca)
    if protocol.startswith("SASL"):
        found["sasl_mechanism"] = settings.kafka_sasl_mechanism
        found["sasl_plain_username"] = settings.kafka_user
        found["sasl_plain_password"] = _plain(settings.kafka_password)
    return found


def clickhouse(settings: Settings) -> dict[str, Any]:
    """Arguments of a client of clickhouse-connect, by name; a password that is set comes before the DSN's."""
    found: dict[str, Any] = {"dsn": settings.clickhouse}
    if (scheme := urlsplit(str(settings.clickhouse)).scheme) in ("http", "https"):
        # clickhouse-connect goes by the port alone, and would speak plainly to any but 443 and 8443.
        found["interface"] = scheme
    if settings.clickhouse_password is not None:
        found["password"] = _plain(settings.clickhouse_password)
    if settings.clickhouse_ca is not None:
        found["ca_cert"] = str(settings.clickhouse_ca)
    return found


def _plain(secret: Any) -> str:
    return str(secret.get_secret_value())
