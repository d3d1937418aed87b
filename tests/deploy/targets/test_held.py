"""What an event of a target says, beside what it replaces."""

from __future__ import annotations

from decimal import Decimal

from deploy.targets.held import change, event
from deploy.targets.wanted import Wanted
from schemas.event import Event
from schemas.events import TargetSet
from schemas.settings import Settings

SETTINGS = Settings(_env_file=None)
YEAR = 1_767_225_600_000, 1_798_761_600_000
WANTED = Wanted("won_amount", *YEAR, value=Decimal("1000.50"), team="emea-1", currency="EUR")
BEFORE = Event(
    "target.set", 5_000, "crm", "e-1", "theirs",
    TargetSet("won_amount", 900, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", team="emea-1"),
)  # fmt: skip


def test_what_is_set_in_place_of_another_is_later_than_it_whatever_the_clock_says() -> None:
    found = change(WANTED, {WANTED.place: BEFORE})
    assert found is not None and found.kind == "replaced"
    assert event(found, "ann", 1_000, SETTINGS)["time"] == "1970-01-01T00:00:05.001Z"
    assert event(found, "ann", 9_000, SETTINGS)["time"] == "1970-01-01T00:00:09Z"


def test_what_another_system_has_set_is_replaced_under_its_own_subject() -> None:
    found = change(WANTED, {WANTED.place: BEFORE})
    assert found is not None and event(found, "ann", 9_000, SETTINGS)["subject"] == "theirs"


def test_said_again_after_a_failure_it_is_the_same_event() -> None:
    found = change(WANTED, {})
    assert found is not None and found.kind == "new"
    once, again = event(found, "ann", 1_000, SETTINGS), event(found, "ann", 2_000, SETTINGS)
    assert once["id"] == again["id"] and once["data"]["value"] == "1000.50"
    assert once["subject"] == '["won_amount",{"team":"emea-1"},"2026-01-01T00:00:00Z","2027-01-01T00:00:00Z"]'


def test_a_currency_other_than_the_setting_s_has_a_subject_of_its_own() -> None:
    dollars = Wanted("won_amount", *YEAR, value=Decimal(1), currency="USD")
    found = change(dollars, {})
    assert found is not None and '{"currency":"USD"}' in event(found, "ann", 0, SETTINGS)["subject"]
