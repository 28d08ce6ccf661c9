"""FAN: the published network in number, shape and function, and its parts in the right order."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from neuroface.errors import ConfigError
from neuroface.landmarks.fan import FAN


def unsettled(network: nn.Module, seed: int = 0) -> nn.Module:
    """The network in evaluation mode, every parameter and running statistic of batch norm away from where it starts."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.weight.data, module.running_var):
                values.copy_(0.5 + torch.rand(values.shape, generator=generator))
            for values in (module.bias.data, module.running_mean):
                values.copy_(0.2 * torch.randn(values.shape, generator=generator))
    return network.eval()


def tiny(**sizes) -> FAN:
    torch.manual_seed(0)
    return unsettled(FAN(**{"stacks": 3, "width": 16, "landmarks": 5, "size": 64, **sizes}))


@pytest.mark.slow
def test_the_default_is_the_published_network():
    theirs_type = pytest.importorskip("face_alignment.models").FAN
    torch.manual_seed(1)
    theirs, ours = unsettled(theirs_type(4)), FAN().eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs_type(4).load_state_dict(ours.state_dict(), strict=True)
    image = torch.rand(1, 3, 256, 256)
    with torch.no_grad():
        expected, found = theirs(image), ours(image)
    assert len(found) == 4
    for one, other in zip(found, expected, strict=True):
        assert other.std() > 1e-3  # not the bias alone
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_the_last_stack_begins_where_the_trunk_ends():
    fan, image = tiny(), torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        features = fan.trunk(image)
        assert features.shape == (2, 16, 16, 16)
        assert torch.equal(fan.last(features), fan(image)[-1])


def test_one_stack_has_the_stem_for_a_trunk():
    fan, image = tiny(stacks=1), torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(fan.last(fan.trunk(image)), fan(image)[0])


def test_the_last_parts_are_all_that_the_last_stack_computes_with():
    fan = tiny()
    loss = fan.last(torch.rand(1, 16, 16, 16)).sum()
    loss.backward()
    reached = {name for name, value in fan.named_parameters() if value.grad is not None}
    ours = {id(value) for part in fan.last_parts() for value in part.parameters()}
    assert reached == {name for name, value in fan.named_parameters() if id(value) in ours}
    assert {name.split(".")[0] for name in reached} == {"m2", "top_m_2", "conv_last2", "bn_end2", "l2"}


def test_every_parameter_takes_part_in_the_heatmaps():
    fan = tiny()
    sum(maps.square().sum() for maps in fan(torch.rand(1, 3, 64, 64))).backward()
    assert [name for name, value in fan.named_parameters() if value.grad is None] == []


@pytest.mark.parametrize(("stacks", "width", "landmarks", "size"), [(1, 8, 3, 64), (2, 24, 68, 128)])
def test_sizes(stacks, width, landmarks, size):
    with torch.no_grad():
        heatmaps = FAN(stacks, width=width, landmarks=landmarks, size=size).eval()(torch.rand(2, 3, size, size))
    assert [tuple(maps.shape) for maps in heatmaps] == [(2, landmarks, size // 4, size // 4)] * stacks


def test_memory_layout_does_not_change_the_result():
    fan, image = tiny(), torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        expected = fan(image)[-1]
        found = fan.to(memory_format=torch.channels_last)(image.to(memory_format=torch.channels_last))[-1]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.gpu
def test_the_gpu_computes_the_same():
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    fan, image = tiny(), torch.rand(1, 3, 64, 64)
    with torch.no_grad(), torch.backends.cudnn.flags(allow_tf32=False):
        expected = fan(image)[-1]
        found = fan.cuda()(image.cuda())[-1].cpu()
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"size": 100}, "A FAN halves its input 6 times; size=100 must be a multiple of 64."),
        ({"size": 0}, "A FAN halves its input 6 times; size=0 must be a multiple of 64."),
        ({"width": 20}, "A FAN splits its width into eighths; width=20 must be a multiple of 8."),
        ({"stacks": 0}, "A FAN has stacks=0, landmarks=68; at least one of each is needed."),
    ],
)
def test_sizes_that_cannot_be(sizes, message):
    with pytest.raises(ConfigError) as caught:
        FAN(**sizes)
    assert str(caught.value) == message
