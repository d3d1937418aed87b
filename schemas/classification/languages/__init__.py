"""The phrases that tell what a reply means, a module for each language.

A phrase is words in order. ``a|b`` is either word, ``..`` up to four words of the same sentence; accents and
capitals do not matter, commas are passed over. Phrases are divided by slashes and ends of lines. At one place of
a text only the longest phrase counts, so a longer phrase that means something else protects a shorter one ("why
not" is no refusal); those under ``nothing`` do only that.
"""

from __future__ import annotations

from typing import Final

from schemas.classification.languages import de, en, es, fr, ru
from schemas.classification.phrases import Language

LANGUAGES: Final[tuple[Language, ...]] = (en.LANGUAGE, de.LANGUAGE, fr.LANGUAGE, es.LANGUAGE, ru.LANGUAGE)
