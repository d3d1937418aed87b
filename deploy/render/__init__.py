"""Generated files: every renderer says what is to stand where, one function writes or checks it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from deploy import configuration
from deploy.render import alerting, asyncapi, docker, grafana, kpis, kubernetes, recorded_kpis, scaling, schemas

RENDERERS: Final[tuple[Callable[[], dict[str, str]], ...]] = (
    schemas.files,
    asyncapi.files,
    configuration.files,
    alerting.files,
    grafana.files,
    docker.files,
    kubernetes.files,
    recorded_kpis.files,
    kpis.files,
    scaling.files,
)
"""Each gives relative path → text; no two of them the same path."""


def render(root: Path, check: bool = False) -> list[str]:
    """Write every generated file below ``root``, or only look; the relative paths that were stale."""
    return write(root, {path: text for files in RENDERERS for path, text in files().items()}, check)


def write(root: Path, wanted: dict[str, str], check: bool = False) -> list[str]:
    """Write the files that are ``wanted``, relative path → text, or only look; the paths that were stale."""
    stale = sorted(path for path, text in wanted.items() if _text(root / path) != text)
    for path in [] if check else stale:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(wanted[path], encoding="utf-8")
    return stale


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
