"""The laws, stated once: what makes replays, repeats and corrections harmless."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def neither_order_nor_repeats_matter(
    fold: Callable[[Sequence[T]], Any], items: Sequence[T], shuffled: Sequence[T]
) -> None:
    """A semilattice: folding ``shuffled``, which holds the same items some of them repeated, gives the same."""
    assert fold(shuffled) == fold(items)


def is_an_abelian_group(add: Callable[[T, T], T], subtract: Callable[[T, T], T], zero: T, a: T, b: T, c: T) -> None:
    """Addition is associative and commutative, zero changes nothing, subtraction takes back what was added."""
    assert add(a, add(b, c)) == add(add(a, b), c)
    assert add(a, b) == add(b, a)
    assert add(a, zero) == a
    assert subtract(add(a, b), b) == a
    assert subtract(a, a) == zero
