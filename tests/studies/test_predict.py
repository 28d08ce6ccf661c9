from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import neuroface as nf
from neuroface.cli import main
from neuroface.cohorts import folder_writer
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.errors import ConfigError, DataError, LeakageError
from neuroface.report.run import read
from neuroface.studies.digital_face import write_clip
from neuroface.studies.external import validate
from neuroface.studies.person import change, drivers
from neuroface.studies.predict import ask, predict, visits_of, warnings_of

PEOPLE = "cohort.people={HC: 4, ALS: 4}"
# people of the same clinic whom the run has not seen: numbers 5 and 6 of each group
NEW = ["cohort=synthetic", "cohort.people={HC: 6, ALS: 6}", "cohort.exclude=[N001,N002,N003,N004,A001,A002,A003,A004]"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict") / "run"
    return nf.train(PEOPLE, "protocol.permutations=0", "execution.n_jobs=1", classifier="logistic", run=folder)


def test_new_people_are_judged_by_every_folds_model(run):
    table = predict([f"run={run.path}", *NEW]).table
    assert table["subject"].tolist() == ["N005", "N006", "A005", "A006"]
    assert (table["task"] == "OPEN").all()
    assert (table["p_HC"] + table["p_ALS"]).tolist() == pytest.approx([1] * 4)
    files = sorted((run.path / "models").glob("*.skops"))
    assert len(files) == 8
    features = nf.features(*NEW, **{"cohort.tasks": ["OPEN"]})
    names = [name for name in run.features.columns if "." in name]
    by_hand = np.mean([nf.load_model(file).predict_proba(features[names].to_numpy())[:, 0] for file in files], axis=0)
    mean = pd.Series(by_hand).groupby(features["subject"], sort=False).mean()
    assert table.set_index("subject")["p_ALS"].to_dict() == pytest.approx(mean.to_dict())
    assert (table["sd_ALS"] > 0).all()


def test_a_model_that_rotted_is_refused_and_rotten_predictions_are_told(run, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(run.path, folder)
    table = folder / "predictions.csv"
    table.write_text(table.read_text().replace("0.9", "0.8", 1))
    read(folder)
    told = capsys.readouterr().err
    assert f"{folder}: predictions.csv hold other bytes than this run wrote" in told
    model = sorted((folder / "models").glob("*.skops"))[0]
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    with pytest.raises(DataError, match=f"wrote other bytes than there are now in models/{model.name}"):
        predict([f"run={folder}", *NEW])


def test_people_of_the_run_are_refused_by_name(run):
    with pytest.raises(LeakageError, match="were fitted on A001, A002"):
        predict([f"run={run.path}", "cohort=synthetic", PEOPLE])


def test_what_lies_outside_the_runs_range_is_counted_and_told(run):
    found = predict([f"run={run.path}", *NEW, "cohort.effect=6"])
    assert found.table["outside"].max() > 0
    assert any("outside the range that the run knows" in warning for warning in found.warnings)
    assert any("synthetic" in warning for warning in found.warnings)
    assert "not a medical device" in found.warnings[-1]


def test_the_question_is_the_runs(run):
    with pytest.raises(ConfigError, match="classifier, features: the question"):
        predict([f"run={run.path}", *NEW, "classifier=forest", "features=[rom]"])
    with pytest.raises(ConfigError, match="or cohort= says whose"):
        predict([f"run={run.path}"])


def test_pixels_where_mm_were_learnt_are_refused(run):
    filmed = ["cohort.modality=rgbd", "cohort.fps=10", "cohort.repetitions={OPEN: 1}", "lift=none", "quality=null"]
    with pytest.raises(DataError, match=r"other features than these recordings give.*lift=depth"):
        predict([f"run={run.path}", NEW[0], "cohort.people={HC: 5}", "cohort.exclude=[N001,N002,N003,N004]", *filmed])


def test_a_run_on_mm_does_not_advise_to_give_up_depth(run, tmp_path):
    """Pixels, as any clip has: lift=none would end in the refusal above."""
    (one,) = SyntheticCohort(people={"ALS": 1}, tasks=["OPEN"], seed=11).recordings()
    file = tmp_path / "pixels.npz"
    np.savez(file, points_px=one.landmarks.points[..., :2] + 300, timestamps_s=one.landmarks.timestamps_s)
    with pytest.raises(DataError, match="no depth; the run learnt millimetres, so give depth") as raised:
        predict([f"run={run.path}", f"recording={file}"])
    assert "set lift=none" not in str(raised.value)


def test_a_run_without_models_says_so(run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    shutil.rmtree(copy / "models")
    with pytest.raises(ConfigError, match="keeps no models"):
        predict([f"run={copy}", *NEW])


def test_a_run_without_some_of_its_models_is_refused(run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    (copy / "models" / "A002.skops").unlink()
    with pytest.raises(ConfigError, match="no model of 1 of the run's folds: A002"):
        predict([f"run={copy}", *NEW])


def test_a_row_of_a_table_is_enough(run, tmp_path):
    """One new person, without a label or a task, one measure missing; judged as where the rows come from."""
    features = nf.features(*NEW, **{"cohort.tasks": ["OPEN"]})
    one = features[features["subject"] == "A006"].rename(columns={"subject": "who"})
    one.drop(columns=["group", "y", "task"]).to_csv(tmp_path / "row.csv", index=False)
    words = ["cohort=table", f"cohort.path={tmp_path / 'row.csv'}", "cohort.subject=who"]
    found = predict([f"run={run.path}", *words]).table.iloc[0]
    others = predict([f"run={run.path}", *NEW]).table.set_index("subject")
    assert found["p_ALS"] == pytest.approx(others.loc["A006", "p_ALS"])
    assert (found["group"], found["task"]) == ("unlabelled", "OPEN")
    one.assign(**{"rom.mouth_width_mm": np.nan}).to_csv(tmp_path / "row.csv", index=False)
    assert 0 < predict([f"run={run.path}", *words]).table["p_ALS"][0] < 1
    one.drop(columns="rom.mouth_width_mm").to_csv(tmp_path / "row.csv", index=False)
    with pytest.raises(ConfigError, match=r"rom\.mouth_width_mm matches no column"):
        predict([f"run={run.path}", *words])


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("frames_with_other_faces", "shows other people, too, in 3 of the frames"),
        ("faces_elsewhere", "found again in another place, 3 times"),
        ("frames_of_other_faces", "holds 3 rows of other people's faces"),
    ],
)
def test_other_people_in_a_recording_are_told_of(run, mm_file, note, told):
    asked = ask([f"run={run.path}", f"recording={mm_file / 'first.npz'}"])
    assert not any(told in warning for warning in warnings_of(asked, "first"))
    (one,) = asked.seen
    noted = replace(one, recording=replace(one.recording, notes={note: 3}))
    for subject, expected in (("first", 1), (None, 1), ("another", 0)):
        found = [warning for warning in warnings_of(replace(asked, seen=[noted]), subject) if told in warning]
        assert len(found) == expected


@pytest.mark.slow
def test_a_clip_of_two_faces_says_so(tmp_path):
    """Two rendered people side by side, a FAN and a Haar cascade, as a user without further files has them."""
    pixels = ["cohort.modality=rgbd", "lift=none", "cohort.fps=10", "quality=null"]
    nf.train(
        PEOPLE, *pixels, "protocol.permutations=0", "execution.n_jobs=1", classifier="logistic", run=tmp_path / "r"
    )
    people = SyntheticCohort(
        people={"HC": 1, "ALS": 1}, tasks=["OPEN"], repetitions={"OPEN": 1}, fps=10, seed=5, modality="rgbd"
    )
    films = [one.video.frames(0, 20) for one in people.recordings()]
    write_clip((np.hstack([a.color, b.color]) for a, b in zip(*films, strict=True)), tmp_path / "two.mp4")
    words = ["landmarks=fan", "landmarks.weights=bundled", "repetitions=whole", f"recording={tmp_path / 'two.mp4'}"]
    told = predict([f"run={tmp_path / 'r'}", *words]).warnings
    assert any("shows other people, too" in warning for warning in told)


def test_both_doors_give_the_same(run, tmp_path, capsys):
    out = tmp_path / "p.csv"
    assert main(["predict", f"run={run.path}", *NEW, f"out={out}"]) == 0
    table = nf.predict(run, *NEW)
    pd.testing.assert_frame_equal(pd.read_csv(out), table, check_dtype=False)
    assert table.attrs["command"].startswith("neuroface predict cohort=synthetic")
    assert "not a medical device" in capsys.readouterr().err


@pytest.fixture(scope="module")
def mm_file(tmp_path_factory):
    """A new person's landmarks in mm, as a file; and the same person as the disease goes on."""
    folder = tmp_path_factory.mktemp("files")
    for name, effect in (("first", 1.0), ("second", 4.0)):
        (one,) = SyntheticCohort(people={"ALS": 1}, tasks=["OPEN"], seed=11, effect=effect).recordings()
        np.savez(folder / f"{name}.npz", points=one.landmarks.points, timestamps_s=one.landmarks.timestamps_s)
    return folder


def test_a_file_gives_a_page_and_a_sheet_to_print(run, mm_file, tmp_path, capsys):
    assert main(["predict", f"run={run.path}", f"recording={mm_file / 'first.npz'}", f"out={tmp_path / 'p'}"]) == 0
    assert "taken to be OPEN, the task of the run" in capsys.readouterr().err
    page = (tmp_path / "p" / "first.html").read_text()
    assert "Research use only" in page
    assert "Beside 4 healthy people of the run" in page
    assert (tmp_path / "p" / "first.pdf").read_bytes().startswith(b"%PDF")
    measures = pd.read_csv(tmp_path / "p" / "first.csv").set_index("feature")
    row = measures.loc["rom.mouth_opening_mm"]
    healthy = run.features[run.features["y"] == "HC"].groupby("subject")["rom.mouth_opening_mm"].mean()
    assert row["people"] == 4
    assert row["z"] == pytest.approx((row["value"] - healthy.mean()) / healthy.std(), rel=1e-4)


def test_two_visits_show_what_changed_beyond_scatter(run, mm_file, capsys):
    both = f"recording=[{mm_file / 'first.npz'},{mm_file / 'second.npz'}]"
    assert main(["predict", f"run={run.path}", both, "subject=P"]) == 0
    printed = capsys.readouterr().out
    assert "P visit 2" in printed
    (opening,) = [line for line in printed.splitlines() if "rom · mouth opening" in line]
    assert "True" in opening


def test_the_second_visits_page_tells_what_changed(run, mm_file, tmp_path):
    both = f"recording=[{mm_file / 'first.npz'},{mm_file / 'second.npz'}]"
    assert main(["predict", f"run={run.path}", both, "subject=P", f"out={tmp_path}"]) == 0
    first, second = ((tmp_path / f"P visit {k}.html").read_text() for k in (1, 2))
    changed = pd.read_csv(tmp_path / "change.csv")
    assert set(changed["by"]) == {"repetitions"}
    assert f"{changed['beyond'].sum()} of {len(changed)} measures changed by more than repetitions" in second
    assert "in detectable changes" not in first
    assert "From the first visit to the second</h2>" in second
    assert "From the first visit to the second</h2>" not in first


def test_people_who_came_twice_say_what_varies_from_visit_to_visit(run, mm_file):
    """The scatter of sessions counts where there are some: here every second one is 3 mm more, for everybody."""
    asked = ask([f"run={run.path}", f"recording=[{mm_file / 'first.npz'},{mm_file / 'second.npz'}]", "subject=P"])
    feature, measure = "rom.mouth_opening_mm", "rom · mouth opening"
    later = asked.run.features.assign(session="02")
    later[feature] += 3.0
    twice = pd.concat([asked.run.features.assign(session="01"), later])
    of_repetitions = change(asked, visits_of(asked)).set_index("measure").loc[measure]
    of_visits = change(replace(asked, run=replace(asked.run, features=twice)), visits_of(asked)).set_index("measure")
    assert of_repetitions["by"] == "repetitions"
    assert set(of_visits["by"]) == {"visits"}
    assert of_visits.loc[measure, "sem"] == pytest.approx(3 / np.sqrt(2))  # the variance of the visits' means
    assert of_visits.loc[measure, "detectable"] == pytest.approx(1.96 * 3, rel=1e-3)
    assert of_visits.loc["rom · mouth width", "detectable"] == pytest.approx(0, abs=1e-9)


def test_drivers_of_a_linear_model_are_its_weights(run, mm_file):
    asked = ask([f"run={run.path}", f"recording={mm_file / 'second.npz'}"])
    models = [nf.load_model(file) for file in sorted((run.path / "models").glob("*.skops"))]
    table = drivers(asked, "second", models).set_index("feature")["effect"]
    coefficients = np.mean([model[-1].coef_[0] * (1 if model.classes_[1] == "ALS" else -1) for model in models], axis=0)
    person = np.asarray(asked.samples.X).mean(axis=0)
    healthy = run.features.loc[run.features["y"] == "HC", list(table.index)]
    towards = np.sign(person[[asked.samples.feature_names.index(n) for n in table.index]] - healthy.mean())
    signs = dict(zip(asked.samples.feature_names, np.sign(coefficients), strict=True))
    largest = table.abs().nlargest(3).index
    assert [np.sign(table[name]) for name in largest] == [signs[name] * towards[name] for name in largest]


def test_rows_of_the_run_under_another_name_are_refused(run, tmp_path):
    (one,) = SyntheticCohort(people={"HC": 1}, tasks=["OPEN"]).recordings()
    folder_writer.write([replace(one, subject="somebody")], tmp_path / "f")
    with pytest.raises(LeakageError, match="somebody is N001"):
        predict([f"run={run.path}", f"recording={tmp_path / 'f'}"])


def test_another_frame_rate_is_told(run):
    warnings = predict([f"run={run.path}", *NEW, "cohort.fps=25", "quality=default"]).warnings
    assert any("another frame rate (25 per second)" in warning for warning in warnings)


def test_a_run_is_tried_on_another_clinic(run, tmp_path, capsys):
    words = [f"run={run.path}", "cohort=synthetic", "cohort.people={HC: 5, ALS: 5}", "cohort.seed=7"]
    assert main(["eval", *words, f"out={tmp_path / 'e'}"]) == 0
    printed = capsys.readouterr().out
    assert "On synthetic (5 HC, 5 ALS), none of whom the models have seen: subject AUC" in printed
    table = pd.read_csv(tmp_path / "e" / "predictions.csv")
    people = table.groupby("subject")[["p_ALS"]].mean().assign(y=table.groupby("subject")["y"].first())
    auc = roc_auc_score(people["y"] == "ALS", people["p_ALS"])
    scores = json.loads((tmp_path / "e" / "scores.json").read_text())
    assert scores["subject"]["auc"] == pytest.approx(auc)
    assert scores["calibration"]["observed"] == 0.5
    shift = pd.read_csv(tmp_path / "e" / "shift.csv")
    assert len(shift) == 2 * 11
    assert "On other people" in (tmp_path / "e" / "external.html").read_text()


def test_a_file_with_the_name_of_one_of_the_runs_people_is_taken_for_theirs(run, tmp_path):
    with pytest.raises(LeakageError, match=r"sub-A001_OPEN\.npz bears the name of A001"):
        predict([f"run={run.path}", f"recording={tmp_path}/sub-A001_OPEN.npz"])
    with pytest.raises((ConfigError, DataError)):
        predict([f"run={run.path}", f"recording={tmp_path}/sub-A0011_OPEN.npz"])


def test_the_runs_own_people_are_no_external_ones(run):
    with pytest.raises(LeakageError, match="were fitted on A001"):
        validate([f"run={run.path}", "cohort=synthetic", PEOPLE])
    with pytest.raises(ConfigError, match="Unknown group 'HC'"):
        validate([f"run={run.path}", "cohort=synthetic", "cohort.people={ALS: 3, PS: 3}", "cohort.seed=7"])
