"""The paint of a synthetic person: one image that holds skin, eyes, teeth, hair and clothes side by side.

Shape is shaded where the mesh is rendered; here stands what a mesh of a few thousand triangles is too coarse for:
brows, lashes, the red of the lips, nostrils, fine lines, grain. Places are given in mm on the face and drawn by eye.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from neuroface import face
from neuroface.synthesis import face_model
from neuroface.synthesis.appearance import Appearance
from neuroface.synthesis.figure import EYE_MM, PATCHES, SKIN_FROM_MM, SKIN_PX_MM, TEXTURE_SIZE
from neuroface.synthesis.head_shape import head_shape, layout_of, opening

# Right half of the hair line in mm of the layout, from the mid-line to behind the ear.
_HAIR_LINE = np.array(
    [(0, -70), (32, -69), (58, -61), (78, -50), (94, -38), (108, -29), (121, -14), (129, 8), (136, 14)], dtype=float
)
_FRACTION_BITS = 4


@lru_cache(maxsize=48)  # a clinic of people, whom the cells of an experiment meet again and again
def paint(looks: Appearance) -> np.ndarray:
    """(H, W, 3) uint8 RGB: the texture of one person, laid out as figure.PATCHES."""
    generator = np.random.default_rng(looks.seed)
    image = np.empty((*TEXTURE_SIZE[::-1], 3), dtype=np.float32)
    image[:] = looks.skin
    patches = {name: image[y : y + h, x : x + w] for name, (x, y, w, h) in PATCHES.items()}
    _grain(patches["plain"], generator, 0.02)
    patches["plain"] *= 0.84  # neck and ears, which the head shades
    _paint_cloth(patches["cloth"], looks, generator)
    patches["hair"][:] = _strands(patches["hair"].shape[:2], looks.hair, generator)
    _paint_eye(patches["eye"], looks)
    _paint_hollow(patches["cavity"])
    _paint_teeth(patches["upper_teeth"], edge_at_bottom=True)
    _paint_teeth(patches["lower_teeth"], edge_at_bottom=False)
    _paint_skin(patches["skin"], looks, generator)
    painted = np.clip(image, 0, 255).astype(np.uint8)
    painted.setflags(write=False)
    return painted


def _paint_skin(skin: np.ndarray, looks: Appearance, generator: np.random.Generator) -> None:
    sites = head_shape().layout[: face.N_POINTS]
    _grain(skin, generator, 0.035)
    flush = looks.skin * [1.04, 0.86, 0.84]
    for x, y, z, radius, strength in (
        (-38, 32, 0, 20, 0.5),
        (38, 32, 0, 20, 0.5),
        (0, 35, -32, 11, 0.5),
        (0, 101, -14, 14, 0.25),
    ):
        _blend(skin, _spot([(x, y, z)], radius, skin.shape) * strength, flush)
    if looks.stubble > 0.1:
        _paint_stubble(skin, looks, generator)
    _paint_folds(skin, looks)
    _paint_lips(skin, looks, sites, generator)
    for loop, brow, side in ((face.EYE_RIGHT, face.BROW_RIGHT, -1.0), (face.EYE_LEFT, face.BROW_LEFT, 1.0)):
        _paint_lids(skin, looks, sites, loop, side)
        _paint_brow(skin, looks, sites[brow], generator)
    _paint_hair_line(skin, looks, generator)


def _paint_lips(skin: np.ndarray, looks: Appearance, sites: np.ndarray, generator: np.random.Generator) -> None:
    outer, inner = opening(sites, face.MOUTH_OUTER), opening(sites, face.MOUTH_INNER)
    red = _filled([outer], skin.shape, blur=2.0)
    color = looks.skin * [0.86, 0.60, 0.60] + [18, 4, 8]
    grain = cv2.blur(generator.standard_normal(skin.shape[:2]).astype(np.float32), (2, 9))
    _blend(skin, red * (0.88 + 0.25 * grain), color)
    lower = _filled([outer[len(outer) // 2 :], inner[len(inner) // 2 :]], skin.shape, blur=3.0)
    _blend(skin, red * np.clip(1 - lower, 0, 1) * 0.16, color * 0.5)  # the upper lip faces down and is darker
    _blend(skin, _lines([inner], skin.shape, 1.6, closed=True, blur=2.0) * 0.75, color * 0.38)
    under = [(x, 83.5, -9.5) for x in np.linspace(-15, 15, 9)]
    _blend(skin, _lines([_sites(under, jaw=1.0)], skin.shape, 4.0, blur=7.0) * 0.35, looks.skin * 0.6)
    for side in (-1.0, 1.0):
        corner = sites[face.MOUTH_CORNER_RIGHT if side < 0 else face.MOUTH_CORNER_LEFT]
        line = np.array([corner, corner]) - [[side * 3, 0], [-side * 1.5, -0.5]]
        _blend(skin, _lines([line], skin.shape, 1.5, blur=2.5) * 0.6, color * 0.4)


def _paint_lids(skin: np.ndarray, looks: Appearance, sites: np.ndarray, loop: np.ndarray, side: float) -> None:
    outline = opening(sites, loop)
    # both loops run along the upper lid first; that half ends at the other corner
    upper, lower = outline[: len(outline) // 2 + 1], np.vstack([outline[len(outline) // 2 :], outline[:1]])
    socket = [(side * x, y, 2) for x, y in ((17, -6), (24, -11), (33, -12), (41, -9))]
    _blend(skin, _lines([_sites(socket)], skin.shape, 7.0, blur=9.0) * 0.30, looks.skin * [0.62, 0.5, 0.5])
    crease = upper[1:-1] - [0.0, 4.2] * np.sin(np.linspace(0.15, np.pi - 0.15, len(upper) - 2))[:, None]
    _blend(skin, _lines([crease], skin.shape, 0.7, blur=1.8) * 0.6, looks.skin * 0.45)
    bag = lower[1:-1] + [0.0, 7.0] * np.sin(np.linspace(0.3, np.pi - 0.3, len(lower) - 2))[:, None]
    tired = 0.15 + 0.3 * looks.wrinkles
    _blend(skin, _lines([bag], skin.shape, 2.0, blur=4.0) * tired, looks.skin * [0.66, 0.52, 0.54])
    _blend(skin, _lines([lower], skin.shape, 1.4, blur=1.5) * 0.45, looks.skin * [0.75, 0.5, 0.48])
    _blend(skin, _lines([upper], skin.shape, 1.9, blur=1.2) * 0.9, np.array([28.0, 20.0, 18.0]))


def _paint_brow(skin: np.ndarray, looks: Appearance, brow: np.ndarray, generator: np.random.Generator) -> None:
    """Short hairs along the brow, slanted outwards, thinner towards its outer end."""
    mask = np.zeros(skin.shape[:2], dtype=np.uint8)
    inner_first = brow if abs(brow[0, 0]) < abs(brow[-1, 0]) else brow[::-1]
    out = np.sign(inner_first[-1, 0])
    for _ in range(int(420 * looks.brow)):
        share = generator.random()
        at = np.array([np.interp(share * 4, np.arange(5), inner_first[:, k]) for k in range(2)])
        half_width = 2.6 * looks.brow * (1 - 0.62 * share) * min(1.0, 0.5 + 4 * share)
        start = at + np.array([generator.normal(0, 0.5), generator.normal(0.2, 0.55) * half_width])
        slant = np.array([out * generator.uniform(1.6, 3.2), generator.uniform(-1.6, 0.2) * (1 - share) + 0.4 * share])
        ends = _px(np.array([start, start + slant]))
        cv2.line(mask, ends[0].tolist(), ends[1].tolist(), 255, 1, cv2.LINE_AA, _FRACTION_BITS)
    _blend(skin, cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.9) * 0.85, looks.brow_hair * 0.8)


def _paint_folds(skin: np.ndarray, looks: Appearance) -> None:
    """Shade where the mesh is too smooth: nostrils, sides of the nose, folds of age, and what lies under the jaw."""
    shade = looks.skin * [0.55, 0.42, 0.4]
    for side in (-1.0, 1.0):
        nostril = [(side * 5.2, 43.4, -19.5), (side * 8.6, 43.8, -15.5)]
        _blend(skin, _lines([_sites(nostril)], skin.shape, 3.0, blur=1.8) * 0.85, looks.skin * [0.3, 0.2, 0.18])
        wing = [(side * 14.5, 32, -10), (side * 18.3, 36, -7), (side * 19, 41, -5), (side * 16.5, 45, -6)]
        _blend(skin, _lines([_sites(wing)], skin.shape, 1.2, blur=2.5) * 0.5, shade)
        fold = [(side * 20, 40, -4), (side * 26, 49, -4), (side * 31, 58, -1), (side * 33, 66, 1)]
        _blend(skin, _lines([_sites(fold)], skin.shape, 1.4, blur=3.0) * (0.12 + 0.45 * looks.wrinkles), shade)
        bridge = [(side * 10, -8, -3.5), (side * 10.5, 0, -4), (side * 11, 8, -5)]
        _blend(skin, _lines([_sites(bridge)], skin.shape, 5.0, blur=8.0) * 0.3, shade)
    for height in (-36.0, -46.0, -56.0):
        bend = [(x, height - 3 * np.cos(x / 14.0), 0) for x in np.linspace(-38, 38, 25)]
        _blend(skin, _lines([_sites(bend)], skin.shape, 0.8, blur=2.0) * 0.40 * looks.wrinkles, shade)
    jaw = head_shape().layout[face.JAW]
    below = np.vstack([jaw[3:14], [[150, 115], [-150, 115]]])
    _blend(skin, _filled([below], skin.shape, blur=16.0) * 0.45, looks.skin * 0.5)


def _paint_stubble(skin: np.ndarray, looks: Appearance, generator: np.random.Generator) -> None:
    sites = head_shape().layout
    jaw = sites[face.JAW[2:15]]
    cheek = _sites([(46, 62, 14), (34, 64, 1), (24, 54, -5), (12, 52, -12), (-12, 52, -12), (-24, 54, -5), (-34, 64, 1),
                    (-46, 62, 14)])  # fmt: skip
    area = _filled([np.vstack([jaw, cheek])], skin.shape, blur=12.0)
    grain = generator.standard_normal(skin.shape[:2]).astype(np.float32)
    _blend(skin, area * np.clip(0.42 + 0.16 * grain, 0, 1) * looks.stubble, looks.hair * 0.6 + looks.skin * 0.25)


def _paint_hair_line(skin: np.ndarray, looks: Appearance, generator: np.random.Generator) -> None:
    line = np.vstack([_HAIR_LINE[:0:-1] * [-1, 1], _HAIR_LINE])
    outside = np.vstack([line, [[160, 20], [160, -110], [-160, -110], [-160, 20]]])
    soft = _filled([outside], skin.shape, blur=9.0)
    ragged = cv2.GaussianBlur(generator.standard_normal(skin.shape[:2]).astype(np.float32), (0, 0), 1.6, sigmaY=9)
    alpha = np.clip((soft + 2.2 * ragged * soft * (1 - soft) * 4 - 0.35) * 3.2, 0, 1)
    _blend(skin, alpha, _strands(skin.shape[:2], looks.hair, generator))


def _paint_eye(eye: np.ndarray, looks: Appearance) -> None:
    height, width = eye.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = (x / (width - 1) * 2 - 1) * EYE_MM[0], (y / (height - 1) * 2 - 1) * EYE_MM[1]
    y = y + 0.3
    eye[:] = np.array([208.0, 199.0, 193.0])
    radius, edge = np.hypot(x, y), np.abs(x) / EYE_MM[0]
    _blend(eye, np.clip(edge - 0.4, 0, 1) * 0.7, np.array([196.0, 130.0, 122.0]))
    rays = 0.86 + 0.14 * np.sin(23 * np.arctan2(y, x))[..., None]
    iris = looks.iris * (0.75 + 0.75 * np.clip(radius / 6, 0, 1) ** 2)[..., None] * rays
    _blend(eye, np.clip((6.6 - radius) * 3, 0, 1), iris)
    _blend(eye, np.clip(1 - np.abs(radius - 6.4) / 0.7, 0, 1) * 0.7, looks.iris * 0.25)
    _blend(eye, np.clip((2.4 - radius) * 3, 0, 1), np.array([10.0, 8.0, 8.0]))
    _blend(eye, np.clip((-0.4 - y) / 6.0, 0, 0.75), np.array([60.0, 44.0, 40.0]))  # shadow of the upper lid
    _blend(eye, np.clip((1.1 - np.hypot(x - 1.7, y + 2.2)) * 2.5, 0, 1) * 0.95, np.array([255.0, 255.0, 255.0]))


def _paint_hollow(cavity: np.ndarray) -> None:
    height, width = cavity.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    centre = np.hypot(x / width - 0.5, y / height - 0.5) * 2
    cavity[:] = np.array([26.0, 8.0, 10.0]) + np.clip(centre - 0.35, 0, 1)[..., None] * np.array([84.0, 28.0, 30.0])
    tongue = np.exp(-(((x / width - 0.5) / 0.22) ** 2 + ((y / height - 0.78) / 0.17) ** 2))
    _blend(cavity, tongue * 0.85, np.array([150.0, 74.0, 74.0]))


def _paint_teeth(teeth: np.ndarray, *, edge_at_bottom: bool) -> None:
    """Gum, crowns and the dark lines between them; darker towards the corners, where the cheeks shade them."""
    height, width = teeth.shape[:2]
    along = np.linspace(-1, 1, width)[None, :]
    down = np.linspace(0, 1, height)[:, None]
    from_gum = down if edge_at_bottom else 1 - down
    teeth[:] = np.array([226.0, 216.0, 196.0])
    bounds = np.sign(along) * (np.abs(along) ** 0.9) * 5.0  # five teeth to each side, narrower outwards
    gap = np.abs(bounds - np.rint(bounds))
    _blend(teeth, np.broadcast_to(np.clip(1 - gap / 0.09, 0, 1) * 0.6, (height, width)), np.array([96.0, 66.0, 56.0]))
    scallop = 0.34 - 0.1 * np.sqrt(np.clip(gap * 2, 0, 1))
    _blend(teeth, np.clip((scallop - from_gum) * 12, 0, 1), np.array([176.0, 92.0, 92.0]))
    shade = np.broadcast_to(np.clip(np.abs(along) * 1.3 - 0.35, 0, 0.9), (height, width))
    _blend(teeth, shade, np.array([40.0, 18.0, 18.0]))


def _paint_cloth(cloth: np.ndarray, looks: Appearance, generator: np.random.Generator) -> None:
    cloth[:] = looks.cloth
    _grain(cloth, generator, 0.08)
    cloth[:8] *= 0.8  # collar


def _strands(shape: tuple[int, ...], color: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """(h, w, 3): hair that falls downwards."""
    noise = generator.standard_normal(shape).astype(np.float32)
    strands = cv2.GaussianBlur(noise, (0, 0), 1.1, sigmaY=14) * 5.5 + cv2.GaussianBlur(noise, (0, 0), 5, sigmaY=30) * 9
    return color * (0.86 + 0.22 * strands)[..., None]


def _grain(part: np.ndarray, generator: np.random.Generator, strength: float) -> None:
    """Unevenness of two sizes, in place; `strength` is its share of the colour."""
    noise = generator.standard_normal(part.shape[:2]).astype(np.float32)
    uneven = cv2.GaussianBlur(noise, (0, 0), 1.0) * 2.0 + cv2.GaussianBlur(noise, (0, 0), 9) * 16.0
    part *= 1 + strength * 0.6 * uneven[..., None]


def _blend(part: np.ndarray, alpha: np.ndarray, color: np.ndarray) -> None:
    """Paint a colour over a part of the texture, in place; alpha (h, w) 0..1."""
    part += alpha[..., None].astype(np.float32) * (color - part)


def _sites(points: Sequence[tuple[float, float, float]], *, jaw: float = 0.0) -> np.ndarray:
    """(n, 2) mm of the layout: places on the neutral face in mm, face axes; `jaw`: share of its turn they follow."""
    at = np.array(points, dtype=float)
    if jaw:  # the layout's mouth is open: carried down as the chin is
        moved = head_shape().layout[face.CHIN] - layout_of(face_model.NEUTRAL[[face.CHIN]])[0]
        return layout_of(at) + jaw * moved
    return layout_of(at)


def _px(sites: np.ndarray) -> np.ndarray:
    """(n, 2) int32: places of the layout as OpenCV's fixed-point pixels of the skin's part."""
    return np.rint((sites - SKIN_FROM_MM) * SKIN_PX_MM * 2**_FRACTION_BITS).astype(np.int32)


def _filled(loops: Sequence[np.ndarray], shape: tuple[int, ...], *, blur: float) -> np.ndarray:
    """(h, w) 0..1: the inside of closed curves, (n, 2) mm of the layout each, with an edge softened by `blur` px."""
    mask = np.zeros(shape[:2], dtype=np.float32)
    for loop in loops:
        cv2.fillPoly(mask, [_px(loop)], 1.0, cv2.LINE_AA, _FRACTION_BITS)
    return cv2.GaussianBlur(mask, (0, 0), blur)


def _lines(
    paths: Sequence[np.ndarray], shape: tuple[int, ...], width_mm: float, *, blur: float, closed: bool = False
) -> np.ndarray:
    """(h, w) 0..1: curves of a given width, softened by `blur` px."""
    mask = np.zeros(shape[:2], dtype=np.uint8)
    for path in paths:
        thickness = max(1, round(width_mm * SKIN_PX_MM))
        cv2.polylines(mask, [_px(path)], closed, 255, thickness, cv2.LINE_AA, _FRACTION_BITS)
    return cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), blur)


def _spot(points: Sequence[tuple[float, float, float]], radius_mm: float, shape: tuple[int, ...]) -> np.ndarray:
    """(h, w) 0..1: a soft round spot about each place."""
    mask = np.zeros(shape[:2], dtype=np.float32)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    for u, v in (_sites(points) - SKIN_FROM_MM) * SKIN_PX_MM:
        mask += np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * (radius_mm * SKIN_PX_MM / 1.5) ** 2))
    return mask
