"""The Faust app of one stage: membership, agent and web; state, recovery and commit are the engine's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import faust
from faust.auth import Credentials, SASLCredentials, SSLCredentials

from agents.engine.engine import Engine
from agents.engine.faust_transport import Fetched, FetchSchema, Transport
from agents.engine.membership import FaustGroup
from agents.engine.partition import Plan
from agents.engine.processor import Factory
from schemas import connection
from schemas.settings import Settings

TRANSACTION_SECONDS = 20.0
"""An abandoned transaction holds readers back for at most this long."""


class StageApp(faust.App):
    """A Faust app with an engine; ``stopped_for`` says why it stopped itself, where it did."""

    engine: Engine
    stopped_for: str | None = None

    def stop_worker(self, reason: str) -> None:
        """Ask the runner to end the process with a failure."""
        if self.stopped_for is None:
            self.stopped_for = reason
            self._crash(RuntimeError(reason))


def plan(
    settings: Settings, stage: str, inputs: tuple[str, ...], factory: Factory, *, full: int, pace: float = 1.0
) -> Plan:
    """What the engine of a stage needs to know; topics and group carry the prefix.

    ``pace`` is the stage's own time between two commits, as a share of the one that is set.
    """
    return Plan(
        group=settings.topic(stage),
        inputs=tuple(settings.topic(name) for name in inputs),
        changelog=settings.topic(f"internal.{stage}-changelog"),
        directory=settings.data_dir / "state" / settings.topic(stage),
        connection={**connection.kafka(settings), "client_id": settings.topic(stage)},
        timeout=TRANSACTION_SECONDS,
        factory=factory,
        interval=settings.commit_interval / 1000 * pace,
        full=full,
    )


def stage_app(settings: Settings, stage: Plan, on_cycle: Callable[[float], None]) -> StageApp:
    """The app of a stage; ``on_cycle`` is told the seconds that each commit cycle took."""
    datadir = stage.directory / "faust"
    datadir.mkdir(parents=True, exist_ok=True)
    app = StageApp(
        stage.group,
        broker=[f"kafka://{server}" for server in str(settings.kafka).split(",")],
        broker_credentials=_credentials(stage.connection),
        datadir=str(datadir),
        broker_commit_interval=stage.interval,
        broker_session_timeout=settings.session_timeout / 1000,
        broker_heartbeat_interval=settings.session_timeout / 4000,
        broker_max_poll_records=5_000,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=1024 * 1024,
        stream_buffer_maxsize=2,
        stream_wait_empty=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        autodiscover=False,
    )
    app.transport = Transport(app.conf.broker, app, loop=app.loop)
    app.engine = Engine(stage, FaustGroup(app), on_cycle)
    app.on_rebalance_complete.connect(_open(app))
    _agent(app, stage)
    return app


def _credentials(options: Mapping[str, Any]) -> Credentials | None:
    """What Faust's own clients are to say and check, as ours do."""
    context = options.get("ssl_context")
    if mechanism := options.get("sasl_mechanism"):
        user, password = options["sasl_plain_username"], options["sasl_plain_password"]
        return SASLCredentials(username=user, password=password, ssl_context=context, mechanism=mechanism)
    return SSLCredentials(context) if context else None


def _open(app: StageApp) -> Any:
    async def opened(sender: Any, **kwargs: Any) -> None:
        await app.engine.close()
        await app.engine.open()

    app._keep_alive = opened
    return opened


def _agent(app: StageApp, stage: Plan) -> None:
    topic = app.topic(*stage.inputs, schema=FetchSchema(), value_type=bytes, key_type=bytes)

    @app.agent(topic, name=stage.group)
    async def fetches(stream: Any) -> None:
        async for fetched in stream:
            _receive(app, fetched)
            await asyncio.sleep(0)
            if app.engine.is_due:
                await app.engine.commit()


def _receive(app: StageApp, fetched: Fetched) -> None:
    if fetched.generation == app.consumer_generation_id:
        app.engine.receive(fetched.batches, fetched.horizons)
    else:
        app.engine.unread(fetched.batches)
