from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from deploy.render.site import first_page

ROOT: Final = Path(__file__).parents[2]


def test_the_site_is_built_and_no_link_leads_nowhere(tmp_path: Path) -> None:
    """Strict: a page that is in no menu, a link or an anchor that is not there ends it."""
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    built = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    )
    assert (built.returncode, built.stderr) == (0, "")
    assert 'class="mermaid"' in (tmp_path / "index.html").read_text()
    assert (tmp_path / "runbook" / "index.html").exists()


def test_the_first_page_links_to_pages_of_the_site_and_names_the_rest() -> None:
    readme = "[a](docs/a.md#b), [c](LICENSE), [d](docs/examples/d.jsonl), [e](https://e.example)"
    assert first_page(readme) == "[a](a.md#b), c, [d](examples/d.jsonl), [e](https://e.example)"
