"""HTNet against the published layout written plainly, and what its own options must do."""

from __future__ import annotations

import pytest
import torch
from published_htnet import Fusion, PublishedHTNet
from torch import nn

from neuroface.classifiers.htnet import Attention, HTNet, RegionFusion
from neuroface.classifiers.htnet_weights import load_official, to_official
from neuroface.errors import ConfigError, DataError

SIZES = {
    "published layout, one token in a window": (28, 7, 3, 22, 3, 3, (2, 2, 3)),
    "16 tokens in a window": (112, 7, 6, 16, 3, 3, (1, 2, 2)),
    "two hierarchies, 9 tokens in a window": (30, 5, 3, 18, 2, 2, (2, 3)),
}
SMALL = {"num_classes": 3, "dim": 12, "heads": 3, "block_repeats": (2, 2, 2)}


def pair(size: tuple, *, micro: bool = False, roi: bool = False) -> tuple[PublishedHTNet, HTNet]:
    """The plain network with random weights everywhere (norms too), and ours with the same."""
    torch.manual_seed(1)
    plain = PublishedHTNet(*size, micro=micro, roi=roi)
    for name, value in plain.named_parameters():
        if name.endswith((".g", ".b")):
            nn.init.normal_(value, 1.0 if name.endswith(".g") else 0.0, 0.3)
    ours = HTNet(*size, micro_attention="as_published" if micro else None, roi="as_published" if roi else None)
    load_official(ours, plain.state_dict())
    return plain, ours


def images(n: int, size: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, 3, size, size, generator=torch.Generator().manual_seed(seed))


def gradients(network: nn.Module, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """The gradient of the cross-entropy by every parameter, 0 where the logits do not depend on it."""
    nn.functional.cross_entropy(network(x), torch.arange(len(x)) % 3).backward()
    found = {n: torch.zeros_like(p) if p.grad is None else p.grad for n, p in network.named_parameters()}
    return found if isinstance(network, PublishedHTNet) else to_official(found)


def test_as_many_parameters_as_published():
    with torch.device("meta"):
        ours, plain = HTNet(), PublishedHTNet(28, 7, 3, 256, 3, 3, (2, 2, 10))
    count = sum(p.numel() for p in ours.parameters())
    assert count == sum(p.numel() for p in plain.parameters())
    assert round(count / 1e6, 1) == 139.6


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_same_weights_same_logits_and_gradients(size: tuple):
    plain, ours = pair(size)
    x = images(5, size[0])
    torch.testing.assert_close(ours(x), plain(x), atol=1e-5, rtol=0)
    theirs, own = gradients(plain, x), gradients(ours, x)
    assert theirs.keys() == own.keys()
    for name, gradient in theirs.items():
        torch.testing.assert_close(own[name], gradient, atol=1e-5, rtol=1e-4, msg=name)


@pytest.mark.parametrize(("micro", "roi"), [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("size", [(56, 7, 6, 16, 3, 3, (2, 2, 3)), (36, 4, 3, 18, 2, 1, (4,))], ids=["2x2", "9x9"])
def test_the_published_palsy_options(size: tuple, micro: bool, roi: bool):
    plain, ours = pair(size, micro=micro, roi=roi)
    x = images(4, size[0])
    theirs, own = gradients(plain, x), gradients(ours, x)  # in training: batch statistics
    assert theirs.keys() == own.keys()
    for name, gradient in theirs.items():
        torch.testing.assert_close(own[name], gradient, atol=1e-5, rtol=1e-4, msg=name)
    plain.eval(), ours.eval()  # the running statistics of the step before
    logits, maps = ours.forward_with_maps(x)
    torch.testing.assert_close(logits, plain(x), atol=1e-5, rtol=0)
    if roi:
        torch.testing.assert_close(maps["roi"], plain.roi)
        torch.testing.assert_close(maps["roi_mask"], plain.mask[:, 0])


def test_maps_of_a_window_lie_where_the_window_lies():
    plain, ours = pair((56, 7, 3, 16, 2, 2, (2, 2)), micro=True)
    seen = []
    attend = plain.layers[0][0].layers[1][0].fn
    attend.register_forward_hook(lambda module, inputs, _: seen.append(module.asymmetry(inputs[0])))
    x = images(1, 56)
    plain(x)
    maps = ours.forward_with_maps(x)[1]
    windows = seen[0].reshape(2, 2, 4, 4)  # row of windows, column of windows, 4 x 4 tokens
    by_hand = torch.cat([torch.cat([windows[r, 0], windows[r, 1]], dim=1) for r in (0, 1)])
    torch.testing.assert_close(maps["asymmetry.0"][0], by_hand)
    assert maps["asymmetry"].shape == (1, 56, 56)


def test_a_window_of_one_token_needs_no_queries_and_keys():
    network = HTNet(**SMALL)
    x = images(3, 28)
    before = network(x)
    before.sum().backward()
    for name, value in network.named_parameters():
        assert (value.grad is None) == name.endswith("to_qk.weight"), name
    with torch.no_grad():
        for name, value in network.named_parameters():
            if name.endswith("to_qk.weight"):
                value.fill_(7.0)
    assert torch.equal(network(x), before)


def test_dropout_of_attention_drops_whole_heads_of_a_single_token():
    torch.manual_seed(0)
    attention = Attention(8, 4, 1, dropout=0.5)
    x = torch.randn(50, 1, 8)
    share = (attention.attend(x) / attention.to_v(x)).view(50, 4, 2)
    assert sorted(share.detach().round(decimals=4).unique().tolist()) == [0.0, 2.0]
    assert torch.allclose(share[..., 0], share[..., 1], atol=1e-4)
    assert torch.equal(attention.eval().attend(x), attention.to_v(x))


def test_bfloat16_keeps_logits_and_the_direction_of_gradients():
    torch.manual_seed(0)
    network, x = HTNet(**SMALL | {"dim": 48}), images(16, 28)

    def of(enabled: bool) -> tuple[torch.Tensor, torch.Tensor]:
        network.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            logits = network(x)
        nn.functional.cross_entropy(logits.float(), torch.arange(16) % 3).backward()
        return logits.float(), torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])

    (full, gradient), (half, gradient_half) = of(False), of(True)
    assert (full - half).abs().max() < 0.02 * full.abs().max()
    assert nn.functional.cosine_similarity(gradient, gradient_half, dim=0) > 0.99


def test_a_face_and_its_mirror_image_have_the_same_logits():
    torch.manual_seed(0)
    network = HTNet(56, 7, 4, 12, 2, 2, (2, 2), micro_attention="mirror").eval()
    x = images(3, 56)
    torch.testing.assert_close(network(x.flip(-1)), network(x))


@pytest.mark.parametrize("micro", [None, "as_published"])
def test_it_learns_to_tell_left_from_right(micro: str | None):
    """A bright patch on the left or on the right, on noise that is new in every step and in the test."""

    def draw(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        x, y = images(64, 56, seed), torch.arange(64) % 2
        x[y == 0, :, 28:42, 0:14] += 2.0
        x[y == 1, :, 28:42, 42:56] += 2.0
        return x, y

    torch.manual_seed(0)
    network = HTNet(56, 7, 2, 12, 2, 2, (2, 2), micro_attention=micro)
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    for seed in range(25):
        x, y = draw(seed)
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(x), y).backward()
        optimiser.step()
    x, y = draw(1000)
    assert (network(x).argmax(1) == y).float().mean() > 0.9


def test_fusion_of_regions_is_the_official_one():
    torch.manual_seed(2)
    ours, official = RegionFusion().eval(), Fusion()
    official.fc1.load_state_dict(ours.fuse_regions.state_dict())
    official.fc_2.load_state_dict(ours.fuse_whole.state_dict())
    whole, regions = torch.randn(20, 3), torch.randn(20, 5, 3)
    one_by_one = torch.stack([official(w, *r) for w, r in zip(whole, regions, strict=True)])
    torch.testing.assert_close(ours(whole, regions), one_by_one)
    assert RegionFusion().dropout.p == 0.5


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"image_size": 30},
            "image_size=30 is no multiple of patch_size=7. Nearest that fit: 28 and 56.",
        ),
        (
            {"image_size": 35},
            "image_size=35 holds 5 patches of 7 px side by side, and num_hierarchies=3 needs a multiple of 4. "
            "Nearest image_size that fit: 28 and 56.",
        ),
        (
            {"block_repeats": (2, 2)},
            "block_repeats=(2, 2) must hold a number of blocks, 1 or more, for each of the num_hierarchies=3. "
            "Set one of the two.",
        ),
        ({"heads": 13}, "heads=13 cannot share dim=12 channels. Set heads between 1 and dim."),
        (
            {"micro_attention": "miror"},
            "micro_attention='miror' is unknown. Did you mean 'mirror'?",
        ),
        (
            {"micro_attention": "as_published"},
            "micro_attention=as_published compares the halves of a window, and here a window is a single patch. "
            "Set a larger image_size, a smaller patch_size, or micro_attention=mirror.",
        ),
        (
            {"micro_attention": "mirror", "block_repeats": (1, 1, 1)},
            "micro_attention stands in every second block, and block_repeats=(1, 1, 1) has none. "
            "Give one hierarchy at least 2 blocks.",
        ),
    ],
)
def test_sizes_that_do_not_fit(keys: dict, message: str):
    with pytest.raises(ConfigError) as error:
        HTNet(**SMALL | keys)
    assert str(error.value) == message


def test_images_of_another_size_are_refused():
    with pytest.raises(DataError) as error:
        HTNet(**SMALL)(images(2, 56))
    assert str(error.value) == (
        "HTNet takes images (n, 3, 28, 28), these are (2, 3, 56, 56). Resize them, or set image_size and channels."
    )


def test_regions_are_asked_for_and_refused():
    with pytest.raises(DataError, match="roi=mirror needs the regions of each face"):
        HTNet(**SMALL, roi="mirror")(images(2, 28))
    with pytest.raises(DataError, match=r"need regions \(2, 5, 28, 28\), not \(2, 4, 28, 28\)"):
        HTNet(**SMALL, roi="mirror")(images(2, 28), torch.ones(2, 4, 28, 28))
    with pytest.raises(ConfigError, match="roi=None uses none"):
        HTNet(**SMALL)(images(2, 28), torch.ones(2, 5, 28, 28))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator")
@pytest.mark.parametrize("options", [{}, {"micro_attention": "mirror"}, {"roi": "as_published"}])
def test_the_same_on_an_accelerator(options: dict):
    torch.manual_seed(0)
    network, x = HTNet(56, dim=24, **options).eval(), images(4, 56)
    here = network(x)
    there = network.cuda()(x.cuda()).cpu()
    torch.testing.assert_close(there, here, atol=1e-3, rtol=1e-3)
