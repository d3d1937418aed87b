"""Every recorded KPI once more, in plain Python from its definition: what each case adds to which group and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, zip_longest
from math import exp, gamma, hypot, inf, log, pi
from statistics import median, median_high, stdev
from typing import Any, Final, NamedTuple

from deploy.simulator.history import UNASSIGNED, UNKNOWN, Happening, is_human_reply
from deploy.simulator.reading import happening, millis
from schemas.events import Millis
from tests.sinks.recorded_kpis.world import FOREVER, CustomerOnce, Deal, Dimensions, World, entered

DAY: Final = 86_400_000
FIRST: Final = 2
"""The place of the first period that is asked for; those before are what it is compared with."""
STAGES: Final = ("contact", "lead", "mql", "sql", "opportunity", "customer")
Period = tuple[Millis, Millis]


class Case(NamedTuple):
    """What one thing adds: to the group of its dimensions, to numerator, denominator and n."""

    at: Millis
    dimensions: Dimensions
    numerator: Fraction | Decimal | int
    denominator: Fraction | Decimal | int = 0
    of: str = ""
    currency: str = ""
    n: int | None = None


Cases = Iterator[Case]


def conversion_rate(world: World, periods: list[Period], scope: str) -> Cases:
    horizon = world.settings.conversion_horizon
    for lead in world.leads:
        begun = {"lead": lead.engaged_at} | {s: lead.stage_at[s] for s in ("mql", "sql") if s in lead.stage_at}
        for of, at in begun.items():
            if not lead.is_duplicate:
                yield Case(at, lead.dimensions, any(at <= won <= at + horizon for won in lead.won), 1, of)


def lifecycle_share(world: World, periods: list[Period], scope: str) -> Cases:
    for start, end in periods:
        for lead, history in world.histories.items():
            events = [e for e in history.events if e.at < end and e.type.startswith("lead.")]
            if not events or any(e.data.get("reason") == "duplicate" for e in events):
                continue
            stated = [STAGES.index(e.data["stage"]) for e in events if e.data.get("stage")]
            qualified = any(e.type == "lead.engaged" and e.data.get("qualified", True) for e in events)
            reached = stated[-1] if stated else int(qualified)
            for deal in (deal for deal in world.deals if deal.lead == lead):
                if deal.opened is not None and deal.opened.at < end:
                    reached = max(reached, 4)
                if deal.ended is not None and deal.ended.at < end:
                    reached = max(reached, 5 if deal.ended.type == "deal.won" else 4)
            owner = history.owner_at((end, "", ""))
            sources = [e.data["source"] for e in events if e.data.get("source")]
            who = {"rep": owner.rep or UNASSIGNED, "team": owner.team or UNASSIGNED}
            for position, stage in enumerate(STAGES):
                yield Case(start, who | {"source": sources[-1] if sources else UNKNOWN}, position == reached, 1, stage)


def new_customers(world: World) -> list[CustomerOnce]:
    return [one for one in world.customers if one.number == 1]


def customer_lifecycle_length(world: World, periods: list[Period], scope: str) -> Cases:
    for one in new_customers(world):
        yield Case(one.since, one.first.dimensions, Fraction(one.since - one.first_seen_at, 1000), 1)


def outbound(world: World) -> Cases:
    yield from (Case(act.at, act.dimensions, 1) for act in world.acts if not act.is_inbound)


def activities_per_qualified_lead(world: World, periods: list[Period], scope: str) -> Cases:
    yield from outbound(world)
    for lead in world.leads:
        reached = [lead.stage_at[stage] for stage in ("mql", "sql") if stage in lead.stage_at]
        if reached and not lead.is_duplicate:
            yield Case(min(reached), lead.dimensions, 0, 1)


def ended(world: World, outcome: str) -> list[Deal]:
    return [deal for deal in world.deals if deal.ended is not None and deal.ended.type == outcome]


def ended_at(deal: Deal) -> Millis:
    assert deal.ended is not None
    return deal.ended.at


def activities_per_won_deal(world: World, periods: list[Period], scope: str) -> Cases:
    yield from outbound(world)
    yield from (Case(ended_at(deal), deal.dimensions, 0, 1) for deal in ended(world, "deal.won"))


def customer_acquisition_rate(world: World, periods: list[Period], scope: str) -> Cases:
    yield from (Case(one.since, one.first.dimensions, 1) for one in new_customers(world))
    yield from (Case(lead.engaged_at, lead.dimensions, 0, 1) for lead in world.leads if not lead.is_duplicate)


class Answer(NamedTuple):
    """An observation."""

    name: str
    at: Millis
    value: Decimal
    currency: str
    dimensions: Dimensions


def answers(world: World, *names: str) -> list[Answer]:
    return [
        Answer(data["name"], millis(event["time"]), Decimal(str(data["value"])), data.get("currency") or "",
               data.get("dimensions") or {})
        for event in world.measured
        if (data := event["data"])["name"] in names
    ]  # fmt: skip


def spent(world: World, on: list[tuple[Millis, Dimensions]]) -> Cases:
    spend = answers(world, "spend")
    for one in spend:
        yield Case(one.at, one.dimensions, one.value, currency=one.currency or world.settings.currency)
    for currency in {one.currency or world.settings.currency for one in spend}:
        yield from (Case(at, dimensions, 0, 1, currency=currency) for at, dimensions in on)


def customer_acquisition_cost(world: World, periods: list[Period], scope: str) -> Cases:
    return spent(world, [(one.since, one.first.dimensions) for one in new_customers(world)])


def cost_per_lead(world: World, periods: list[Period], scope: str) -> Cases:
    return spent(world, [(lead.engaged_at, lead.dimensions) for lead in world.leads if not lead.is_duplicate])


def at_start(world: World, periods: list[Period]) -> Iterator[tuple[CustomerOnce, Period]]:
    for period in periods:
        yield from ((one, period) for one in world.customers if one.since <= period[0] < one.until)


def churn_rate(world: World, periods: list[Period], scope: str) -> Cases:
    for one, (start, end) in at_start(world, periods):
        yield Case(start, one.first.dimensions, one.until < end, 1)


def retention_rate(world: World, periods: list[Period], scope: str) -> Cases:
    for one, (start, end) in at_start(world, periods):
        yield Case(start, one.first.dimensions, one.until >= end, 1)


def currencies(world: World, customer: str) -> list[str]:
    return [currency for owner, currency in world.revenue if owner == customer and currency]


def revenue_retention(world: World, periods: list[Period], scope: str) -> Cases:
    for one, (start, end) in at_start(world, periods):
        for currency in currencies(world, one.customer):
            before = world.paid_at(one.customer, currency, start)
            after = world.paid_at(one.customer, currency, end - 1)
            if before > 0:
                yield Case(start, one.first.dimensions, after, before, "net", currency, 1)
                yield Case(start, one.first.dimensions, min(before, after), before, "gross", currency, 1)


def band(cycle: Millis | None) -> str:
    if cycle is None:
        return UNKNOWN
    days = cycle / DAY
    return "under 3 d" if days < 3 else "3 to 8 d" if days < 8 else "from 8 d"


def churn_by_cycle_length(world: World, periods: list[Period], scope: str) -> Cases:
    for one, (start, end) in at_start(world, periods):
        yield Case(start, one.first.dimensions, one.until < end, 1, band(one.first.deal.cycle))


def won_by_cycle_length(world: World, periods: list[Period], scope: str) -> Cases:
    for deal in world.deals:
        if deal.ended is not None:
            yield Case(deal.ended.at, deal.dimensions, deal.ended.type == "deal.won", 1, band(deal.cycle))


def expansion_rate(world: World, periods: list[Period], kind: str) -> Cases:
    began = {one.customer: one.since for one in new_customers(world)}
    for start, end in periods:
        sold = {
            move.customer for move in world.movements
            if move.expands == kind and start <= move.at < end and move.at > began[move.customer]
        }  # fmt: skip
        present: dict[str, CustomerOnce] = {}
        for one in sorted(world.customers, key=lambda one: one.number):
            if one.since < end and one.until > start:
                present.setdefault(one.customer, one)
        for customer, one in present.items():
            yield Case(start, one.first.dimensions, customer in sold, 1)


def upsell_rate(world: World, periods: list[Period], scope: str) -> Cases:
    return expansion_rate(world, periods, "upsell")


def cross_sell_rate(world: World, periods: list[Period], scope: str) -> Cases:
    return expansion_rate(world, periods, "cross_sell")


def last_touches(world: World, periods: list[Period]) -> Iterator[tuple[CustomerOnce, Period, Millis | None]]:
    for start, end in periods:
        for one in world.customers:
            if one.since < end <= one.until:
                of = [act.at for act in world.acts if act.touches and world.customer_of[act.lead] == one.customer]
                yield one, (start, end), max((at for at in of if at < end), default=None)


def customer_engagement(world: World, periods: list[Period], scope: str) -> Cases:
    for one, (start, end), last in last_touches(world, periods):
        yield Case(start, one.first.dimensions, last is not None and last >= end - world.settings.engaged_within, 1)


def customer_touch_age(world: World, periods: list[Period], scope: str) -> Cases:
    for one, (start, end), last in last_touches(world, periods):
        if last is not None:
            yield Case(start, one.first.dimensions, Fraction(end - last, 1000), 1)


def recurring(world: World, periods: list[Period], times: int) -> Cases:
    for one in new_customers(world):
        for start, end in periods:
            for currency in currencies(world, one.customer):
                if paid := world.paid_at(one.customer, currency, end - 1):
                    yield Case(start, one.first.dimensions, paid * times, currency=currency, n=1)


def mrr(world: World, periods: list[Period], scope: str) -> Cases:
    return recurring(world, periods, 1)


def arr(world: World, periods: list[Period], scope: str) -> Cases:
    return recurring(world, periods, 12)


def average_deal_value(world: World, periods: list[Period], scope: str) -> Cases:
    for move in world.movements:
        if move.what == "won":
            yield Case(move.at, move.dimensions, move.amount, 1, currency=move.currency)


def customer_lifetime_value(world: World, periods: list[Period], scope: str) -> Cases:
    for one, (start, end) in at_start(world, periods):
        for currency in currencies(world, one.customer):
            paid = world.paid_at(one.customer, currency, start)
            if paid > 0:
                months = Fraction(end - start, 2_629_800_000)
                yield Case(start, one.first.dimensions, Fraction(paid) * months, one.until < end, "", currency, 1)


def gross_margin(world: World, periods: list[Period], scope: str) -> Cases:
    for move in world.movements:
        cost = move.deal.ended.data.get("cost") if move.deal.ended else None
        if move.what == "won" and cost is not None:
            yield Case(move.at, move.dimensions, move.amount - Decimal(cost), move.amount, "", move.currency, 1)


def revenue_growth(world: World, periods: list[Period], scope: str) -> Cases:
    for move in world.movements:
        for (start, end), following in zip(periods, [*periods[1:], None], strict=True):
            if move.what != "churned" and start <= move.at < end:
                yield Case(start, move.dimensions, move.amount, 0, "", move.currency, 1)
                if following is not None:
                    yield Case(following[0], move.dimensions, -move.amount, move.amount, "", move.currency, 0)


def sales_volume(world: World, periods: list[Period], scope: str) -> Cases:
    for move in world.movements:
        if move.what != "churned":
            yield Case(move.at, move.dimensions, move.amount, currency=move.currency, n=1)


def stated(event: Happening | None) -> dict[str, Any]:
    return {name: value for name, value in (event.data if event else {}).items() if value not in (None, "")}


def visits(deal: Deal, as_of: Millis) -> list[tuple[str, Millis]]:
    assert deal.opened is not None
    return [("", deal.opened.at), *((stage, at) for stage, at in entered(deal) if at <= as_of)]


def forecast(world: World, periods: list[Period], scope: str) -> Cases:
    as_of = periods[FIRST][0]
    won: dict[str, list[Millis]] = defaultdict(list)
    tried: dict[str, int] = defaultdict(int)
    known = [deal for deal in world.deals if deal.opened is not None and deal.opened.at <= as_of]
    for deal in known:
        if deal.ended is not None and deal.ended.at <= as_of:
            for stage, at in dict(visits(deal, as_of)).items():
                tried[stage] += 1
                if deal.ended.type == "deal.won":
                    won[stage].append(deal.ended.at - at)
    for deal in known:
        stage, at = visits(deal, as_of)[-1]
        if tried[stage] and (deal.ended is None or deal.ended.at > as_of):
            assert deal.opened is not None
            data = stated(deal.ended) | stated(deal.opened)
            share = Fraction(len(won[stage]), tried[stage])
            closes = max(as_of, at + int(median(won[stage]) if won[stage] else 0))
            amount = Fraction(str(data.get("amount", 0))) * share
            yield Case(closes, deal.dimensions, amount, currency=data.get("currency", world.settings.currency), n=1)


def nps(world: World, periods: list[Period], scope: str, name: str = "nps") -> Cases:
    for one in answers(world, name):
        yield Case(one.at, one.dimensions, 100 if one.value >= 9 else -100 if one.value <= 6 else 0, 1)


def employee_satisfaction(world: World, periods: list[Period], scope: str) -> Cases:
    return nps(world, periods, scope, "employee_satisfaction")


def csat(world: World, periods: list[Period], scope: str) -> Cases:
    for one in answers(world, "csat"):
        yield Case(one.at, one.dimensions, one.value >= 4, 1)


class Aim(NamedTuple):
    """A target that stands, and what was reached of it."""

    kpi: str
    scope: str
    who: str
    team: str
    start: Millis
    target: Decimal
    actual: Fraction | None
    currency: str
    n: int


def aims(world: World, streamed: list[dict[str, Any]]) -> Iterator[Aim]:
    by_subject: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in world.aimed:
        by_subject[event["subject"]].append(event)
    for events in by_subject.values():
        last = max(events, key=lambda event: (happening(event).at, event["source"], event["id"]))
        if last["type"] == "target.set":
            yield _aim(world, streamed, last["data"])


def _aim(world: World, streamed: list[dict[str, Any]], data: dict[str, Any]) -> Aim:
    scope = "rep" if data.get("rep") else "team" if data.get("team") else "all"
    who = data.get("rep") or data.get("team") or "all"
    acted = max((act for act in world.acts if act.dimensions["rep"] == who), key=lambda act: act.at, default=None)
    team = data.get("team") or (acted.dimensions["team"] if acted is not None and scope == "rep" else UNKNOWN)
    start, end = millis(data["start"]), millis(data["end"])
    won = [move for move in world.movements if move.what == "won" and start <= move.at < end]
    moves = [move for move in won if scope == "all" or move.dimensions[scope] == who]
    actual, currency, n = Fraction(0), "", 0
    match data["kpi"]:
        case "deals_won":
            actual, n = Fraction(len(moves)), len(moves)
        case "won_amount":
            mine = [move.amount for move in moves if move.currency == world.settings.currency]
            actual, n, currency = Fraction(sum(mine)), len(mine), world.settings.currency
        case "reply_rate":
            rows = [
                row for row in streamed
                if row["grouping"] == scope and who in ("all", *row["dimensions"].values())
                and start <= millis(row["start"]) < end
            ]  # fmt: skip
            n = sum(row["count"] for row in rows)
            actual = Fraction(sum(row["numerator"] for row in rows), sum(row["denominator"] for row in rows))
    return Aim(data["kpi"], scope, who, team, start, Decimal(str(data["value"])), actual, currency, n)


def quota_attainment(world: World, periods: list[Period], scope: str, streamed: list[dict[str, Any]]) -> Cases:
    for aim in aims(world, streamed):
        if aim.scope == scope:
            assert aim.actual is not None
            yield Case(aim.start, {scope: aim.who}, aim.actual, aim.target, aim.kpi, aim.currency, aim.n)


def team_at_quota(world: World, periods: list[Period], scope: str, streamed: list[dict[str, Any]]) -> Cases:
    for aim in aims(world, streamed):
        if aim.scope == "rep":
            assert aim.actual is not None
            yield Case(aim.start, {"team": aim.team}, aim.actual >= aim.target, 1, aim.kpi)


def pipeline_coverage(world: World, periods: list[Period], scope: str, streamed: list[dict[str, Any]]) -> Cases:
    start, end = periods[FIRST]
    for deal in world.deals:
        if deal.opened is not None and deal.opened.at <= start and (deal.ended is None or deal.ended.at > start):
            data = stated(deal.ended) | stated(deal.opened)
            if data.get("currency", world.settings.currency) == world.settings.currency:
                yield Case(start, deal.dimensions, Decimal(str(data.get("amount", 0))), 0, n=1)
    ends = {millis(event["data"]["start"]): millis(event["data"]["end"]) for event in world.aimed}
    for aim in aims(world, streamed):
        until = ends[aim.start]
        shared = min(end, until) - max(start, aim.start)
        if aim.kpi == "won_amount" and aim.scope == scope and shared > 0:
            yield Case(start, {scope: aim.who}, 0, Fraction(aim.target) * shared / (until - aim.start), n=0)


def leaderboard(world: World, periods: list[Period], scope: str) -> Cases:
    for move in world.movements:
        if move.what == "won":
            yield Case(move.at, move.dimensions, move.amount, 0, "won_amount", move.currency, 1)
            yield Case(move.at, move.dimensions, 1, 0, "deals_won", n=1)
    for act in world.acts:
        if not act.is_inbound:
            yield Case(act.at, act.dimensions, 1, 0, "activities", n=1)


def loss_reasons(world: World, periods: list[Period], scope: str) -> Cases:
    for deal in ended(world, "deal.lost"):
        assert deal.ended is not None
        yield Case(deal.ended.at, deal.dimensions, 1, 0, deal.ended.data.get("reason") or UNKNOWN, n=1)


def benchmark_30_30_50(world: World, periods: list[Period], scope: str) -> Cases:
    reporting = {
        h.messages[name].source
        for h in world.histories.values() for name in h.messages if "email.delivered" in h.marks[name]
    }  # fmt: skip
    for history in world.histories.values():
        for name, sent in history.messages.items():
            marks = history.marks[name]
            opened = bool(marks & {"email.opened", "email.clicked"})
            arrived = sent.source not in reporting and "email.bounced" not in marks
            arrived = arrived or opened or "email.delivered" in marks
            replied = any(
                e.type == "email.replied" and e.data.get("in_reply_to") == name and is_human_reply(e)
                for e in history.events
            )
            if sent.data.get("automatic") is not True and arrived:
                rep, team = history.doer_of(sent)
                yield Case(sent.at, {"rep": rep, "team": team}, opened, 1, "open")
                yield Case(sent.at, {"rep": rep, "team": team}, replied, 1, "reply")
        for event in history.events:
            said_yes = event.data.get("class") == "positive" or (
                event.data.get("outcome") == "positive" and event.data.get("automatic") is not True
                and (event.data["direction"] == "inbound" or event.data.get("answered") is True)
            )  # fmt: skip
            if said_yes:
                rep, team = history.doer_of(event)
                yield Case(event.at, {"rep": rep, "team": team}, 0, 1, "conversion")
    for deal in ended(world, "deal.won"):
        yield Case(ended_at(deal), deal.dimensions, 1, 0, "conversion")


def observed(world: World, periods: list[Period], scope: str) -> Cases:
    for one in answers(world, "nps", "csat", "employee_satisfaction", "spend", "revenue", "active_users"):
        adds_up = one.name in ("spend", "revenue")
        yield Case(one.at, one.dimensions, one.value, int(not adds_up), one.name, one.currency, 1)


def observed_ratio(world: World, periods: list[Period], scope: str) -> Cases:
    for one in answers(world, "revenue"):
        yield Case(one.at, one.dimensions, one.value, 0, "roas", one.currency, 1)
    for one in answers(world, "spend"):
        yield Case(one.at, one.dimensions, 0, one.value, "roas", one.currency, 1)


class Done(NamedTuple):
    """What was done at an instant towards a measure; a ratio or a mean has a denominator."""

    measure: str
    currency: str
    at: Millis
    dimensions: Dimensions
    numerator: Fraction
    denominator: Fraction | None = None


def done(world: World, streamed: list[dict[str, Any]], scope: str) -> Iterator[Done]:
    for row in streamed:
        if row["grouping"] == scope:
            parts = Fraction(row["numerator"]), Fraction(row["denominator"])
            yield Done(row["kpi"], "", millis(row["start"]), row["dimensions"], *parts)
    for one in answers(world, "nps", "csat", "employee_satisfaction", "spend", "revenue", "active_users"):
        of = None if one.name in ("spend", "revenue") else Fraction(1)
        yield Done(f"observed.{one.name}", one.currency, one.at, one.dimensions, Fraction(one.value), of)
    for move in world.movements:
        if move.what != "churned":
            yield Done("sales_volume", move.currency, move.at, move.dimensions, Fraction(move.amount))
        if move.what == "won":
            yield Done("deals_won", "", move.at, move.dimensions, Fraction(1))
            yield Done("won_amount", move.currency, move.at, move.dimensions, Fraction(move.amount))
    for customer in new_customers(world):
        yield Done("new_customers", "", customer.since, customer.first.dimensions, Fraction(1))


Gain = tuple[float | None, int, float]
"""Change a week as a share of the mean, the number of weeks, and the mean."""


def marginal_gain(
    world: World, streamed: list[dict[str, Any]], scope: str, mondays: list[Millis]
) -> dict[tuple[str, str, str], Gain]:
    """(who, measure, currency) → what the weeks that begin at ``mondays``, the last one ending them, say of it."""
    by_name: dict[tuple[str, str, str], list[Done]] = defaultdict(list)
    everything = list(done(world, streamed, scope))
    for one in everything:
        who = "all" if scope == "all" else one.dimensions.get(scope, "")
        if who:
            by_name[who, one.measure, one.currency].append(one)
    last = max(one.at for one in everything)
    found = {}
    for name, all_of_it in by_name.items():
        first, is_counted = min(one.at for one in all_of_it), all(one.denominator is None for one in all_of_it)
        weeks: list[tuple[int, Fraction]] = []
        for place, (start, end) in enumerate(pairwise(mondays)):
            in_it = [one for one in all_of_it if start <= one.at < end]
            of = sum((one.denominator or Fraction() for one in in_it), Fraction())
            if first < end and start <= last if is_counted else of:
                total = sum((one.numerator for one in in_it), Fraction())
                weeks.append((place, total if is_counted else total / of))
        if weeks:
            found[name] = _gain(weeks)
    return found


def _gain(weeks: list[tuple[int, Fraction]]) -> Gain:
    n = len(weeks)
    mean = sum((value for _, value in weeks), Fraction()) / n
    middle = Fraction(sum(place for place, _ in weeks), n)
    spread = sum(((place - middle) ** 2 for place, _ in weeks), Fraction())
    if n < 3 or not mean:
        return None, n, float(mean)
    slope = sum(((place - middle) * (value - mean) for place, value in weeks), Fraction()) / spread
    return float(slope / mean), n, float(mean)


def churn_alarm(world: World, start: Millis, length: Millis) -> dict[str, tuple[int, int, float | None]]:
    """Product → cancellations of a period, how many periods before it are known, and the limit."""
    found = {}
    for product in {move.dimensions["product"] for move in world.movements}:
        moves = [move for move in world.movements if move.dimensions["product"] == product]
        sold_since = min(move.at for move in moves)
        weeks = [(start - k * length, start - (k - 1) * length) for k in range(13)]
        counts = [sum(m.what == "churned" and a <= m.at < b for m in moves) for a, b in weeks]
        before = [count for count, (_, end) in zip(counts, weeks, strict=True) if end > sold_since][1:]
        limit = sum(before) / len(before) + 3 * stdev(before) if len(before) > 1 else None
        if sum(counts):
            found[product] = (counts[0], max(len(before), 0), limit)
    return found


class Try(NamedTuple):
    """One step towards a deal: when one was won after it, and whether this try has come to it."""

    step: str
    at: Millis
    who: str
    won_at: Millis
    is_last: bool


def wins(world: World) -> list[Deal]:
    return sorted(ended(world, "deal.won"), key=ended_at)


def tries(world: World, scope: str) -> list[Try]:
    """Every opportunity, proposal, demo and call."""
    found = []
    for deal in world.deals:
        won_at = ended_at(deal) if deal.ended is not None and deal.ended.type == "deal.won" else FOREVER
        begun = {"opportunities": [deal.opened.at] if deal.opened is not None else []}
        begun["proposals"] = [at for stage, at in entered(deal) if stage == "proposal"][:1]
        found += [
            Try(step, at, deal.dimensions.get(scope, "all"), won_at, True) for step in begun for at in begun[step]
        ]
    for lead in world.histories:
        won = [ended_at(deal) for deal in wins(world) if deal.lead == lead]
        for kind in ("demo", "call"):
            acts = [act for act in world.acts if (act.lead, act.kind, act.is_inbound) == (lead, kind, False)]
            for act, following in zip_longest(acts, acts[1:]):
                won_at = next((at for at in won if at >= act.at), FOREVER)
                is_last = following is None or following.at > won_at
                found.append(Try(f"{kind}s", act.at, act.dimensions.get(scope, "all"), won_at, is_last))
    return found


def came_by(world: World, deal: Deal, step: str) -> bool:
    """Whether a deal was won by way of a step."""
    if step == "opportunities":
        return deal.opened is not None
    if step == "proposals":
        return any(stage == "proposal" for stage, _ in entered(deal))
    of_lead = [ended_at(other) for other in wins(world) if other.lead == deal.lead]
    before = max([0, *of_lead[: of_lead.index(ended_at(deal))]])
    kind = step.removesuffix("s")
    return any(
        (act.lead, act.kind, act.is_inbound) == (deal.lead, kind, False) and before < act.at <= ended_at(deal)
        for act in world.acts
    )


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The two shares from which ``hits`` of ``n`` are 1.96 standard errors off, found by halving."""

    def off(p: float) -> float:
        return abs(hits / n - p) - 1.96 * (p * (1 - p) / n) ** 0.5

    ends = []
    for far in (0.0, 1.0):
        near = hits / n
        for _ in range(100):
            middle = (near + far) / 2
            near, far = (middle, far) if off(middle) < 0 else (near, middle)
        ends.append(near)
    return ends[0], ends[1]


def student(n: int) -> float:
    """Where 97.5 % of Student's t with ``n - 1`` degrees of freedom lie below, by adding up its density."""
    v, step = n - 1, 0.0005
    scale = gamma((v + 1) / 2) / (gamma(v / 2) * (v * pi) ** 0.5)
    below, t = 0.5, 0.0
    while below < 0.975:
        below += scale * (1 + (t + step / 2) ** 2 / v) ** (-(v + 1) / 2) * step
        t += step
    return t


def target_plan(world: World, as_of: Millis, scope: str) -> dict[tuple[str, str, str], dict[str, float]]:
    """(who, step, currency) → what was measured in the year before, and what a unit of money takes of the step."""
    since, all_tries = as_of - 365 * DAY, tries(world, scope)
    sold: dict[tuple[str, str], list[Deal]] = defaultdict(list)
    for deal in wins(world):
        if since <= ended_at(deal) < as_of:
            sold[deal.dimensions.get(scope, "all"), deal.stated("currency", world.settings.currency)].append(deal)
    found: dict[tuple[str, str, str], dict[str, float]] = {}
    for (who, currency), deals in sold.items():
        amounts = [float(deal.stated("amount", 0)) for deal in deals]
        mean, n = sum(amounts) / len(amounts), len(amounts)
        off = student(n) * stdev(amounts) / n**0.5 if n > 1 else inf
        found[who, "deals_won", currency] = {"n": n, "each": 1 / mean, "mean": mean, "mean_high": mean + off}
        for step in ("opportunities", "proposals", "demos", "calls"):
            now = [one for one in all_tries if one.step == step and since <= one.at < as_of]
            taken = sorted(one.won_at - one.at for one in now if one.is_last and one.won_at < as_of)
            young = taken[int(0.9 * len(taken))] if taken else 0
            decided = [one for one in now if one.who == who and one.at < as_of - young]
            hits = sum(one.is_last and one.won_at < as_of for one in decided)
            mine = [deal for (other, _), some in sold.items() if other == who for deal in some]
            by_way = sum(came_by(world, deal, step) for deal in mine)
            if decided:
                low, high = wilson(hits, len(decided))
                found[who, step, currency] = {"n": len(decided), "share_low": low, "share_high": high}
                found[who, step, currency]["reach"] = by_way / len(mine)
                if hits:
                    share = hits / len(decided)
                    each = by_way / len(mine) / share / mean
                    reach_low = wilson(by_way, len(mine))[0]
                    below = hypot(log(1 + off / mean), log(high / share), log(by_way / len(mine) / reach_low))
                    before = [one.won_at - one.at for one in now if one.who == who and one.won_at < as_of]
                    found[who, step, currency] |= {"share": share, "each": each, "days": median_high(before) / DAY}
                    if n > 1:
                        found[who, step, currency]["each_low"] = each * exp(-below)
    return found


ORACLE: Final[dict[str, Callable[..., Cases]]] = {
    function.__name__: function
    for function in (
        conversion_rate, lifecycle_share, customer_lifecycle_length, activities_per_qualified_lead,
        activities_per_won_deal, customer_acquisition_rate, customer_acquisition_cost, cost_per_lead, churn_rate,
        retention_rate, revenue_retention, churn_by_cycle_length, won_by_cycle_length, upsell_rate, cross_sell_rate,
        customer_engagement, customer_touch_age, mrr, arr, average_deal_value, customer_lifetime_value, gross_margin,
        revenue_growth, sales_volume, forecast, nps, csat, employee_satisfaction, leaderboard, loss_reasons,
        benchmark_30_30_50, observed, observed_ratio,
    )
}  # fmt: skip
WITH_ROWS: Final[dict[str, Callable[..., Cases]]] = {
    function.__name__: function for function in (quota_attainment, team_at_quota, pipeline_coverage)
}
