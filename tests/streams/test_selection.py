from __future__ import annotations

from types import BuiltinFunctionType

import msgspec
import pytest

from schemas import classification
from schemas.catalogue import CATALOGUE, by_name
from schemas.settings import Settings
from streams.rules import Rules
from streams.selection import Selection, definition, measure
from streams.windows import decode_cell
from tests.streams.floor import ALL, RULES, call, engaged, lead_of, mail, table_of


def chosen(**settings: str) -> Selection:
    return Selection.of(Settings(_env_file=None, **settings))  # type: ignore[arg-type]


def test_every_kpi_of_the_catalogue_has_its_function() -> None:
    for kpi in CATALOGUE:
        if kpi.kind != "now":
            # What is compiled has lost its docstring.
            assert measure(kpi).__doc__ or isinstance(measure(kpi), BuiltinFunctionType), kpi.name
    assert len(by_name) == len(CATALOGUE)


def test_nothing_said_is_everything_and_a_wrong_name_is_named() -> None:
    assert chosen() == ALL
    with pytest.raises(ValueError, match="response_tmie"):
        chosen(kpis="response_tmie")


def test_nothing_is_computed_for_what_is_not_selected() -> None:
    few = chosen(kpis="lead_response_time", groupings="team", windows="5m")
    [cell] = table_of(lead_of(engaged(team="a"), call(1), mail(2)), selection=few)
    assert decode_cell(cell)[:4] == ("events", "team", ("a",), "5m")


def test_a_ratio_over_messages_brings_its_tally_along() -> None:
    assert [kpi.name for kpi in chosen(kpis="open_rate").measured("sent")] == ["delivery_rate", "open_rate"]


def test_the_definition_changes_with_whatever_changes_a_number() -> None:
    same = definition(ALL, RULES)
    assert same == definition(Selection.everything(), Rules())
    others = [definition(chosen(kpis="open_rate"), RULES)]
    others += [
        definition(ALL, msgspec.structs.replace(RULES, **{name: "Europe/Berlin" if name == "timezone" else 7}))
        for name in Rules.__struct_fields__
    ]
    assert len({same, *others}) == len(others) + 1


def test_the_definition_changes_with_an_entry_of_the_catalogue_but_not_with_its_wording(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    same, (first, *rest) = definition(ALL, RULES), CATALOGUE
    for changes, is_same in (
        ({"definition": "Better said.", "formula": "b - a", "source": "us", "used": "so"}, True),
        ({"unit": "hours"}, False),
    ):
        changed = (msgspec.structs.replace(first, **changes), *rest)
        monkeypatch.setattr("streams.selection.CATALOGUE", changed)
        assert (definition(ALL, RULES) == same) is is_same


def test_the_definition_changes_with_the_classifier(monkeypatch: pytest.MonkeyPatch) -> None:
    same = definition(ALL, RULES)
    monkeypatch.setattr(classification, "VERSION", (9, 9))
    assert definition(ALL, RULES) != same
