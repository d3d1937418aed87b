"""Settings: environment variables ``SALESPULSE_*`` or an ``.env`` file. ``salespulse settings`` lists them."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict

from schemas.instants import parse
from schemas.recorded_settings import bands, benchmarks, chosen, names, ratios

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")


def millis(text: Any) -> Any:
    """Milliseconds of a duration such as ``90s``, ``15m``, ``24h``, ``30d``; ``ValueError`` on anything else."""
    if isinstance(text, int):
        return text
    match = _DURATION.fullmatch(str(text).strip())
    if match is None:
        raise ValueError("expected a duration such as 90s, 15m, 24h or 30d")
    return int(float(match[1]) * _UNITS[match[2]])


def setting(millis: int) -> str:
    """A length of time as settings write it: ``90s``, ``15m``, ``24h``, ``30d``."""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        # A day is written 24h: that is how people speak of horizons.
        if millis >= size * (2 if unit == "d" else 1) and millis % size == 0:
            return f"{millis // size}{unit}"
    return f"{millis}ms"


Duration = Annotated[int, BeforeValidator(millis)]
"""Milliseconds, written as ``24h`` and the like."""


def _instant(text: Any) -> Any:
    if text is None or isinstance(text, int):
        return text
    try:
        return parse(str(text).strip())[0]
    except (KeyError, ValueError) as error:
        raise ValueError("expected a date and time with an offset such as 2026-04-01T00:00:00Z") from error


Instant = Annotated[int | None, BeforeValidator(_instant)]
"""Milliseconds since 1970, written in RFC 3339, or none."""

_HOUR = 3_600_000
_SPELLINGS: Mapping[str, Callable[[str], object]] = {
    "cycle_bands": bands,
    "observed_sums": names,
    "observed_ratios": ratios,
    "benchmarks": benchmarks,
    "recorded_export": chosen,
}


class Settings(BaseSettings):
    """What can be set from outside. Durations are written ``90s``, ``15m``, ``24h``, ``30d``."""

    model_config = SettingsConfigDict(env_prefix="SALESPULSE_", env_file=".env", extra="ignore", frozen=True)

    kafka: str | None = Field(None, description="bootstrap servers, host:port[,host:port]; none: the local broker")
    clickhouse: str | None = Field(
        None, description="DSN, http[s]://user:password@host:8123/database; none: the local engine"
    )
    secrets_dir: Path | None = Field(
        None, description="a directory whose files are settings: salespulse_kafka_password holds the password"
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how Kafka is spoken to: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    kafka_ca: Path | None = Field(
        None, description="certificates (PEM) that Kafka's has to be signed by; none: the system's"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="how Kafka is told who asks: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    kafka_user: str | None = Field(None, validate_default=True, description="who asks Kafka, where SASL is spoken")
    kafka_password: SecretStr | None = Field(None, validate_default=True, description="the password of that user")
    clickhouse_password: SecretStr | None = Field(
        None, description="the password of the DSN's user, where the DSN names none"
    )
    clickhouse_cluster: str = Field(
        "", pattern=r"^\w*$", description="the cluster of one shard whose replicas have the tables; empty: one server"
    )
    clickhouse_ca: Path | None = Field(
        None, description="certificates (PEM) that ClickHouse's has to be signed by; none: the system's"
    )
    data_dir: Path = Field(
        Path("~/.local/share/salespulse"), description="state, local broker and local engine live here"
    )
    cache_dir: Path = Field(Path("~/.cache/salespulse"), description="downloaded jars are kept here")
    topic_prefix: str = Field("sales", pattern=r"^[A-Za-z0-9._-]+$", description="prefix of every topic")
    partitions: int = Field(4, ge=1, le=1024, description="partitions of each topic that is created")
    replication: int = Field(1, ge=1, le=9, description="replication factor of each topic that is created")
    policies: Path | None = Field(None, description="service level policies, a TOML file")
    directory: Path | None = Field(None, description="the rep directory, a TOML file")
    clocks_from: Instant = Field(
        None, description="leads engaged before it start no clocks, 2026-04-01T00:00:00Z; none: all do"
    )
    follow_up_horizon: Duration = Field(millis("24h"), description="a lead touched within it counts as followed up")
    reply_horizon: Duration = Field(millis("30d"), description="a reply counts within it after a touch")
    response_horizon: Duration = Field(millis("30d"), description="response rows turn final after it")
    allowed_lateness: Duration = Field(millis("1h"), description="rows turn final this long after their horizon")
    clock_skew: Duration = Field(millis("60s"), description="a touch this little before engagement answers at once")
    future_skew: Duration = Field(millis("10m"), description="events further ahead of the broker are refused")
    contact_seconds: int = Field(30, ge=0, description="talk of at least this many seconds is contact made")
    timezone: str = Field("UTC", description="IANA zone whose calendar days the 1d windows follow")
    currency: str = Field("EUR", min_length=3, max_length=3, description="currency of amounts that state none")
    conversion_over: Literal["leads", "closed_deals"] = Field(
        "leads", description="what a conversion rate is a share of: leads or closed_deals"
    )
    conversion_horizon: Duration = Field(millis("365d"), description="a lead converts by a deal won within it")
    reply_over: Literal["delivered", "sent"] = Field(
        "delivered", description="what recorded replies are a share of: messages delivered or sent"
    )
    cycle_bands: str = Field("30d,90d,180d", description="bands of sales cycle length: growing days by commas")
    engaged_within: Duration = Field(millis("90d"), description="a customer touched within it is engaged")
    csat_from: float = Field(4, description="the least answer of a satisfied customer")
    minimum_sample: int = Field(5, ge=1, description="a recorded KPI of fewer than these is marked as small")
    observed_sums: str = Field(
        "spend,revenue", description="observations that add up, by commas; of all others the mean is taken"
    )
    observed_ratios: str = Field(
        "", description="ratios of two observations, return_on_ad_spend=revenue/spend, by semicolons"
    )
    benchmarks: str = Field(
        "", description="marks in place of the published ones, lead_response_time=300, by semicolons"
    )
    rep_level: str = Field(
        "on", pattern=r"^(on|off|[1-9]\d*)$", description="recorded KPIs by rep: on, off, or from this many cases on"
    )
    recorded_export: str = Field(
        "standard", description="recorded KPIs that the sink tells Prometheus: standard, or KPI:period:scope by commas"
    )
    recorded_interval: Duration = Field(
        millis("1h"), ge=1_000, description="how often the sink computes them; each names its age"
    )
    targets_interval: Duration = Field(
        millis("1m"), ge=1_000, description="how often the sink measures targets, for a twentieth of the time at most"
    )
    keep_text: bool = Field(False, description="keep the text of replies")
    keep_events: Duration = Field(millis("730d"), description="how long ClickHouse keeps events and observations")
    keep_fine_windows: Duration = Field(millis("90d"), description="how long ClickHouse keeps KPI rows of 1m and 5m")
    keep_revisions: Duration = Field(millis("90d"), description="how long ClickHouse keeps the history of KPI rows")
    keep_sla_events: Duration = Field(millis("730d"), description="how long ClickHouse keeps clock events")
    keep_dead_letters: Duration = Field(millis("90d"), description="how long ClickHouse keeps dead letters")
    keep_1m: Duration = Field(millis("2d"), ge=_HOUR, description="how long after its end a window of 1m is kept")
    keep_5m: Duration = Field(millis("7d"), ge=_HOUR, description="how long after its end a window of 5m is kept")
    keep_1h: Duration = Field(millis("35d"), ge=_HOUR, description="how long after its end a window of 1h is kept")
    keep_1d: Duration = Field(millis("400d"), ge=_HOUR, description="how long after its end a window of 1d is kept")
    kpis: str = Field("", description="comma-separated KPIs to compute; empty: all")
    groupings: str = Field("", description="semicolon-separated groupings to compute; empty: all")
    windows: str = Field("", description="comma-separated windows to compute; empty: all")
    lead_facts: bool = Field(True, description="publish what is known of each lead")
    commit_interval: Duration = Field(millis("400ms"), description="time between two commits")
    row_interval: Duration = Field(
        millis("2s"), description="rows of other groupings than all and team are published at most this often"
    )
    session_timeout: Duration = Field(
        millis("10s"), ge=1_000, description="a worker that is silent for this long loses its partitions"
    )
    lead_events: int = Field(
        5_000, ge=100, description="the earliest so many events of a lead are kept, one of 4 KiB counts as two"
    )
    cached_leads: int = Field(10_000, ge=100, description="decoded lead timelines kept in memory per partition set")
    dead_letter_share: float = Field(
        0.5, gt=0, le=1, description="a partition stops when more than this share of its recent input is unusable"
    )
    dead_letter_sample: int = Field(1_000, ge=10, description="how many recent events that share is taken over")
    host: str = Field("127.0.0.1", description="address the worker's web server listens on")
    port: int = Field(6066, ge=0, le=65535, description="port of /metrics, /livez, /readyz, /board; 0: any free one")
    board_token: SecretStr | None = Field(
        None, min_length=16, description="whoever opens the board has to know it; none: loopback only"
    )
    label_teams: int = Field(
        200, ge=1, description="at most so many teams have series of their own in /metrics, the rest is other"
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="debug, info, warning, error")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What comes first counts: arguments, environment, ``.env``, then the files of ``secrets_dir``."""
        sources = (init_settings, env_settings, dotenv_settings)
        named = next((found["secrets_dir"] for source in sources if "secrets_dir" in (found := source())), None)
        folder = None if named is None else Path(named).expanduser()
        # What is no directory is told with the other faults.
        return (*sources, SecretsSettingsSource(settings_cls, folder if folder and folder.is_dir() else None))

    @field_validator("data_dir", "cache_dir", "policies", "directory", "secrets_dir", "kafka_ca", "clickhouse_ca")
    @classmethod
    def _expanded(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path is not None else None

    @field_validator("secrets_dir")
    @classmethod
    def _is_directory(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_dir():
            raise ValueError("expected a directory that is there")
        return path

    @field_validator("kafka_ca", "clickhouse_ca")
    @classmethod
    def _certificates(cls, path: Path | None) -> Path | None:
        try:
            ssl.create_default_context(cafile=path)
        except OSError as error:
            raise ValueError("expected a file of certificates in PEM that can be read") from error
        return path

    @field_validator("kafka_security_protocol")
    @classmethod
    def _of_a_server(cls, protocol: str, info: ValidationInfo) -> str:
        if protocol != "PLAINTEXT" and info.data.get("kafka") is None:
            raise ValueError("SALESPULSE_KAFKA has to be set for it, the local broker speaks PLAINTEXT")
        return protocol

    @field_validator("kafka_user", "kafka_password")
    @classmethod
    def _named(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and str(info.data.get("kafka_security_protocol")).startswith("SASL"):
            raise ValueError("SASL asks for a user and a password")
        return value

    @field_validator("cycle_bands", "observed_sums", "observed_ratios", "benchmarks", "recorded_export")
    @classmethod
    def _well_written(cls, text: str, info: ValidationInfo) -> str:
        _SPELLINGS[str(info.field_name)](text)
        return text

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("expected an IANA time zone such as Europe/Berlin") from error
        return name

    @property
    def keep_windows(self) -> dict[str, int]:
        """How many milliseconds after their end windows are kept, by their size; ``all`` never ends."""
        return {"1m": self.keep_1m, "5m": self.keep_5m, "1h": self.keep_1h, "1d": self.keep_1d}

    def topic(self, name: str) -> str:
        """Full name of a topic: ``topic("leads")`` is ``sales.leads`` unless the prefix is set."""
        return f"{self.topic_prefix}.{name}"
