"""Names of people and their faces: what a run leaves is searched through, binary files and archives, too."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from omegaconf import OmegaConf

from neuroface import cli
from neuroface.cohorts import folder_writer
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.studies.finished import shows_faces

NAMES = ("Quastenflosser", "Ichthyostega", "Tiktaalik", "Acanthostega", "Panderichthys", "Ventastega")


def contents(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """A file, and what is in it where it is an archive: names of members, and members."""
    yield name, data
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield f"{name}!{member}", member.encode()
                yield from contents(f"{name}!{member}", archive.read(member))


def named(folder: Path, names=NAMES) -> list[str]:
    """Where one of the names stands, in a file's name or in its bytes, as UTF-8, UTF-16 or UTF-32."""
    found = []
    for file in sorted(folder.rglob("*")):
        inside = contents(str(file.relative_to(folder)), file.read_bytes()) if file.is_file() else ()
        spelt = [(str(file.relative_to(folder)), str(file.relative_to(folder)).encode()), *inside]
        for where, data in spelt:
            text = data.lower()
            for name in names:
                spellings = [name.lower().encode(code) for code in ("utf-8", "utf-16-le", "utf-32-le")]
                if any(spelling in text for spelling in spellings):
                    found.append(f"{where}: {name}")
    return found


@pytest.fixture(scope="module")
def clinic(tmp_path_factory) -> Path:
    """A folder of people under their real names, one of whom cannot be read."""
    root = tmp_path_factory.mktemp("clinic")
    people = SyntheticCohort(people={"HC": 3, "ALS": 3}, tasks=["OPEN"]).recordings()
    names = dict(zip([recording.subject for recording in people], NAMES, strict=True))
    again = SyntheticCohort(people={"HC": 3, "ALS": 3}, tasks=["OPEN"]).recordings()
    folder_writer.write([replace(one, subject=names[one.subject]) for one in again], root)
    return root


def train(root: Path, run: Path, *words: str) -> int:
    few = ["classifier=logistic", "protocol.permutations=2", "execution.n_jobs=1"]
    return cli.main(["train", "cohort=folder", f"cohort.root={root}", *few, *words, f"run={run}"])


def test_no_artefact_of_a_run_holds_a_name_where_pseudonyms_are_asked_for(clinic, tmp_path, capsys):
    run, key = tmp_path / "run", tmp_path / "key.csv"
    assert train(clinic, run, f"cohort.pseudonyms={key}") == 0
    told = capsys.readouterr()
    assert len(list(run.rglob("*.*"))) > 30
    assert not named(run)
    assert not [name for name in NAMES if name.lower() in (told.out + told.err).lower()]
    assert len(named(tmp_path)) == len(NAMES)  # the key file alone, once each
    assert key.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_no_artefact_of_a_network_holds_a_name(clinic, tmp_path):
    """Curves, models, and copies of the network as it learnt, besides what every run has."""
    run, key = tmp_path / "run", tmp_path / "key.csv"
    words = ["classifier=mlp", "classifier.max_epochs=2", "classifier.save_every=1", "protocol.permutations=0"]
    kept = ["execution.tensorboard=true", "execution.save_models=true", f"cohort.pseudonyms={key}"]
    assert train(clinic, run, *words, *kept) == 0
    assert list(run.rglob("events.out.tfevents*"))
    assert list(run.rglob("*.epoch-*.safetensors"))
    assert not named(run)
    assert len(named(tmp_path)) == len(NAMES)


@pytest.mark.slow
def test_the_search_finds_names_where_they_are(clinic, tmp_path):
    """Without pseudonyms they stand in tables, in names of files, in models' pages: the search above can fail."""
    assert train(clinic, tmp_path / "run") == 0
    found = named(tmp_path / "run")
    assert {"predictions.csv", "splits.json", "people.csv"} <= {where.split(":")[0] for where in found}


def test_the_search_looks_into_archives(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", who=np.array(["Tiktaalik"]))
    assert named(tmp_path) == ["a.npz!who.npy: Tiktaalik"]


def test_a_key_inside_the_run_folder_is_refused(clinic, tmp_path, capsys):
    assert train(clinic, tmp_path / "run", f"cohort.pseudonyms={tmp_path}/run/key.csv") == 2
    assert "keep the key elsewhere" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_the_same_people_keep_their_pseudonyms(clinic, tmp_path):
    key, first, again = tmp_path / "key.csv", tmp_path / "first", tmp_path / "again"
    assert train(clinic, first, f"cohort.pseudonyms={key}") == 0
    assert train(clinic, again, f"cohort.pseudonyms={key}") == 0
    assert (first / "predictions.csv").read_bytes() == (again / "predictions.csv").read_bytes()


def test_a_leak_is_found_under_pseudonyms_too(clinic, tmp_path):
    """Landmarks that were fitted on everybody are refused, whatever people are called."""
    known = Path(shutil.copytree(clinic, tmp_path / "clinic"))
    for sidecar in known.rglob("*.json"):
        told = json.loads(sidecar.read_text())
        if "fitted_on" in told:
            sidecar.write_text(json.dumps({**told, "fitted_on": [*NAMES]}))
    assert train(known, tmp_path / "run", f"cohort.pseudonyms={tmp_path}/key.csv") == 5


def test_a_run_with_names_is_another_run_than_one_with_pseudonyms(clinic, tmp_path, capsys):
    assert train(clinic, tmp_path / "run") == 0
    assert train(clinic, tmp_path / "run", f"cohort.pseudonyms={tmp_path}/key.csv") == 2
    assert "cohort.pseudonyms" in capsys.readouterr().err


@pytest.mark.parametrize(("asked", "synthetic", "drawn"), [(0, 0, False), (1, 0, True), (0, 1, True)])
def test_faces_of_people_are_drawn_under_maps_where_asked_for_alone(asked, synthetic, drawn):
    run = SimpleNamespace(cohort={"synthetic": bool(synthetic)})
    assert shows_faces(run, OmegaConf.create({"report": {"faces": bool(asked)}})) is drawn


@pytest.fixture(scope="module")
def under_a_key(clinic, tmp_path_factory) -> Path:
    """A folder with a run, and the key file that it was made under."""
    root = tmp_path_factory.mktemp("keys")
    assert train(clinic, root / "run", f"cohort.pseudonyms={root / 'key.csv'}") == 0
    return root


@pytest.mark.parametrize("key", ["other.csv", ""])
def test_a_run_goes_on_under_its_own_key_alone(key, clinic, under_a_key, capsys):
    words = [f"cohort.pseudonyms={under_a_key / key}"] if key else []
    assert train(clinic, under_a_key / "run", *words) == 2
    told = capsys.readouterr().err
    assert f"was made with the pseudonyms of {under_a_key / 'key.csv'}, and this command reads" in told
    assert f"Give cohort.pseudonyms={under_a_key / 'key.csv'}, or choose another run=" in told


@pytest.mark.parametrize("key", ["other.csv", ""])
def test_people_are_judged_under_the_key_of_the_run_alone(key, clinic, under_a_key, tmp_path, capsys):
    """Under another key those on whom the models were fitted would be taken for new people."""
    ask = ["predict", f"run={under_a_key / 'run'}", "cohort=folder", f"cohort.root={clinic}"]
    assert cli.main([*ask, *([f"cohort.pseudonyms={tmp_path / key}"] if key else [])]) == 2
    told = capsys.readouterr().err
    assert "whether somebody was among its people cannot be told" in told
    assert f"Add cohort.pseudonyms={under_a_key / 'key.csv'}; who is new is added to it" in told
    assert cli.main([*ask, f"cohort.pseudonyms={under_a_key / 'key.csv'}"]) == 5
    assert "were fitted on P" in capsys.readouterr().err


def test_a_run_whose_key_is_gone_is_told_and_no_new_key_is_drawn(clinic, under_a_key, tmp_path, capsys):
    run = Path(shutil.copytree(under_a_key / "run", tmp_path / "run"))
    facts = json.loads((run / "run.json").read_text())
    gone = tmp_path / "gone.csv"
    facts["paths"]["cohort.pseudonyms"] = str(gone)
    (run / "run.json").write_text(json.dumps(facts))
    assert cli.main(["explain", f"run={run}", "checks=0", "repeats=2"]) == 2
    assert f"knows its people by the pseudonyms of {gone}, which is not there" in capsys.readouterr().err
    assert not gone.exists()
    assert cli.main(["predict", f"run={run}", "cohort=folder", f"cohort.root={clinic}"]) in (0, 5)
    assert "whether somebody was among its people cannot be told" in capsys.readouterr().err
