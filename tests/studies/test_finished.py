from __future__ import annotations

import pytest
from omegaconf import OmegaConf

from neuroface.studies.finished import unmeasured


@pytest.mark.parametrize("frontal_only", [None, False, True])
def test_quality_is_measured_only_where_it_decides_who_is_in(frontal_only):
    cohort = {} if frontal_only is None else {"frontal_only": frontal_only}
    config = OmegaConf.create({"cohort": cohort, "quality": {"_target_": "neuroface.recording.quality.measure"}})
    assert (unmeasured(config).quality is None) is not bool(frontal_only)
    assert config.quality is not None
