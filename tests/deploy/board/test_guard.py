"""Who may look at the board."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy.board import guard
from deploy.board.guard import is_loopback
from deploy.listings import show_settings
from schemas.settings import Settings
from tests.deploy.board.serving import Served

TOKEN = "a token that is long enough"


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A board with a token, open to other machines."""
    served = Served(tmp_path_factory.mktemp("guarded"), None, board_token=TOKEN, host="0.0.0.0")
    yield served
    served.end()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_WRONG_SECONDS", 0.0)


def test_without_the_token_nothing_is_told_but_that_it_is_asked_for(behind: Served) -> None:
    for path in ("about", "floor", "live", "past", "history", "letters", "index.html", "board.js", "enter/../about"):
        assert behind.get(path)[0] == 401, path
    assert behind.post("leads", {})[0] == behind.post("lead", {"lead": "x"})[0] == 401
    status, page = behind.get()
    assert (status, "token" in page, "Floor" in page) == (200, True, False)
    assert behind.get("enter.html") == (status, page)


def test_whoever_knows_it_comes_in_and_stays_in(behind: Served) -> None:
    person = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    wrong = person.open(behind.url + "enter", urllib.parse.urlencode({"token": TOKEN[:-1]}).encode())
    assert wrong.url == behind.url + "enter.html#wrong"
    entered = person.open(behind.url + "enter", urllib.parse.urlencode({"token": TOKEN}).encode())
    assert (entered.url, b"Floor" in entered.read()) == (behind.url, True)
    assert person.open(behind.url + "floor").status == 200


def test_the_cookie_is_no_token_and_no_page_elsewhere_can_send_it(behind: Served) -> None:
    class Still(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: object, **kwargs: object) -> None:
            return None

    form = urllib.parse.urlencode({"token": TOKEN}).encode()
    with pytest.raises(urllib.error.HTTPError) as stopped:
        urllib.request.build_opener(Still).open(behind.url + "enter", form)
    cookie = stopped.value.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and TOKEN not in urllib.parse.unquote(cookie)


def test_programs_bring_the_token_with_them(behind: Served) -> None:
    assert behind.get("floor", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert behind.get("floor", Authorization=f"Bearer {TOKEN}x")[0] == 401
    assert behind.get("floor", Cookie=f"salespulse-board={TOKEN}")[0] == 401


def test_beyond_loopback_it_is_closed_without_a_token_and_says_what_to_set(tmp_path: Path) -> None:
    served = Served(tmp_path, None, host="0.0.0.0")
    try:
        for path in ("", "floor", "board.css"):
            status, said = served.get(path)
            assert (status, "SALESPULSE_BOARD_TOKEN" in said, "SALESPULSE_HOST" in said) == (403, True, True)
        # Prometheus has no token.
        assert urllib.request.urlopen(served.url.replace("/board/", "/metrics"), timeout=5).status == 200
    finally:
        served.end()


def test_on_loopback_a_page_that_took_its_name_elsewhere_is_refused(tmp_path: Path) -> None:
    served = Served(tmp_path, None)
    try:
        assert served.get("floor", Host="evil.example")[0] == served.get("floor", Host="[::1")[0] == 403
        assert served.get("floor", Host="localhost:1234")[0] == served.get("floor", Host="[::1]")[0] == 200
        answer = urllib.request.urlopen(served.url, timeout=5)
        assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
    finally:
        served.end()


@pytest.mark.parametrize(
    ("host", "only_here"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True)]
    + [(name, False) for name in ("0.0.0.0", "::", "10.0.0.7", "", "localhost.evil.example", "127.0.0.1.nip.example")],
)
def test_loopback_is_what_no_other_machine_reaches(host: str, only_here: bool) -> None:
    assert is_loopback(host) is only_here


def test_the_token_is_never_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show_settings(Settings(_env_file=None, board_token=TOKEN))
    assert TOKEN not in capsys.readouterr().out
    with pytest.raises(ValidationError):
        Settings(_env_file=None, board_token="short")
