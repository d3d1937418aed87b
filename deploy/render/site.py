"""What ``mkdocs.yml`` calls to build the site: the README is its first page, with links as they are from there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

_ELSEWHERE: Final = re.compile(r"\[([^]]+)\]\((?!docs/|https?://|#)[^)]*\)")


def first_page(readme: str) -> str:
    """The README for a reader who has the site alone: what is not in it is named, not linked."""
    return _ELSEWHERE.sub(r"\1", readme).replace("](docs/", "](")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the first page; mkdocs calls it."""
    from mkdocs.structure.files import File

    readme = (Path(config.docs_dir).parent / "README.md").read_text(encoding="utf-8")
    files.append(File.generated(config, "index.md", content=first_page(readme)))
    return files
