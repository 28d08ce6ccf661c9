import torch

from neuroface.classifiers.mlp import MLP


def test_sizes_of_its_layers():
    network = MLP((5,), 3, hidden=(7, 4))
    assert sum(p.numel() for p in network.parameters()) == (5 + 1) * 7 + (7 + 1) * 4 + (4 + 1) * 3
    assert network(torch.zeros(2, 5)).shape == (2, 3)


def test_without_hidden_layers_it_is_linear():
    network = MLP((2,), 2, hidden=()).eval()
    x = torch.randn(4, 2)
    assert torch.allclose(network(3 * x) - network(0 * x), 3 * (network(x) - network(0 * x)), atol=1e-5)
