"""What goes between the stages: keys that lead back to their parts, and the home of a cell."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.partials import Watermark, decode_partial, decode_watermark, encode
from agents.sending import encode_partial, home, parse_key, partial_key, watermark_key
from streams.windows import decode_cell, encode_cell

values = st.tuples(st.text(max_size=8), st.sampled_from(["hot", "warm", "cold", "unknown"]))
cells = st.builds(
    lambda window, minute, values: encode_cell("events", "team,temperature", values, window, minute * 60_000),
    st.sampled_from(["1h", "1d"]),
    st.integers(0, 2**32 - 1),
    values,
)
sources = st.integers(0, 1023)
vectors = st.dictionaries(st.integers(0, 10**6), st.integers(-(2**62), 2**62), max_size=9)


@given(cells, sources)
def test_a_key_leads_back_to_its_cell_and_source(cell: bytes, source: int) -> None:
    assert parse_key(partial_key(cell, source)) == (cell, source)
    assert parse_key(watermark_key(source)) == (None, source)


@given(cells, sources, sources)
def test_sources_and_watermarks_have_keys_of_their_own(cell: bytes, one: int, two: int) -> None:
    assert (partial_key(cell, one) == partial_key(cell, two)) == (one == two)
    assert partial_key(cell, one) != watermark_key(one)


@given(st.integers(0, 2**60), st.text(max_size=16), vectors, st.none() | st.integers(0, 2**42))
def test_a_partial_comes_back_as_it_went(cycle: int, definition: str, vector: dict[int, int], oldest: int) -> None:
    partial = decode_partial(encode_partial(cycle, definition, encode(vector), oldest))
    assert (partial.cycle, partial.definition, partial.vector, partial.oldest) == (cycle, definition, vector, oldest)


@given(st.integers(0, 2**42), st.text(max_size=16), st.lists(st.integers(0, 2**60)))
def test_a_watermark_comes_back_as_it_went(clock: int, definition: str, reports: list[int]) -> None:
    watermark = Watermark(clock, definition, reports)
    assert decode_watermark(encode(watermark)) == watermark


@given(cells, st.integers(0, 10**6), st.sampled_from(["events", "now"]), st.integers(1, 64))
def test_the_home_is_the_same_through_windows_and_kinds(cell: bytes, minute: int, kind: str, partitions: int) -> None:
    """So that one worker shows a gauge through successive windows."""
    found = decode_cell(cell)
    later = encode_cell(kind, found.grouping, found.values, "1d", minute * 60_000)
    assert home(cell, partitions) == home(later, partitions)
    assert 0 <= home(cell, partitions) < partitions


def test_teams_are_spread_over_the_partitions() -> None:
    homes = {home(encode_cell("events", "team", (f"team-{n}",), "1h", 0), 4) for n in range(40)}
    assert homes == {0, 1, 2, 3}


def test_the_values_of_two_dimensions_do_not_run_into_each_other() -> None:
    """A home by joined values alone would put ("a", "bc") and ("ab", "c") together: harmless, but not meant."""
    one, two = (encode_cell("events", "team,temperature", values, "1h", 0) for values in (("a", "bc"), ("ab", "c")))
    assert home(one, 1 << 16) != home(two, 1 << 16)
