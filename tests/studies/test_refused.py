"""Whom a finished run must not judge, by what its models say of themselves."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from neuroface.classifiers import model_file
from neuroface.errors import LeakageError
from neuroface.studies.refused import refuse_seen


def test_who_was_seen_before_the_run_began_is_refused_as_its_own_people_are(tmp_path):
    model = tmp_path / "fold.safetensors"
    model.write_bytes(model_file.to_bytes({"people": ["A", "known before"]}, {}))
    run = SimpleNamespace(folder=tmp_path, predictions=pd.DataFrame({"subject": ["A", "B"]}))

    def ask(*people, other_people=False):
        samples = SimpleNamespace(subject=np.array(people))
        refuse_seen(run, samples, [model, tmp_path / "forest.skops"], other_people=other_people)

    ask("C", "D")
    with pytest.raises(LeakageError, match="began with were fitted on known before"):
        ask("C", "known before")
    with pytest.raises(LeakageError, match=r"were fitted on B: their scores stand in its predictions\.csv"):
        ask("B", "C")
    ask("B", "known before", other_people=True)
