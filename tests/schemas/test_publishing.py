from __future__ import annotations

import tracemalloc

from schemas.publishing import dumps


def test_what_is_kept_takes_no_more_memory_than_its_text() -> None:
    """orjson 3.13 returns bytes that hold their whole buffer: 100,000 lead facts would take a gigabyte."""
    tracemalloc.start()
    try:
        kept = [dumps({"lead": f"lead-{n}"}) for n in range(100)]
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 100 * 300, len(kept)
