import pytest

from neuroface.errors import ConfigError
from neuroface.verbs.building import build_samples
from neuroface.verbs.configuration import compose


def test_an_unknown_view_is_named():
    config, _ = compose("train", ["classifier.view=tabel"])
    with pytest.raises(ConfigError, match=r"^classifier.view=tabel: there is no such view. Did you mean 'table'\?$"):
        build_samples(config, None)
