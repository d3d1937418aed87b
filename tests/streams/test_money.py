from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import by_name
from streams.accumulators import difference, total
from streams.figures import amount
from streams.kinds import Vectors
from streams.money import decimal, scaled

ADDED = Vectors([by_name["won_amount"]]).of
amounts = st.decimals(-(10**15) + 1, 10**15 - 1, places=12).map(lambda number: f"{number:f}")
BASE = min(ADDED((1,)))


@pytest.mark.parametrize(
    ("stated", "shown"),
    [("100.00", "100"), ("0.000000000001", "0.000000000001"), ("-0.50", "-0.5"), (0.1, "0.1"), (7, "7"), (1e-20, "0")],
)
def test_an_amount_is_what_was_written(stated: str | float, shown: str) -> None:
    assert decimal(scaled(stated)) == shown


@given(st.lists(amounts, max_size=20))
def test_amounts_of_any_scale_add_up_exactly_and_fit_in_64_bits(stated: list[str]) -> None:
    added = total(ADDED((scaled(one),)) for one in stated)
    with localcontext() as exact:
        exact.prec = 60
        assert Decimal(str(amount({slot - BASE: n for slot, n in added.items()}).value)) == sum(map(Decimal, stated))
    assert all(abs(n) < 1 << 63 for n in added.values())


@given(amounts, amounts)
def test_an_amount_taken_back_leaves_nothing_of_itself(one: str, another: str) -> None:
    both = total([ADDED((scaled(one),)), ADDED((scaled(another),))])
    assert difference(both, ADDED((scaled(one),))) == ADDED((scaled(another),))
