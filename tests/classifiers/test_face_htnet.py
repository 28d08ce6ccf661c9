from __future__ import annotations

import numpy as np
import pytest
import torch

from neuroface.classifiers.face_htnet import FaceHTNet, asymmetry, htnet, split
from neuroface.classifiers.load_network import load
from neuroface.errors import ConfigError, DataError

SMALL = {"dim": 12, "heads": 3, "num_hierarchies": 2, "block_repeats": (1, 2), "patch_size": 7}
TRAINED = {**SMALL, "epochs": 12, "batch_size": 12, "learning_rate": 3e-3, "device": "cpu", "epoch_selection": "last"}


def pictures(n: int = 24, size: int = 28) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X (n, size, size, 3) uint8 noise with a bright spot on one side, the side, and people."""
    rng = np.random.default_rng(0)
    X = rng.integers(90, 130, (n, size, size, 3))
    side = np.array(["left", "right"])[np.arange(n) % 2]
    X[side == "left", 5:20, size // 2 + 3 : size - 3] += 100
    X[side == "right", 5:20, 3 : size // 2 - 3] += 100
    return X.astype(np.uint8), side, np.array([f"P{i // 2}" for i in range(n)])


def test_channels_go_last_to_first():
    network = FaceHTNet((28, 28, 3), 4, **SMALL).eval()
    x = torch.randn(2, 28, 28, 3)
    torch.testing.assert_close(network(x, None), network.htnet(x.permute(0, 3, 1, 2)))


def test_standardised_masks_are_masks_again():
    masks = torch.tensor([0.0, 255.0])[torch.randint(0, 2, (4, 14, 14, 5), generator=torch.Generator().manual_seed(0))]
    mean, sd = masks.mean((0, 1, 2)), masks.std((0, 1, 2))
    x = torch.cat([torch.randn(4, 14, 14, 3), (masks - mean) / sd], dim=-1)
    torch.testing.assert_close(split(x)[1], (masks / 255).permute(0, 3, 1, 2))


def test_regions_come_with_the_picture():
    network = FaceHTNet((28, 28, 8), 2, **SMALL, roi="mirror").eval()
    outputs, maps = network.forward_with_maps(torch.randn(2, 28, 28, 8))
    assert outputs.shape == (2, 2)
    assert maps["roi_weight"].shape == (2, 5)


@pytest.mark.parametrize(("shape", "roi"), [((28, 28, 3), "mirror"), ((28, 28, 8), None), ((28, 14, 3), None)])
def test_pictures_that_do_not_fit(shape, roi):
    with pytest.raises(DataError, match=r"roi=mirror needs classifier.view.regions=true"):
        FaceHTNet(shape, 2, **SMALL, roi=roi)


def test_a_size_that_the_patches_do_not_divide():
    with pytest.raises(ConfigError, match="is no multiple of patch_size=7"):
        FaceHTNet((30, 30, 3), 2, **SMALL)


def test_it_learns_which_side_and_is_read_back_the_same(tmp_path):
    X, side, people = pictures()
    y = np.array(["2", "3", "4"])[np.arange(len(X)) % 3]
    model = htnet(**TRAINED, side_weight=1.0, loss="ordinal").fit(X, y, people, side=side)
    assert ((model.predict_side(X) > 0.5) == (side == "left")).all()
    assert model.predict_proba(X).shape == (24, 3)
    file = tmp_path / "m.safetensors"
    file.write_bytes(model.saved()[1])
    again = load(file, device="cpu")
    assert np.array_equal(again.predict_side(X), model.predict_side(X))
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("sees", ["picture", "asymmetry"])
def test_learning_the_side_lights_it_up_in_the_asymmetry_map(sees):
    X, side, people = pictures()
    mirror = {"micro_attention": "mirror", "sees": sees, "side_weight": 1.0}
    model = htnet(**TRAINED, **mirror).fit(X, np.array(["2", "3"])[np.arange(24) // 2 % 2], people, side=side)
    left = side == "left"
    assert ((model.predict_side(X) > 0.5) == left).all()
    np.testing.assert_allclose(model.predict_side(X[:, :, ::-1]), 1 - model.predict_side(X), atol=1e-5)
    np.testing.assert_allclose(model.predict_proba(X[:, :, ::-1]), model.predict_proba(X), atol=1e-5)
    x = model.inputs_.batch(model.inputs_.rows(X, torch.device("cpu")), torch.arange(24), torch.device("cpu"))[0]
    with torch.inference_mode():
        light = model.network_.forward_with_maps(x)[1]["asymmetry"].numpy()
    assert ((light[:, :, 14:].mean((1, 2)) > light[:, :, :14].mean((1, 2))) == left).all()


def test_mirrored_pictures_would_teach_the_wrong_side():
    from functools import partial

    from neuroface.classifiers.augment import augment

    X, side, people = pictures()
    model = htnet(**TRAINED, side_weight=1.0, augment=partial(augment, frames=None, flip=0.5))
    with pytest.raises(ConfigError, match=r"augment.flip exchanges the sides that side_weight learns; set it to 0"):
        model.fit(X, side, people, side=side)


def faces(n: int = 3, size: int = 28) -> torch.Tensor:
    return 40 * torch.rand((n, 3, size, size), generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_symmetric_face_has_no_asymmetry_and_a_mirrored_one_the_mirrored():
    x = faces()
    assert asymmetry(x + x.flip(-1))[:, :2].abs().max() < 1e-9
    signed, size, face = asymmetry(x).unbind(1)
    signed_mirrored, size_mirrored, face_mirrored = asymmetry(x.flip(-1)).unbind(1)
    torch.testing.assert_close(signed_mirrored, -signed)
    torch.testing.assert_close(size_mirrored, size)
    torch.testing.assert_close(face_mirrored, face.flip(-1))


def test_light_and_contrast_that_both_halves_share_do_not_count():
    torch.testing.assert_close(asymmetry(3 * faces() + 20), asymmetry(faces()), atol=1e-5, rtol=0)


def test_what_it_sees_is_a_choice():
    x = torch.randn(2, 28, 28, 3)
    network = FaceHTNet((28, 28, 3), 4, **SMALL, sees="asymmetry").eval()
    torch.testing.assert_close(network(x), network.htnet(asymmetry(x.permute(0, 3, 1, 2))))
    with pytest.raises(ConfigError, match=r"classifier\.sees is 'asymetry'\. Did you mean 'asymmetry'\?"):
        FaceHTNet((28, 28, 3), 4, **SMALL, sees="asymetry")
