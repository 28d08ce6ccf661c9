"""What the documentation tells people to type is there: every command composes, every Python block runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from neuroface.cli import VERBS
from neuroface.configuration.compose import compose
from neuroface.configuration.sweep import jobs

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMPOSED = ("train", "eval", "report", "explain", "landmarks", "features", "prepare")  # verbs that read configuration
SLOW = ("finetuning.md",)  # pages whose blocks train a network
FLAGS = ("-m", "--multirun", "--help", "-h")


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of each fenced block."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def commands() -> list[tuple[str, str]]:
    """(page, line) of every neuroface command in a block, lines that go on joined and remarks taken off."""
    found = []
    for page in PAGES:
        for language, text in blocks(page):
            if language not in ("", "bash", "sh", "console"):
                continue
            for line in text.replace("\\\n", " ").splitlines():
                found += [
                    (page.name, part.strip())
                    for part in line.split("&&")
                    if re.match(r"\s*(\$ )?neuroface [a-z-]", part)
                ]
    return list(dict.fromkeys(found))


def test_commands_are_found():
    assert len(commands()) > 30


@pytest.mark.parametrize(("page", "line"), commands(), ids=lambda value: value[:70])
def test_a_command_of_the_documentation_composes(page, line):
    words = shlex.split(line.removeprefix("$ "), comments=True)[1:]
    if words[0].startswith("-"):
        return
    assert words[0] in VERBS, f"{page}: there is no verb {words[0]}"
    given = [word for word in words[1:] if word not in FLAGS]
    if words[0] not in COMPOSED or any("..." in word or word.startswith("hydra.searchpath=") for word in given):
        return
    for overrides in jobs(given) if {"-m", "--multirun"} & set(words) else [given]:
        compose(words[0], overrides)


def pages_with_python() -> list[object]:
    with_blocks = [page for page in PAGES if any(language == "python" for language, _ in blocks(page))]
    return [pytest.param(p, id=p.name, marks=[pytest.mark.slow] if p.name in SLOW else []) for p in with_blocks]


@pytest.mark.parametrize("page", pages_with_python())
def test_python_blocks_run_from_top_to_bottom(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {}
    for language, text in blocks(page):
        if language == "python":
            exec(compile(text, str(page), "exec"), space)


def test_the_reference_names_every_choice():
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("reference", ROOT / "scripts" / "site" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    reference = module_from_spec(spec)
    spec.loader.exec_module(reference)
    text = reference.page(ROOT / "configs")
    for file in (ROOT / "configs").glob("*/*.yaml"):
        assert f"### {file.parent.name}={file.stem}\n" in text
    assert "| `max_epochs` | `100` |" in text
