"""The local store: reads see every put, the disk only what was committed."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.engine.store import CYCLE, Cycle, Reached, Store, StoreFailed, encode_cycle

AT = Reached(7, b"incarnation", 1)


def test_a_put_is_read_back_before_and_during_and_after_its_commit(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(b"k", b"1")
    assert store.get(b"k") == b"1"
    writes = store.take()
    assert store.get(b"k") == b"1"
    store.apply(writes, AT)
    assert store.get(b"k") == b"1"


def test_a_put_during_a_commit_belongs_to_the_next(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(b"k", b"1")
    writes = store.take()
    store.put(b"k", b"2")
    store.apply(writes, AT)
    assert (store.get(b"k"), list(store.scan(b"k"))) == (b"2", [(b"k", b"1")])


def test_a_directory_knows_only_what_was_applied(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(b"a", b"1")
    store.apply(store.take(), AT)
    store.put(b"b", b"2")
    store.close()
    again = Store(tmp_path)
    assert (again.get(b"a"), again.get(b"b"), again.reached) == (b"1", None, AT)


def test_a_deleted_key_is_gone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(b"a", b"1")
    store.apply(store.take(), AT)
    store.put(b"a", None)
    assert store.get(b"a") is None
    store.apply(store.take(), AT)
    assert list(store.scan(b"a")) == []


def test_a_scan_stays_within_its_prefix_and_in_key_order(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for key in (b"b2", b"a1", b"b1", b"c1"):
        store.put(key, key)
    store.apply(store.take(), AT)
    assert [key for key, _ in store.scan(b"b")] == [b"b1", b"b2"]


def test_clearing_forgets_the_disk_and_what_was_pending(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(b"a", b"1")
    store.apply(store.take(), AT)
    store.put(b"b", b"2")
    store.clear()
    assert (store.get(b"a"), store.get(b"b"), store.reached) == (None, None, None)


def test_a_state_is_whole_where_its_first_cycle_is_known(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert not store.is_whole
    store.begin(Cycle(5, b"one"))
    assert (store.is_whole, store.cycle) == (True, Cycle(5, b"one"))
    store.put(CYCLE, encode_cycle(Cycle(6, b"another")))
    assert not store.is_whole


def test_beginning_anew_deletes_what_is_there_with_the_next_commit(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(b"a", b"1")
    store.apply(store.take(), AT)
    store.begin(Cycle(1, b"new"))
    assert (store.get(b"a"), store.reached, list(store.scan(b""))) == (None, None, [])
    assert store.take()[b"a"] is None


def test_a_topic_of_another_id_has_not_been_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.reads({"leads": "1", "calls": "2"}) == {"leads", "calls"}
    assert store.reads({"leads": "1", "calls": "2"}) == set()
    assert store.reads({"leads": "1", "calls": "3"}) == {"calls"}


def test_a_disk_that_refuses_is_named_with_its_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailed, match=r"file/0 cannot be opened"):
        Store(tmp_path / "file" / "0")
