from __future__ import annotations

import pytest
import torch

from neuroface.classifiers import checkpoint
from neuroface.errors import RunMismatchError

CPU = torch.device("cpu")


def test_what_is_written_is_read(tmp_path):
    file = tmp_path / "checkpoints" / "N001.pt"
    checkpoint.write(file, {"seed": 1}, {"weights": torch.arange(3), "history": [{"loss": 0.5}]})
    state = checkpoint.read(file, {"seed": 1}, CPU)
    assert state["weights"].tolist() == [0, 1, 2]
    assert state["history"] == [{"loss": 0.5}]
    assert [path.name for path in file.parent.iterdir()] == ["N001.pt"]


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    file = tmp_path / "N001.pt"
    checkpoint.write(file, {"network": {"hidden": 32}, "seed": 1}, {})
    with pytest.raises(RunMismatchError) as told:
        checkpoint.read(file, {"network": {"hidden": 64}, "seed": 1}, CPU)
    assert str(told.value) == (
        f"The checkpoint {file} is of another training: network differ. Delete {file} to start this fold again."
    )


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_told(tmp_path, content):
    file = tmp_path / "N001.pt"
    file.write_bytes(content)
    with pytest.raises(RunMismatchError, match=r"cannot be read .* to start this fold again"):
        checkpoint.read(file, {}, CPU)


def test_a_checkpoint_executes_nothing(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    file = tmp_path / "N001.pt"
    torch.save({"identity": {}, "state": Trap()}, file)
    with pytest.raises(RunMismatchError, match="cannot be read"):
        checkpoint.read(file, {}, CPU)
    assert not (tmp_path / "sprung").exists()
