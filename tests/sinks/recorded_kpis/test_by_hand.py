"""Numbers that can be worked out on paper, each in a team of its own; and what periods, scopes and settings do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from agents.targets import breakdown, stand
from deploy.simulator.reading import millis
from schemas.policy import NOTHING
from schemas.recorded_kpis import by_name
from schemas.results import timestamp
from schemas.settings import Settings
from sinks.clickhouse.recorded_kpis.queries import rows, signals
from sinks.clickhouse.recorded_kpis.views import create
from sinks.clickhouse.schema import connect, migrate
from tests.conftest import at
from tests.sinks.recorded_kpis.floor import DAY, EventDict, event
from tests.sinks.test_reconciliation import publish, record

WEEK: Final = 7 * DAY
SETTINGS: Final = Settings(_env_file=None)


class Teller:
    """Tells events with a number each; ``deal`` opens, wins or loses one, and whatever follows."""

    def __init__(self) -> None:
        self.events: list[EventDict] = []

    def add(self, subject: str, kind: str, at: str | int, /, **data: Any) -> None:
        """One event at a day such as ``2025-03-04``, or at milliseconds."""
        time = at if isinstance(at, int) else millis(f"{at}T12:00:00Z")
        self.events.append(event(subject, kind, time, f"e-{len(self.events)}", **data))

    def lead(self, name: str, day: str | int, **data: Any) -> None:
        """A lead that engages."""
        self.add(name, "lead.engaged", day, **data)

    def deal(self, lead: str, outcome: str, opened: str | int, ended: str | int | None = None, **data: Any) -> None:
        """A deal of a lead with its amount, opened and, unless ``outcome`` is empty, ended."""
        name = {"deal_id": f"deal of {lead}"}
        self.add(lead, "deal.opened", opened, **name, **data)
        if outcome and ended is not None:
            self.add(lead, f"deal.{outcome}", ended, **name, **({"team": data["team"]} | self.paid(data)))

    @staticmethod
    def paid(data: EventDict) -> EventDict:
        """What the outcome states as well."""
        return {name: data[name] for name in ("cost", "monthly_recurring") if name in data}

    def after(self, lead: str, kind: str, day: str | int, **data: Any) -> None:
        """How a won deal goes on."""
        self.add(lead, f"deal.{kind}", day, deal_id=f"deal of {lead}", **data)

    def measure(self, name: str, value: Any, day: str, **data: Any) -> None:
        """One observation."""
        self.add(name, "observation.recorded", day, name=name, value=value, **data)


def book(tell: Teller) -> None:
    """Four customers at 100 a month each; in March one leaves, and one buys 50 more."""
    for n in range(4):
        tell.lead(f"book-{n}", "2025-02-01", owner="r-b", team="book")
        sold = {"amount": "1000", "currency": "EUR", "monthly_recurring": "100", "cost": "400", "team": "book"}
        tell.deal(f"book-{n}", "won", "2025-02-02", "2025-02-10", **sold)
    tell.after("book-0", "churned", "2025-03-05")
    tell.after("book-1", "expanded", "2025-03-06", monthly_recurring="150", amount="600", product="atlas")
    tell.deal("book-late", "lost", "2025-03-01", "2025-03-20", amount="700", currency="USD", team="book")


def acquisition(tell: Teller) -> None:
    """Five leads in March, two of them won, for 1,000 and 200 in March and 900 in April; one lead is a duplicate."""
    for n in range(5):
        tell.lead(f"new-{n}", "2025-03-03", owner="r-a", team="acquired", first_seen_at="2025-03-01T12:00:00Z")
    for n in range(2):
        tell.deal(f"new-{n}", "won", "2025-03-04", "2025-03-11", amount="50", currency="EUR", team="acquired")
    tell.lead("new-twice", "2025-03-03", owner="r-a", team="acquired")
    tell.add("new-twice", "lead.closed", "2025-03-04", reason="duplicate")
    for value, day in (("1000", "2025-03-01"), ("200.50", "2025-03-31"), ("900", "2025-04-01")):
        tell.measure("spend", value, day, currency="EUR", dimensions={"team": "acquired"})


def survey(tell: Teller) -> None:
    """Ten answers: five promoters, two passives, three detractors; of five others three are satisfied."""
    for value in (10, 10, 9, 9, 9, 8, 7, 6, 3, 0):
        tell.measure("nps", value, "2025-03-10", dimensions={"team": "surveyed"})
    for value in (5, 4, 4, 3, 1):
        tell.measure("csat", value, "2025-03-10", dimensions={"team": "surveyed"})


def pipeline(tell: Teller) -> None:
    """Of four deals that came to a proposal two were won, ten days later; two more came to it on the 1st and 25th."""
    for n, outcome in enumerate(("won", "won", "lost", "lost")):
        what = {"amount": "10", "currency": "EUR", "team": "forecast"}
        tell.deal(f"past-{n}", outcome, "2024-05-01", "2024-05-15", **what)
        tell.after(f"past-{n}", "stage_changed", "2024-05-05", stage="proposal")
    for n, day in enumerate(("2024-06-01", "2024-06-25")):
        tell.deal(f"open-{n}", "", "2024-05-20", amount="1000", currency="EUR", team="forecast")
        tell.after(f"open-{n}", "stage_changed", day, stage="proposal")


def mailing(tell: Teller) -> None:
    """Four messages: two were answered, one came back."""
    for n in range(4):
        name = {"message_id": f"mailed-{n}"}
        tell.add(f"mailed-{n}", "email.sent", "2020-03-02", **name, rep="r-m", team="mailed")
        if n == 3:
            tell.add(f"mailed-{n}", "email.bounced", "2020-03-02", **name)
        if n < 2:
            tell.add(f"mailed-{n}", "email.replied", "2020-03-03", in_reply_to=f"mailed-{n}", **{"class": "positive"})


def alarm(tell: Teller) -> None:
    """A product that one customer leaves in each of twelve weeks, and four in the thirteenth."""
    monday = millis("2023-01-02T00:00:00Z")
    for n in range(16):
        sold = {"amount": "10", "currency": "EUR", "team": "alarm", "product": "brittle"}
        tell.deal(f"brittle-{n}", "won", monday - 10 * DAY, monday - 9 * DAY, **sold)
        tell.after(f"brittle-{n}", "churned", monday + min(n, 12) * WEEK + DAY)


def target(tell: Teller) -> None:
    """2,000 to be won in March, 1,500 of them won by two reps, of whom one has reached 1,000."""
    for rep, amount in (("r-x", "1000"), ("r-y", "500")):
        tell.deal(
            f"deal by {rep}", "won", "2025-03-02", "2025-03-09", amount=amount, currency="EUR", team="aimed", rep=rep
        )
    for who, value in (
        ({"team": "aimed"}, 2000),
        ({"rep": "r-x", "team": "aimed"}, 1000),
        ({"rep": "r-y", "team": "aimed"}, 1000),
    ):
        what = {"kpi": "won_amount", "start": "2025-03-01T00:00:00Z", "end": "2025-04-01T00:00:00Z"}
        tell.add(f"target {who}", "target.set", "2025-02-01", **what, **who, value=value)


PATTERN: Final = (1, 5, 2, 6, 1, 3, 7, 2, 4, 1, 6, 3, 5, 2, 7, 1)


def weeks(tell: Teller) -> Iterator[EventDict]:
    """As many deals are won as calls were made two weeks before; gives the rows of the calls by day."""
    monday = millis("2022-01-03T00:00:00Z")
    for week, calls in enumerate(PATTERN):
        for n in range(calls):
            won = monday + (week + 2) * WEEK + DAY
            tell.deal(f"led-{week}-{n}", "won", won - DAY, won, amount="1", currency="EUR", team="led")
        yield {
            "kpi": "activities", "grouping": "team", "dimensions": {"team": "led", "kind": "call"}, "window": "1d",
            "start": timestamp(monday + week * WEEK), "end": timestamp(monday + week * WEEK + DAY), "basis": "happened",
            "value": calls, "count": calls, "numerator": None, "denominator": None, "statistics": {}, "revision": 1,
        }  # fmt: skip


def persistence(tell: Teller) -> None:
    """Three reps of a team touch each lead three times, the fourth once; the fourth loses deals that nobody touched."""
    for rep in range(4):
        for n in range(5):
            lead = f"kept-{rep}-{n}"
            tell.lead(lead, "2021-03-01", owner=f"r-{rep}", team="kept")
            for day in range(1 if rep == 3 else 3):
                tell.add(
                    lead, "call.completed", f"2021-03-0{day + 2}", direction="outbound", rep=f"r-{rep}", team="kept"
                )
            ended = "2021-03-20" if rep == 3 else "2021-03-06"
            tell.deal(lead, "lost", "2021-03-02", ended, amount="1", team="kept", rep=f"r-{rep}")


def pyramid(tell: Teller, first: int, team: str = "planned") -> None:
    """Forty calls, twenty demos, ten proposals, five deals of 100,000 won: all within 24 days from ``first``."""
    for n in range(20):
        lead, who = f"{team}-{n}", {"team": team, "rep": f"r-{n % 2}"}
        for day, kind in ((0, "call"), (1, "call"), (2, "demo")):
            tell.add(lead, "call.completed", first + day * DAY, direction="outbound", kind=kind, answered=True, **who)
        if n < 10:
            what = {"amount": "100000", "currency": "EUR", **who}
            tell.deal(lead, "won" if n < 5 else "lost", first + 3 * DAY, first + 24 * DAY, **what)
            tell.after(lead, "stage_changed", first + 4 * DAY, stage="proposal")


def to_plan(tell: Teller) -> None:
    """A team that came from calls to deals, and has 500,000 to win in July."""
    pyramid(tell, millis("2019-03-01T12:00:00Z"))
    what = {"kpi": "won_amount", "start": "2019-07-01T00:00:00Z", "end": "2019-08-01T00:00:00Z", "team": "planned"}
    tell.add("a plan", "target.set", "2019-06-01", **what, value=500_000)


@pytest.fixture(scope="module")
def client(clickhouse: str) -> Iterator[Client]:
    tell = Teller()
    for story in (book, acquisition, survey, pipeline, mailing, alarm, target, persistence, to_plan):
        story(tell)
    streamed = list(weeks(tell))
    found = connect(at(f"{clickhouse}/by_hand"))
    migrate(found, SETTINGS)
    create(found, SETTINGS)
    record(found, map(orjson.dumps, tell.events * 2))
    publish(found, streamed)
    stand(found, SETTINGS, breakdown(SETTINGS, NOTHING), millis("2025-06-01T00:00:00Z"))
    yield found
    found.close()


def asked(client: Client, kpi: str, day: str, period: str = "month", scope: str = "team") -> list[dict[str, Any]]:
    at = millis(f"{day}T12:00:00Z")
    return rows(client, by_name[kpi], at, at, period, scope)


def row(client: Client, kpi: str, who: str, day: str = "2025-03-15", of: str = "", **more: str) -> dict[str, Any]:
    [found] = [one for one in asked(client, kpi, day, **more) if (one["who"], one["of"]) == (who, of)]
    return found


def test_of_four_customers_one_leaves(client: Client) -> None:
    churn = row(client, "churn_rate", "book")
    assert (churn["value"], churn["n"], churn["numerator"], churn["before"]) == (0.25, 4, 1, None)
    assert row(client, "retention_rate", "book")["value"] == 0.75
    assert row(client, "churn_rate", "book", "2025-04-15")["value"] == 0


def test_what_customers_pay_is_kept_gross_and_net(client: Client) -> None:
    assert row(client, "revenue_retention", "book", of="gross")["value"] == 300 / 400
    assert row(client, "revenue_retention", "book", of="net")["value"] == 350 / 400
    mrr = row(client, "mrr", "book")
    assert (mrr["value"], mrr["before"], mrr["currency"], mrr["n"]) == ("350", 400, "EUR", 3)
    assert row(client, "arr", "book")["value"] == "4200"


def test_a_customer_is_worth_what_it_pays_while_it_stays(client: Client) -> None:
    """400 a month from all, 31 days of 30.4375, one customer lost in them."""
    assert row(client, "customer_lifetime_value", "book")["value"] == pytest.approx(400 * 31 / 30.4375)


def test_what_was_sold_its_margin_and_its_growth(client: Client) -> None:
    sold = row(client, "sales_volume", "book", "2025-02-15")
    assert (sold["value"], sold["statistics"]["won"], sold["n"]) == ("4000", 4000, 4)
    assert row(client, "gross_margin", "book", "2025-02-15")["value"] == 0.6
    assert row(client, "average_deal_value", "book", "2025-02-15")["value"] == 1000
    assert row(client, "revenue_growth", "book")["value"] == (600 - 4000) / 4000


def test_who_bought_more_what_and_when(client: Client) -> None:
    upsell = row(client, "upsell_rate", "book")
    assert (upsell["value"], upsell["statistics"]) == (0.25, {"product atlas": 1, "within 90 d": 1})
    [sold] = client.query(
        "SELECT kind, product, rep, customer FROM recorded_expansions WHERE team = 'book'"
    ).result_rows
    assert sold == ("upsell", "atlas", "unassigned", "book-1")


def test_a_lost_deal_has_its_reason_and_its_money_in_its_currency(client: Client) -> None:
    lost = row(client, "loss_reasons", "book", of="unknown")
    assert (lost["value"], lost["before"], lost["statistics"]) == (1, 0, {"USD": 700})


def test_five_leads_two_customers(client: Client) -> None:
    conversion = row(client, "conversion_rate", "acquired", of="lead")
    assert (conversion["value"], conversion["n"]) == (0.4, 5)
    assert conversion["definition"] == "over leads, won within 365d"
    assert row(client, "customer_acquisition_rate", "acquired")["value"] == 0.4
    assert row(client, "customer_lifecycle_length", "acquired")["value"] == 10 * 86_400


def test_a_customer_costs_what_was_spent_in_its_own_period(client: Client) -> None:
    assert row(client, "customer_acquisition_cost", "acquired")["value"] == 1200.50 / 2
    assert row(client, "cost_per_lead", "acquired")["value"] == 1200.50 / 5


def test_ten_answers_make_a_net_promoter_score(client: Client) -> None:
    nps = row(client, "nps", "surveyed")
    assert (nps["value"], nps["n"]) == (20, 10)
    assert nps["statistics"] == {"promoters": 5, "passives": 2, "detractors": 3}
    assert row(client, "csat", "surveyed")["value"] == 0.6


def test_an_open_deal_is_expected_when_and_as_often_as_others_were_won(client: Client) -> None:
    """Half of the proposals were won, ten days later: of 1,000 each 500, and the second is due on the 5th of July."""

    def forecast(until: str) -> dict[str, Any]:
        span = millis("2024-06-26T00:00:00Z"), millis(f"{until}T00:00:00Z")
        [found] = [
            one for one in rows(client, by_name["forecast"], *span, "custom", "team") if one["who"] == "forecast"
        ]
        return found

    both, off = forecast("2024-08-01"), 1.96 * (2 * 0.25 * 1000**2) ** 0.5
    assert (both["value"], both["n"]) == ("1000", 2)
    assert both["statistics"] == pytest.approx({"low": max(0, 1000 - off), "high": 1000 + off})
    assert (forecast("2024-06-30")["value"], forecast("2024-06-30")["n"]) == ("500", 1)


def test_four_cancellations_in_a_week_after_twelve_of_one_are_an_alarm(client: Client) -> None:
    [week] = [one for one in asked(client, "churn_alarm", "2023-03-28", "week", "product") if one["who"] == "brittle"]
    assert (week["value"], week["n"]) == (4, 12)
    assert week["statistics"] == {"mean": 1, "limit": 1, "alarm": 1}
    [before] = [one for one in asked(client, "churn_alarm", "2023-03-21", "week", "product") if one["who"] == "brittle"]
    assert (before["value"], before["before"], before["statistics"]["alarm"]) == (1, 1, 0)


def test_a_target_is_reached_in_part_and_by_one_of_two(client: Client) -> None:
    quota = row(client, "quota_attainment", "aimed", of="won_amount")
    assert (quota["value"], quota["currency"], quota["n"], quota["small"]) == (0.75, "EUR", 2, True)
    assert row(client, "team_at_quota", "aimed", of="won_amount")["value"] == 0.5


def test_500_000_at_100_000_a_deal_and_25_per_cent_of_demos_won_are_20_demos(client: Client) -> None:
    found = {one["of"]: one for one in asked(client, "target_plan", "2019-07-15", "week") if one["who"] == "planned"}
    takes = {"deals_won": 5, "opportunities": 10, "proposals": 10, "demos": 20, "calls": 40}
    week = 7 / 31
    assert {of: one["value"] / week for of, one in found.items()} == pytest.approx(takes), "a week's part of a month's"
    demos = found["demos"]
    assert (demos["numerator"], demos["n"], demos["definition"]) == (5, 20, "as measured in the 365 days before")
    # Wilson's interval of 5 of 20, as tables have it; that of the reach, 5 of 5, is beside it in the whole.
    said = demos["statistics"]
    assert (said["share_low"], said["share_high"]) == pytest.approx((0.1119, 0.4687), abs=1e-4)
    assert (said["share"], said["reach"], said["days"]) == (0.25, 1, 22)


def test_results_follow_two_weeks_after_the_work(client: Client) -> None:
    span = millis("2022-01-03T00:00:00Z"), millis("2022-05-09T00:00:00Z")
    found = signals(client, "leading_lagging", *span, scope="team")
    names = ("led", "deals_won", "activities.call", 1)
    [strongest] = [one for one in found if (one["who"], one["result"], one["activity"], one["is_strongest"]) == names]
    assert (strongest["weeks_before"], strongest["n"], strongest["small"]) == (2, 16, 0)
    assert strongest["correlation"] == pytest.approx(1)


def test_a_gain_is_told_from_noise(client: Client) -> None:
    """1, 5, 2, 6 and 1 calls in five weeks lead nowhere."""
    [noise] = [
        one for one in rows(client, by_name["marginal_gain"], millis("2022-01-03T00:00:00Z"),
                            millis("2022-02-07T00:00:00Z"), "custom", "team")
        if (one["who"], one["of"]) == ("led", "activities.call")
    ]  # fmt: skip
    assert (noise["value"], noise["n"], noise["statistics"]["exceeds_noise"]) == (pytest.approx(0.1 / 3), 5, 0)


def test_a_rep_far_from_the_peers_is_named(client: Client) -> None:
    found = signals(client, "training_signals", millis("2021-03-01T00:00:00Z"), millis("2021-04-01T00:00:00Z"))
    far = {(one["rep"], one["signal"]): one["value"] for one in found if one["is_far"]}
    assert far == {("r-3", "follow_ups_per_lead"): 0, ("r-3", "lost_without_touch_in_14_days"): 1}


def test_activities_are_set_beside_what_comes_of_them(client: Client) -> None:
    found = signals(client, "quality_quantity", millis("2021-03-01T00:00:00Z"), millis("2021-04-01T00:00:00Z"))
    assert {one["rep"]: one["activities"] for one in found} == {"r-0": 15, "r-1": 15, "r-2": 15, "r-3": 5}


def test_a_scope_or_period_that_is_none_is_refused(client: Client) -> None:
    for period, scope, word in (("month", "weather", "shown by"), ("fortnight", "team", "period is one of")):
        with pytest.raises(DatabaseError, match=word):
            rows(client, by_name["churn_rate"], 0, 0, period, scope)


def test_marks_stand_beside_what_was_measured(client: Client) -> None:
    marks = dict(client.query("SELECT concat(kpi, '.', of), mark FROM benchmarks").result_rows)
    assert marks["lead_response_time."] == 300 and marks["benchmark_30_30_50.reply"] == 0.3


def test_replies_are_a_share_of_what_was_delivered_unless_it_is_set_otherwise(client: Client) -> None:
    found = row(client, "benchmark_30_30_50", "mailed", "2020-03-15", of="reply")
    assert (found["numerator"], found["denominator"], found["definition"]) == (2, 3, "reply over delivered")


def test_settings_change_what_is_meant_and_the_rows_say_so(client: Client) -> None:
    """The views are made anew with each start, so that the last settings hold: this test is the last."""
    create(client, Settings(conversion_over="closed_deals", reply_over="sent", rep_level="3",
                            benchmarks="benchmark_30_30_50.open=0.5", csat_from=3,
                            timezone="America/New_York", _env_file=None))  # fmt: skip
    conversion = row(client, "conversion_rate", "book", "2025-02-15", of="closed deal")
    assert (conversion["value"], conversion["definition"]) == (1, "over closed_deals, won within 365d")
    mailed = row(client, "benchmark_30_30_50", "mailed", "2020-03-15", of="reply")
    assert (mailed["numerator"], mailed["denominator"], mailed["definition"]) == (2, 4, "reply over sent")
    assert row(client, "csat", "surveyed")["value"] == 0.8
    assert row(client, "nps", "surveyed")["start"] == "2025-03-01T05:00:00Z"
    assert asked(client, "quota_attainment", "2025-03-15", scope="rep") == [], (
        "fewer than three cases by rep are not shown"
    )
    create(client, Settings(rep_level="off", _env_file=None))
    with pytest.raises(DatabaseError, match="shown by"):
        asked(client, "churn_rate", "2025-03-15", scope="rep")
