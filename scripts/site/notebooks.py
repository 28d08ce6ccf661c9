"""Executes notebooks/*.ipynb, each in an empty folder, and writes a copy with its output for the site.

python scripts/site/notebooks.py [NAME ...]     all of them, or those whose names begin so
A cell that fails ends the whole with exit code 1. The notebooks themselves stay as they are, without output.
"""

from __future__ import annotations

import copy
import html
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
OUT = ROOT / "out" / "notebooks"  # scripts/site/pages.py takes them from here
CELL_LIMIT_S = 1200  # a cell that takes longer hangs, also on a crowded machine
START_LIMIT_S = 300
AT_ONCE = 2
LONGEST_OUTPUT = 60  # lines of text; more is no help on a page


def main(prefixes: list[str]) -> int:
    """How many notebooks failed, as an exit code."""
    chosen = [file for file in sorted(NOTEBOOKS.glob("*.ipynb")) if file.name.startswith(tuple(prefixes or [""]))]
    if not chosen:
        print(f"no notebook in {NOTEBOOKS} is called like that", file=sys.stderr)
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(min(AT_ONCE, os.cpu_count() or 1)) as pool:
        problems = [problem for problem in pool.map(executed, chosen) if problem]
    print(*problems, sep="\n", end="", file=sys.stderr)
    return 1 if problems else 0


def executed(file: Path) -> str:
    """Run one notebook and write OUT/<name>.md with its pictures; returns what went wrong, or nothing."""
    book = nbformat.read(file, as_version=4)
    nbformat.validate(book)
    start = time.monotonic()
    # commands in %%bash cells are those of this very Python
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # two notebooks share the machine
    with tempfile.TemporaryDirectory(prefix="notebook-") as folder:
        client = NotebookClient(
            book,
            timeout=CELL_LIMIT_S,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            startup_timeout=START_LIMIT_S,
            coalesce_streams=True,
        )
        try:
            client.execute()
        except CellExecutionError as error:
            return f"{file.name}: {error}\n"
    write(file.stem, book)
    print(f"{file.name}: {time.monotonic() - start:.0f} s", flush=True)
    return ""


def write(name: str, book: nbformat.NotebookNode) -> None:
    """The executed notebook as Markdown, with PNG and HTML files beside it in <name>_files/."""
    files: dict[str, bytes] = {}
    text, resources = MarkdownExporter().from_notebook_node(
        prepared(name, book, files), resources={"unique_key": name, "output_files_dir": f"{name}_files"}
    )
    (OUT / f"{name}.md").write_text(text, encoding="utf-8")
    for path, content in {**resources["outputs"], **files}.items():
        (OUT / path).parent.mkdir(exist_ok=True)
        (OUT / path).write_bytes(content)


def prepared(name: str, book: nbformat.NotebookNode, files: dict[str, bytes]) -> nbformat.NotebookNode:
    """A copy whose output suits a page: reports as files of their own, no styles inside tables, no words of progress.

    files: gets path -> content of the reports.
    """
    book = copy.deepcopy(book)
    for cell in book.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        for output in cell.outputs:
            data = output.get("data", {})
            if "<iframe srcdoc=" in data.get("text/html", ""):
                path = f"{name}_files/{cell.id}.html"
                files[path] = framed_page(data["text/html"]).encode()
                data["text/html"] = f'<iframe src="{path}" width="100%" height="700" title="report"></iframe>'
            elif "text/html" in data:
                data["text/html"] = site_table(data["text/html"])
            if output.get("name") == "stdout":
                output.text = shortened(output.text)
    return book


def framed_page(frame: str) -> str:
    """The page inside an <iframe srcdoc="...">."""
    found = re.search(r'srcdoc="([^"]*)"', frame)
    return html.unescape(found.group(1)) if found else frame


def site_table(text: str) -> str:
    """A data frame without its own style, so that it looks and scrolls as the other tables of the site."""
    plain = re.sub(r"<style.*?</style>\s*", "", text, flags=re.DOTALL)
    return plain.replace('<table border="1" class="dataframe">', "<table>")


def shortened(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return text if len(lines) <= LONGEST_OUTPUT else "".join([*lines[:LONGEST_OUTPUT], "...\n"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
