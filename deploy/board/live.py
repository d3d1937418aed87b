"""The floor as it is at each second: the worker's own rows, and where others own partitions theirs from ClickHouse."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import orjson
import structlog

from agents.app import StageApp
from agents.engine.clock import monotonic, now
from agents.leads import STAGE as LEADS
from deploy.board import figures
from deploy.board.recorded import Recorded, Unavailable
from schemas.instants import parse
from schemas.policy import PolicyFile
from schemas.settings import Settings
from sinks.floor import GROUPED, Floor

log = structlog.get_logger(__name__)

SHOWN_BY: Final = GROUPED[1:]
"""What groups can be shown by."""

_TICK_SECONDS: Final = 1.0
_RATE_TICKS: Final = 10
_REMEMBERED_SECONDS: Final = 5
_REMEMBERED: Final = 720
"""Points kept for the chart of the last hour."""
_OTHERS_SECONDS: Final = 5.0
_LOOKS_SECONDS: Final = 30.0
"""Whoever has looked within these looks still: nobody else makes ClickHouse work."""


class Live:
    """What is shown, made anew each second for whoever looks."""

    def __init__(
        self, settings: Settings, policies: PolicyFile, floor: Floor, apps: Sequence[StageApp], recorded: Recorded
    ) -> None:
        self._settings = settings
        self._floor = floor
        self._apps = apps
        self._recorded = recorded
        self._target = figures.target(policies)
        self._ticked = asyncio.Condition()
        self._ticks = 0
        self._is_over = False
        self._read: deque[tuple[float, int]] = deque(maxlen=_RATE_TICKS)
        self._past: deque[tuple[Any, ...]] = deque(maxlen=_REMEMBERED)
        self._others: dict[str, list[dict[str, Any]]] = {}
        self._others_at: int | None = None
        self._others_as_of: int | None = None
        self._looked = float("-inf")
        self._views: dict[tuple[str, str], bytes] = {}

    async def run(self) -> None:
        """Tick until cancelled."""
        asking: asyncio.Task[None] | None = None
        asked = float("-inf")
        try:
            while True:
                self._tick()
                is_idle = asking is None or asking.done()
                if is_idle and self._is_partial and self._is_looked_at and monotonic() - asked >= _OTHERS_SECONDS:
                    asked, asking = monotonic(), asyncio.create_task(self._ask_for_others())
                async with self._ticked:
                    self._ticked.notify_all()
                await asyncio.sleep(_TICK_SECONDS)
        finally:
            if asking is not None:
                asking.cancel()

    async def end(self) -> None:
        """Let go of everybody who looks."""
        self._is_over = True
        async with self._ticked:
            self._ticked.notify_all()

    async def seconds(self) -> AsyncIterator[None]:
        """Once now and with each tick, until the worker ends."""
        while not self._is_over:
            yield
            async with self._ticked:
                await self._ticked.wait()

    def pulse(self) -> dict[str, Any]:
        """How current all of it is, and how much passes."""
        statuses = [app.engine.status() for app in self._apps]
        return {
            "at": now(),
            "as_of": self._as_of(),
            "ready": all(status["ready"] for status in statuses),
            "stopped": sum(len(status["failures"]) for status in statuses),
            "rate": self._rate(),
            "lag": sum(sum(app.engine.lag().values()) for app in self._apps),
            "owned": self._floor.owned,
            "partitions": self._floor.partitions,
            "others": self._others_at if self._is_partial else None,
        }

    def view(self, by: str, window: str) -> bytes:
        """The figures of everybody and of each group, as JSON."""
        self._looked = monotonic()
        found = self._views.get((by, window))
        if found is None:
            found = self._views[by, window] = orjson.dumps(self.look(by, window))
        return found

    def past(self) -> list[tuple[Any, ...]]:
        """The last hour: instant, leads that wait, hot ones, clocks at risk and breached, events a second."""
        return list(self._past)

    def look(self, by: str, window: str) -> dict[str, Any]:
        """The figures of everybody and of each group, made now."""
        made = figures.groups(self._rows(by, window))
        if by == "rep":
            made = [self._permitted(group) for group in made]
        hot = figures.hot(self._rows("team,temperature", window))
        if by == "team":
            made = [group | {"hot": hot.get(group["of"][0], {}).get("open", 0)} for group in made]
        return {
            "by": by,
            "window": window,
            "total": figures.figures({kpi: row for (kpi, _), row in self._rows("all", window).items()}),
            "hot": figures.together(hot),
            "groups": made[: figures.MOST],
            "more": max(0, len(made) - figures.MOST),
        }

    def _permitted(self, group: figures.Figures) -> figures.Figures:
        """Of a rep with fewer cases than the law or the works council asks for, only what waits."""
        least = int(self._settings.rep_level) if self._settings.rep_level.isdigit() else 0
        response = group["response"]
        few = {name for name in ("followed_up", "replied", "kept") if group[name] and group[name]["of"] < least}
        if response and response["answered"] + response["open"] < least:
            few.add("response")
        return group | dict.fromkeys(few)

    @property
    def target(self) -> dict[str, Any] | None:
        """What hot leads are promised; None without such a policy."""
        return None if self._target is None else self._target._asdict()

    @property
    def shown_by(self) -> list[str]:
        """What groups may be shown by."""
        return [by for by in SHOWN_BY if by != "rep" or self._settings.rep_level != "off"]

    @property
    def _is_partial(self) -> bool:
        return self._floor.owned < (self._floor.partitions or 1)

    @property
    def _is_looked_at(self) -> bool:
        return monotonic() - self._looked < _LOOKS_SECONDS

    def _rows(self, grouping: str, window: str) -> dict[figures.Key, figures.Row]:
        others = self._others.get(grouping, []) if self._is_partial else []
        return figures.standing(self._floor.rows(grouping), others, window)

    def _tick(self) -> None:
        self._views.clear()
        self._read.append((monotonic(), self._events()))
        if self._ticks % _REMEMBERED_SECONDS == 0:
            self._remember()
        self._ticks += 1

    def _remember(self) -> None:
        if self._is_partial and not (self._is_looked_at and self._others_at):
            # Without the rows of others the line would jump whenever somebody looks.
            return
        total = figures.figures({kpi: row for (kpi, _), row in self._rows("all", "1h").items()})
        hot = figures.together(figures.hot(self._rows("team,temperature", "1h")))
        if self._as_of() is not None:
            self._past.append(
                (now(), total["open"], hot["open"], total["at_risk"], total["breached"], self._rate() or 0)
            )

    def _events(self) -> int:
        """Read since the partitions were taken over; how many of them are events of a lead is not told apart."""
        leads = self._settings.topic(LEADS)
        return sum(
            partition.records
            for app in self._apps
            if app.engine.plan.group == leads
            for partition in app.engine.partitions.values()
        )

    def _rate(self) -> float | None:
        """Events a second over the last ticks; None where partitions have come or gone meanwhile."""
        if len(self._read) < 2:
            return None
        (first_at, first), (last_at, last) = self._read[0], self._read[-1]
        return None if last < first else round((last - first) / (last_at - first_at), 1)

    def _as_of(self) -> int | None:
        """The event time that every number has reached, as far as is known."""
        known = [self._floor.clock] if self._floor.owned else []
        if self._is_partial:
            known.append(self._others_as_of)
        found = [at for at in known if at]
        return min(found) if found else None

    async def _ask_for_others(self) -> None:
        try:
            at = self._floor.clock or now()
            others = {grouping: await self._recorded.rows(grouping, at) for grouping in GROUPED}
        except Unavailable as error:
            log.debug("the rows of other workers cannot be shown", reason=str(error))
            self._others, self._others_at, self._others_as_of = {}, None, None
            return
        marks = [parse(row["watermark"])[0] for rows in others.values() for row in rows if row["watermark"]]
        self._others, self._others_at, self._others_as_of = others, now(), max(marks, default=None)
