"""Pages that are made from what is written elsewhere: start, contributing, changes, and the reference of all choices.

Run by MkDocs (gen-files), which calls it with the folder of the built site as its target.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import mkdocs_gen_files

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "site"))

import reference  # noqa: E402

NOTEBOOKS = ROOT / "notebooks"
EXECUTED = ROOT / "out" / "notebooks"  # by scripts/site/notebooks.py
NOT_EXECUTED = "!!! note\n    Shown without output. `make notebooks docs` executes it first.\n\n"
PAGES = {"index.md": "README.md", "contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}


def main() -> None:
    for page, source in PAGES.items():
        write(page, for_site((ROOT / source).read_text(encoding="utf-8")))
    write("reference.md", reference.page(ROOT / "configs"))
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        write(f"notebooks/{notebook.stem}.md", notebook_page(notebook))
    for file in EXECUTED.glob("*_files/*"):
        with mkdocs_gen_files.open(f"notebooks/{file.parent.name}/{file.name}", "wb") as copy:
            copy.write(file.read_bytes())


def notebook_page(notebook: Path) -> str:
    """What was seen when it was executed, or its cells alone where it was not since it changed."""
    executed = EXECUTED / f"{notebook.stem}.md"
    if executed.is_file() and executed.stat().st_mtime >= notebook.stat().st_mtime:
        return executed.read_text(encoding="utf-8")
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return NOT_EXECUTED + "\n\n".join(map(cell, cells))


def cell(of: dict[str, Any]) -> str:
    """A cell of a notebook as Markdown."""
    text = "".join(of["source"])
    return text if of["cell_type"] == "markdown" else f"```python\n{text}\n```"


def for_site(text: str) -> str:
    """Links that are right in the repository, as they are in the site; what the site does not hold is no link."""
    text = re.sub(r"\]\(docs/([^)]+)\)", r"](\1)", text)
    text = text.replace("](CONTRIBUTING.md)", "](contributing.md)").replace("](CHANGELOG.md)", "](changelog.md)")
    return text.replace("](CITATION.cff)", "](cite.md)")


def write(page: str, text: str) -> None:
    with mkdocs_gen_files.open(page, "w") as file:
        file.write(text)


main()
