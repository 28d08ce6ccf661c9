from __future__ import annotations

import itertools

import pytest
import torch

from neuroface.classifiers.lstm import LSTM, reversal, turned
from neuroface.errors import ConfigError

LENGTHS = torch.tensor([7, 3, 1])


def series(padding: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """(3, 7 + padding, 2) and which frames are seen; what lies after the end is noise."""
    torch.manual_seed(0)
    x = torch.randn(3, 7, 2)
    x = torch.cat([x, 100 * torch.randn(3, padding, 2)], dim=1)
    return x, torch.arange(7 + padding) < LENGTHS[:, None]


@pytest.mark.parametrize(
    ("bidirectional", "pooling", "layers"), [*itertools.product([True, False], ["attention", "mean", "last"], [1, 2])]
)
def test_padding_never_matters(bidirectional, pooling, layers):
    torch.manual_seed(1)
    network = LSTM((7, 2), 3, hidden=4, bidirectional=bidirectional, pooling=pooling, layers=layers).eval()
    logits, more = network(*series()), network(*series(padding=5))
    assert logits.shape == (3, 3)
    assert torch.allclose(logits, more, atol=1e-6)
    alone = network(series()[0][1:2, :3], torch.ones(1, 3, dtype=torch.bool))
    assert torch.allclose(alone[0], logits[1], atol=1e-6)


def test_last_pooling_is_what_packed_sequences_give():
    """Oracle: torch's own bidirectional LSTM over packed sequences, with the same weights."""
    from torch.nn.utils.rnn import pack_padded_sequence

    torch.manual_seed(2)
    network = LSTM((7, 2), 2, hidden=5, pooling="last").eval()
    oracle = torch.nn.LSTM(2, 5, batch_first=True, bidirectional=True)
    ways = {"": network.onwards[0], "_reverse": network.backwards[0]}
    oracle.load_state_dict({f"{k}{way}": v for way, lstm in ways.items() for k, v in lstm.state_dict().items()})
    x, seen = series(padding=2)
    _, (ends, _) = oracle(pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False))
    expected = network.head(torch.cat([ends[0], ends[1]], dim=1))
    assert torch.allclose(network(x, seen), expected, atol=1e-6)


def test_turning_around_twice_changes_nothing():
    x, seen = series(padding=2)
    order = reversal(seen)
    assert order[1].tolist() == [2, 1, 0, 3, 4, 5, 6, 7, 8]
    assert torch.equal(turned(turned(x, order), order), x)


def test_an_unknown_pooling_is_told():
    with pytest.raises(ConfigError, match=r"classifier.network.pooling is 'men'. Did you mean 'mean'\?"):
        LSTM((7, 2), 2, pooling="men")
