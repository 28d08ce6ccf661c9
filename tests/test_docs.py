"""What the documentation tells people to type is there: every command composes, every Python block runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from neuroface.cli import VERBS, main
from neuroface.configuration.compose import compose
from neuroface.configuration.sweep import jobs

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
# verbs that read configuration
COMPOSED = ("train", "eval", "report", "explain", "landmarks", "features", "prepare", "predict")
SLOW = ("finetuning.md", "from_clips.md")  # pages whose blocks train a network, or film
TUTORIALS = ("from_clips.md", "from_r.md")  # pages whose commands run, too, each on what the blocks above it made
ONE_JOB = ["execution.n_jobs=1"]
FLAGS = ("-m", "--multirun", "--help", "-h")


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of each fenced block."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def commands() -> list[tuple[str, str]]:
    """(page, line) of every neuroface command in a block."""
    found = [(page.name, line) for page in PAGES for block in blocks(page) for line in commands_in(*block)]
    return list(dict.fromkeys(found))


def commands_in(language: str, text: str) -> list[str]:
    """The neuroface commands of a block; lines that go on are joined."""
    if language not in ("", "bash", "sh", "console"):
        return []
    parts = [part for line in text.replace("\\\n", " ").splitlines() for part in line.split("&&")]
    return [part.strip() for part in parts if re.match(r"\s*(\$ )?neuroface [a-z-]", part)]


def words_in(line: str) -> list[str]:
    """What follows `neuroface`, without the remark at the end."""
    return shlex.split(line.removeprefix("$ "), comments=True)[1:]


def test_commands_are_found():
    assert len(commands()) > 30


@pytest.mark.parametrize(("page", "line"), commands(), ids=lambda value: value[:70])
def test_a_command_of_the_documentation_composes(page, line):
    words = words_in(line)
    if words[0].startswith("-"):
        return
    assert words[0] in VERBS, f"{page}: there is no verb {words[0]}"
    hydras = ("hydra/launcher=", "hydra.launcher.")  # of an extra that need not be installed
    given = [word for word in words[1:] if word not in FLAGS and not word.startswith(hydras)]
    if words[0] not in COMPOSED or any("..." in word or word.startswith("hydra.searchpath=") for word in given):
        return
    outside = words[0] == "eval" and any(word.startswith("cohort=") for word in given)  # a run asked about other people
    for overrides in jobs(given) if {"-m", "--multirun"} & set(words) else [given]:
        compose("predict" if outside else words[0], overrides)


def pages_with_python() -> list[object]:
    """Each page that has Python blocks, as a parameter of a test."""
    with_blocks = [page for page in PAGES if any(language == "python" for language, _ in blocks(page))]
    return [pytest.param(p, id=p.name, marks=[pytest.mark.slow] if p.name in SLOW else []) for p in with_blocks]


@pytest.mark.parametrize("page", pages_with_python())
def test_blocks_run_from_top_to_bottom(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {}
    for language, text in blocks(page):
        if language == "python":
            exec(compile(text, str(page), "exec"), space)
        elif page.name in TUTORIALS:
            for line in commands_in(language, text):
                assert main([*words_in(line), *ONE_JOB]) == 0, line


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


def test_every_check_of_the_audit_has_its_place():
    from neuroface.evaluate.audit_checks import CHECKS

    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    for check in CHECKS:
        assert f"\n## {check.number}\n" in page
        assert check.leak is None or f"`{check.leak}`" in page
