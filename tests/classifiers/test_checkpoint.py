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
def test_a_damaged_checkpoint_is_told_and_not_used(tmp_path, content, capsys):
    file = tmp_path / "N001.pt"
    file.write_bytes(content)
    assert checkpoint.read(file, {}, CPU) is None
    assert f"{file} is damaged" in capsys.readouterr().err


def test_one_bit_is_enough(tmp_path, capsys):
    file = tmp_path / "N001.pt"
    checkpoint.write(file, {}, {"weights": torch.arange(100)})
    whole = bytearray(file.read_bytes())
    whole[-300] ^= 1
    file.write_bytes(whole)
    assert checkpoint.read(file, {}, CPU) is None
    assert "other bytes than were written" in capsys.readouterr().err


def test_a_checkpoint_executes_nothing(tmp_path, capsys):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    file = tmp_path / "N001.pt"
    checkpoint.write(file, {}, {"trap": Trap()})
    assert checkpoint.read(file, {}, CPU) is None
    assert "is damaged" in capsys.readouterr().err
    assert not (tmp_path / "sprung").exists()
