"""Pages that are made from what is written elsewhere: start, contributing, changes, and the reference of all choices.

Run by MkDocs (gen-files), which calls it with the folder of the built site as its target.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import mkdocs_gen_files

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "site"))

import reference  # noqa: E402

PAGES = {"index.md": "README.md", "contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}


def main() -> None:
    for page, source in PAGES.items():
        write(page, for_site((ROOT / source).read_text(encoding="utf-8")))
    write("reference.md", reference.page(ROOT / "configs"))


def for_site(text: str) -> str:
    """Links that are right in the repository, as they are in the site; what the site does not hold is no link."""
    text = re.sub(r"\]\(docs/([^)]+)\)", r"](\1)", text)
    text = text.replace("](CONTRIBUTING.md)", "](contributing.md)").replace("](CHANGELOG.md)", "](changelog.md)")
    return text.replace("](CITATION.cff)", "](cite.md)")


def write(page: str, text: str) -> None:
    with mkdocs_gen_files.open(page, "w") as file:
        file.write(text)


main()
