from __future__ import annotations

from typing import Any

import pytest

from schemas.classification import classify, judge
from schemas.events import EmailReplied, Judgement
from tests.streams.floor import HOUR, lead_of, mail, ratio_of, reply

YES = Judgement("positive", "en: sounds good", 1)
AUTO = {"Auto-Submitted": "auto-replied"}


def replied(**data: Any) -> EmailReplied:
    return EmailReplied(**data)


def test_a_text_is_judged() -> None:
    judgement = judge(replied(text="Unsubscribe", headers={"X-Mailer": "pine"}))
    assert judgement is not None and (judgement.kind, judgement.class_) == ("unsubscribe", "negative")


@pytest.mark.parametrize(
    "data",
    [{}, {"text": ""}, {"text": "Sounds good", "class_": "negative"}, {"text": "Sounds good", "headers": AUTO}],
)
def test_there_is_nothing_to_judge_without_text_or_where_class_or_headers_say_it(data: dict[str, Any]) -> None:
    assert judge(replied(**data)) is None


@pytest.mark.parametrize(
    ("class_", "headers", "judged", "expected"),
    [
        ("neutral", AUTO, YES, "neutral"),
        ("auto", None, YES, "auto"),
        (None, AUTO, YES, "auto"),
        (None, {"X-Mailer": "pine"}, YES, "positive"),
        (None, None, None, None),
    ],
)
def test_the_sources_class_wins_over_headers_and_headers_over_text(
    class_: str | None, headers: dict[str, str] | None, judged: Judgement | None, expected: str | None
) -> None:
    judgement = classify(reply(0, class_, judged=judged, headers=headers))
    assert (None if judgement is None else judgement.class_) == expected


@pytest.mark.parametrize(
    ("kind", "class_"), [("out_of_office", "auto"), ("left_company", "auto"), ("unsubscribe", "negative")]
)
def test_finer_kinds_are_classes_of_the_contract(kind: Any, class_: str) -> None:
    assert Judgement(kind, "", 1).class_ == class_


def test_what_was_judged_counts() -> None:
    assert ratio_of("positive_reply_rate", mail(0), reply(HOUR, judged=YES)) == (1, 1)
    unsubscribed = reply(HOUR, judged=Judgement("unsubscribe", "", 1))
    assert ratio_of("negative_reply_rate", mail(0), unsubscribed) == (1, 1)


@pytest.mark.parametrize("kind", ["out_of_office", "left_company"])
def test_who_is_not_there_did_not_reply(kind: Any) -> None:
    away = reply(HOUR, judged=Judgement(kind, "", 1))
    assert ratio_of("reply_rate", mail(0), away) == (0, 1)
    assert lead_of(mail(0), away).instances[0].contact_after is None


def test_a_reply_nothing_is_known_of_is_human_and_unclassed() -> None:
    assert ratio_of("reply_rate", mail(0), reply(HOUR)) == (1, 1)
    assert ratio_of("positive_reply_rate", mail(0), reply(HOUR)) == (0, 1)


def test_what_was_judged_late_comes_after_a_class_that_was_stated() -> None:
    assert ratio_of("negative_reply_rate", mail(0), reply(1, "negative"), reply(2, judged=YES)) == (1, 1)
