from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.classification.headers import by_headers


def kind_of(**headers: str) -> str | None:
    """By headers whose names are written with underscores."""
    judgement = by_headers({name.replace("_", "-"): value for name, value in headers.items()})
    return None if judgement is None else judgement.kind


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Auto-Submitted": "auto-replied"}, "auto"),
        ({"AUTO-SUBMITTED": "  Auto-Generated "}, "auto"),
        ({"auto-submitted": "auto-notified;\r\n owner-email=a@example.com"}, "auto"),
        ({"Auto-Submitted": "auto-replied(vacation)"}, "auto"),
        ({" Auto-Submitted ": "auto-replied"}, "auto"),
        ({"Auto-Submitted": "x-made-up"}, "auto"),
        ({"X-Autoreply": "yes"}, "auto"),
        ({"x-autorespond": "Re: your offer"}, "auto"),
        ({"X-Auto-Reply": ""}, "auto"),
        ({"Precedence": "Bulk"}, "auto"),
        ({"precedence": "junk"}, "auto"),
        ({"X-Precedence": "auto_reply"}, "auto"),
        ({"List-Unsubscribe": "<mailto:off@example.com>"}, "auto"),
        ({"List-Unsubscribe": "<mailto:off@example.com>", "List-Post": "NO"}, "auto"),
        ({"Return-Path": "<>"}, "auto"),
        ({"Return-Path": " < > "}, "auto"),
        ({"Return-Path": "<MAILER-DAEMON>"}, "auto"),
        ({"From": "Shop <no-reply@example.com>"}, "auto"),
        ({"From": "donotreply@example.com"}, "auto"),
        ({"From": "Mail System <MAILER-DAEMON@example.com>"}, "bounce"),
        ({"From": "postmaster@example.com"}, "bounce"),
        ({"X-Failed-Recipients": "a@example.com"}, "bounce"),
        ({"Content-Type": "multipart/report; report-type=delivery-status; boundary=x"}, "bounce"),
        ({"Content-Type": 'Multipart/Report;\r\n\treport-type="delivery-status"'}, "bounce"),
        ({"content-type": "multipart/report"}, "bounce"),
        ({"Content-Type": "multipart/report; report-type=disposition-notification"}, "auto"),
        ({"Subject": "Undeliverable: your offer"}, "bounce"),
        ({"Subject": "Automatic reply: your offer"}, "auto"),
        ({"Subject": "Automatische Antwort: Ihr Angebot"}, "auto"),
        ({"Subject": "Réponse automatique : votre offre"}, "auto"),
        ({"Subject": "Respuesta automática: su oferta"}, "auto"),
        ({"Subject": "Автоматический ответ: предложение"}, "auto"),
        ({"Subject": "=?utf-8?B?0JDQstGC0L7QvtGC0LLQtdGC?="}, "auto"),
        ({"Subject": "Out of Office: Re: your offer"}, "out_of_office"),
        ({"Subject": "Abwesenheitsnotiz"}, "out_of_office"),
    ],
)
def test_machines_give_themselves_away(headers: dict[str, str], kind: str) -> None:
    judgement = by_headers(headers)
    assert judgement is not None and judgement.kind == kind
    assert judgement.class_ == ("bounce" if kind == "bounce" else "auto")


@pytest.mark.parametrize(
    "headers",
    [
        None,
        {},
        {"Auto-Submitted": "no"},
        {"auto-submitted": " No "},
        {"Auto-Submitted": "no; because=human"},
        {"Auto-Submitted": ""},
        {"X-Autoreply": "No"},
        {"Precedence": "list"},
        {"Precedence": "first-class"},
        {"List-Unsubscribe": "<mailto:off@example.com>", "LIST-POST": "<mailto:sales@example.com>"},
        {"List-Id": "sales.example.com"},
        {"Return-Path": "<tom@example.com>"},
        {"X-Failed-Recipients": ""},
        {"X-Auto-Response-Suppress": "All"},
        {"Content-Type": "multipart/alternative; boundary=multipart/report"},
        {"From": "Anna Noreply-Postmaster <anna@example.com>"},
        {"Subject": "Re: Automatic reply to our customers: your offer"},
        {"Subject": "=?no-such-charset?Q?auto?="},
        {"Subject": "Automation for replies"},
    ],
)
def test_people_are_not_taken_for_machines(headers: dict[str, str] | None) -> None:
    assert by_headers(headers) is None


def test_a_bounce_is_one_though_machines_send_them() -> None:
    assert kind_of(Auto_Submitted="auto-replied", Return_Path="<>", X_Failed_Recipients="a@example.com") == "bounce"


def test_it_is_told_which_header_decided_and_not_what_it_held() -> None:
    judgement = by_headers({"X-Failed-Recipients": "a@example.com"})
    assert judgement is not None and judgement.why == "header: x-failed-recipients"


names = st.sampled_from(["Auto-Submitted", "auto-submitted", "List-Post", "Precedence", "Subject", "From"])
values = st.sampled_from(["no", "auto-replied", "bulk", "=?utf-8?q?=", "=?x?b?!?=", "<>"]) | st.text(max_size=20)


@given(st.dictionaries(names | st.text(max_size=5), values, max_size=5))
def test_whatever_stands_in_headers_is_read_in_any_order(headers: dict[str, str]) -> None:
    """Two events that differ only in the order of their headers have one canonical JSON, so they are the same."""
    turned = dict(reversed(headers.items()))
    assert by_headers(headers) == by_headers(turned)
