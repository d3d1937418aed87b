"""What the pure core makes of lines of events, as bytes; ``python -m tests.streams.outcome`` answers through pipes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec

from schemas.decoding import canonical
from schemas.publishing import published
from streams.contributions import Contributed, changes, contributions
from streams.facts import facts
from streams.reading import read
from streams.rows import rows
from streams.spreading import spread
from streams.timelines import Timeline, absorb
from streams.windows import Cells
from tests.accepting import accepted
from tests.streams.floor import ALL, RULES

_encode = msgspec.msgpack.encode


def outcome(lines: Sequence[bytes]) -> bytes:
    """Timeline, facts, contributions, cells and rows of one lead to whom the lines come one after the other."""
    timeline, cells = Timeline("lead-1"), Cells(ALL, RULES)
    known: Contributed = {}
    table: dict[bytes, dict[int, int]] = {}
    found: list[object] = []
    for _, event in accepted(lines):
        found.append((canonical(event), absorb(timeline, event).value))
        lead = read(timeline, RULES)
        now = contributions(lead, ALL, RULES)
        spread(changes(known, now, ALL), cells, table)
        known = now
        told = facts(lead, RULES)
        found += [told and published(told), sorted(known.items())]
    found += [timeline.encode_chunk(number) for number in range(timeline.chunks)]
    for cell, vector in sorted(table.items()):
        found += [cell, sorted(vector.items()), [(row.key, published(row)) for row in rows(cell, vector, ALL, RULES)]]
    return _encode(found)


def main() -> None:
    """Answer one list of lines after the other; each way a length in four bytes, then msgpack."""
    while size := sys.stdin.buffer.read(4):
        answer = outcome(msgspec.msgpack.decode(sys.stdin.buffer.read(int.from_bytes(size)), type=list[bytes]))
        sys.stdout.buffer.write(len(answer).to_bytes(4) + answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
