"""What notify tells Prometheus."""

from __future__ import annotations

from sinks.notify.metrics import Metrics


def test_the_first_message_that_is_given_up_is_an_increase() -> None:
    found = Metrics(["reps", "heads"]).registry.get_sample_value
    assert [found("sales_notify_dead_total", {"audience": name}) for name in ("reps", "heads")] == [0, 0]
