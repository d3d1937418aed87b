"""Both stages under records broken at any place: read = used + dead letters, and all that is told is valid."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.floor import TOPICS, floor
from tests.fuzz.laws import SETTINGS
from tests.fuzz.records import Arrival, arrivals

FEW = SETTINGS.model_copy(update={"windows": "1d,all", "groupings": "all;team;source"})


@settings(max_examples=25)
@given(st.lists(arrivals(TOPICS), min_size=5, max_size=30), st.integers(1, 3))
def test_whatever_comes_is_used_or_a_dead_letter_and_is_so_again(found: list[Arrival], partitions: int) -> None:
    """A worker that is started anew on what was committed makes the same of the same."""
    with floor(FEW, partitions) as pipeline:
        pipeline.feed(found)
        pipeline.commit()
        distinct, standing = [stage.distinct for stage in pipeline.pipeline.leads.made], pipeline.standing()
        pipeline.pipeline.restart()
        pipeline.feed(found[::-1])
        pipeline.commit()
        assert [stage.distinct for stage in pipeline.pipeline.leads.made] == distinct
        assert pipeline.standing() == standing
