from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("tensorboard")

from neuroface.report import html, tensorboard

MakeRun = Callable[..., Path]


def read(folder: Path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(folder)).Reload()


def scalar(folder: Path, tag: str) -> float:
    [event] = read(folder).Scalars(tag)
    return event.value


def test_each_fold_has_its_scalars(make_run: MakeRun) -> None:
    folder = make_run()
    out = tensorboard.write(folder)
    rows = pd.read_csv(folder / "predictions.csv").groupby("subject")
    assert {path.name for path in out.iterdir()} == {*rows.groups, "summary"}
    one = rows.get_group("A003")
    assert scalar(out / "A003", "test/p_ALS") == pytest.approx(one["p_ALS"].mean(), rel=1e-6)
    assert scalar(out / "A003", "test/p_true_class") == pytest.approx(one["p_ALS"].mean(), rel=1e-6)
    assert scalar(out / "A003", "threshold") == pytest.approx(one["threshold"].mean(), rel=1e-6)
    assert scalar(out / "A003", "n/training_people") == 21
    assert scalar(out / "A003", "n/test_people") == 1


def test_a_network_shows_how_it_was_trained(make_run: MakeRun) -> None:
    folder = make_run()
    (folder / "models").mkdir(exist_ok=True)
    told = [{"epoch": 1, "loss": 0.75, "held_out_loss": 0.5}, {"epoch": 2, "loss": 0.25, "held_out_loss": 0.625}]
    (folder / "models" / "A003.history.json").write_text(json.dumps({"epochs": told}))
    out = tensorboard.write(folder)
    curve = read(out / "A003").Scalars("training/held_out_loss")
    assert [(point.step, point.value) for point in curve] == [(1, 0.5), (2, 0.625)]
    assert "training/loss" not in read(out / "A004").Tags()["scalars"]
    assert "training/epoch" not in read(out / "A003").Tags()["scalars"]


def test_summary_has_every_score_and_the_figures(make_run: MakeRun) -> None:
    folder = make_run()
    page = html.render(folder)
    summary = tensorboard.write(folder) / "summary"
    scores = json.loads((folder / "scores.json").read_text())
    assert scalar(summary, "subject/auc") == pytest.approx(scores["subject"]["auc"], rel=1e-6)
    assert scalar(summary, "subject/auc_ci/1") == pytest.approx(0.98, rel=1e-6)
    found = read(summary)
    assert set(found.Tags()["images"]) == {f"figures/{path.stem}" for path in page.parent.glob("*.png")}
    assert found.Images("figures/roc")[0].encoded_image_string == (page.parent / "roc.png").read_bytes()


def test_writing_again_replaces_and_repeats(make_run: MakeRun) -> None:
    folder = make_run()
    out = tensorboard.write(folder)
    (out / "left over").mkdir()
    before = {path.relative_to(out): path.read_bytes() for path in out.rglob("events*")}
    tensorboard.write(folder)
    assert {path.relative_to(out): path.read_bytes() for path in out.rglob("events*")} == before
    assert not (out / "left over").exists()


def test_reports_need_no_torch(make_run: MakeRun) -> None:
    folder = make_run(permutations=0)
    code = (
        "import sys; from neuroface.report import html, tables, tensorboard\n"
        f"html.render({str(folder)!r}); tensorboard.write({str(folder)!r}); tables.summary_text({str(folder)!r})\n"
        "assert not {'torch', 'sklearn', 'scipy', 'matplotlib.pyplot'} & set(sys.modules), sorted(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
