"""What somebody wrote in a reply: without the messages quoted below it, the signature and the greeting's dashes."""

from __future__ import annotations

import re
from typing import Final

LOOKED_AT: Final = 16_000
"""Characters of a text that are looked at for what was written in it."""
KEPT: Final = 2_000
"""Characters of what was written that are judged."""
_LONGEST: Final = 200
"""Characters of a line in which a heading or a closing is looked for: a paragraph on one line is neither."""

_WROTE: Final = re.compile(r"\b(?:wrote|schrieb|écrit|escribió|написала?|пишет)\b", re.IGNORECASE)
_PLACED: Final = re.compile(r"[\d@]")
_QUOTED_BELOW: Final = re.compile(
    r"""[-_\s]*(?:original\smessage|ursprüngliche\snachricht|originalnachricht|message\sd'origine|mensaje\soriginal
    |исходное\sсообщение|forwarded\smessage|weitergeleitete\snachricht|пересылаемое\sсообщение|begin\sforwarded.*)[-_\s:]*
    |_{10,}|-{10,}""",
    re.IGNORECASE | re.VERBOSE,
)
_FROM: Final = re.compile(r"\W*(?:from|von|de|от)\W{0,3}:\W", re.IGNORECASE)
_HEADING: Final = re.compile(r"\W*[^\W\d]+(?:\s\w+)?\W{0,3}:\W")
_SIGNATURE: Final = re.compile(
    r"""--\s*|(?:sent\s(?:from|via)\s|(?:von\smeinem\s.*|.*\s)gesendet$|gesendet\s(?:von|mit)\s|envoyé\s(?:de|depuis)\s
    |enviado\s(?:desde|con)\s|отправлено\s(?:с|из)\s|get\soutlook\sfor\s).*""",
    re.IGNORECASE | re.VERBOSE,
)
_CLOSING: Final = re.compile(
    r"""(?:(?:best|kind|warm|warmest|many)?\s?(?:regards|wishes)|best|cheers|sincerely|yours(?:\s\w+)?|(?:mit\s)?(?:freundlichen|besten|vielen|herzlichen)\s
    gr(?:ü|ue)(?:ß|ss)en|(?:viele|beste|liebe|schöne|freundliche|herzliche)\sgr(?:ü|ue)(?:ß|ss)e|gru(?:ß|ss)|lg|vg|mfg|(?:bien\s)?(?:cordialement|à\svous)|cdt|salutations
    |bien\sà\svous|(?:un\s)?(?:cordial\s)?saludos?(?:\scordial(?:es)?)?|atentamente|с\sуважением)\s*(?:[,.!]\s*(?:\w+\W*){0,3})?""",
    re.IGNORECASE | re.VERBOSE,
)


def written(text: str) -> str:
    """The part of a reply that its sender wrote, at most ``KEPT`` characters; linear in ``LOOKED_AT``."""
    kept: list[str] = []
    lines = [line.strip() for line in text[:LOOKED_AT].splitlines()]
    for number, line in enumerate(lines):
        if line.startswith((">", "|")):
            continue
        if 0 < len(line) <= _LONGEST:
            following = next((one for one in lines[number + 1 : number + 3] if one), "")
            if _introduces(line, following):
                if not following.startswith(">"):
                    break
                continue
            if _SIGNATURE.fullmatch(line) or (any(kept) and _CLOSING.fullmatch(line)):
                break
        kept.append(line)
    return "\n".join(kept).strip()[:KEPT]


def _introduces(line: str, following: str) -> bool:
    """Whether a line says that another message comes: "On Monday … wrote:" in one line or the first of two, …"""
    if line.endswith(":"):
        return line.endswith(">:") or (_WROTE.search(line) is not None and _PLACED.search(line) is not None)
    if _FROM.match(line) and _HEADING.match(following):
        return True
    return _QUOTED_BELOW.fullmatch(line) is not None or _is_first_half(line, following)


def _is_first_half(line: str, following: str) -> bool:
    is_end = following.endswith(":") and len(following) <= _LONGEST and _WROTE.search(following) is not None
    return is_end and ("@" in following or "@" in line) and _PLACED.search(line) is not None
