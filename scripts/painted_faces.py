"""What rendered faces lack beside real ones, painted on their crops: open mouths, teeth, tongue, gums, pale lips,
beards, glasses, hands, motion blur, few pixels and compression.

For train_bundled_fan.py. Sizes and shares are chosen by eye; nothing here is a photograph.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from neuroface import face

FINE = 4  # the mouth is painted at so many times the pixels, then averaged
TEETH, GUM, TONGUE, HOLLOW = (
    np.array(c, float) for c in ((228, 220, 204), (190, 110, 108), (170, 88, 88), (30, 12, 14))
)
# What moves with the lower lip (jaw, outer, inner) and with the upper one; the corners of the mouth stay.
LOWER, UPPER = np.r_[3:14, 55:60, 65:68], np.r_[49:54, 61:64]
SHARES = {
    "mouth": 0.75,
    "lips": 0.4,
    "beard": 0.2,
    "glasses": 0.25,
    "hand": 0.1,
    "motion": 0.25,
    "pixels": 0.5,
    "jpeg": 0.6,
}


def painted(
    crop: np.ndarray, points: np.ndarray, generator: np.random.Generator, *, opened: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """A crop (S, S, 3) uint8 changed at random, and its landmarks.

    points: (68, 2) px of the crop. opened: share of mouths that are drawn further open, which takes the landmarks
    along; all else that is painted leaves them where they are.
    """
    image, points = crop.astype(np.float32), points.astype(float)
    widened = bool(opened) and generator.random() < opened
    if widened:
        image, points = _opened(image, points, generator)
        image = _mouth(image, points, generator)
    for name, paint in (("lips", _lips), ("mouth", _mouth), ("beard", _beard), ("glasses", _glasses), ("hand", _hand)):
        if generator.random() < SHARES[name] and not (widened and name == "mouth"):
            image = paint(image, points, generator)
    return _filmed(image, generator), points


def _filmed(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """(S, S, 3) uint8: blurred by movement, of few pixels, compressed, each or none of it."""
    if generator.random() < SHARES["motion"]:
        image = np.asarray(cv2.filter2D(image, -1, _motion(generator)))
    if generator.random() < SHARES["pixels"]:
        side = round(len(image) * generator.uniform(0.35, 0.8))
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        image = np.asarray(cv2.resize(small, image.shape[:2], interpolation=cv2.INTER_LINEAR))
    image = np.clip(image, 0, 255).astype(np.uint8)
    if generator.random() < SHARES["jpeg"]:
        _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(generator.integers(20, 80))])
        image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))
    return image


@dataclass(frozen=True)
class Opening:
    """How a picture moves when the lips part, px: downwards where it is positive, at places of the new picture.

    down, up: how far the lips go at the middle of the mouth. follow: share of `down` by which the chin goes along. eye:
    distance of the outer canthi.
    """

    points: np.ndarray
    eye: float
    down: float
    up: float
    follow: float

    def aside(self, x: np.ndarray) -> np.ndarray:
        """0 at the middle of the mouth, 1 at its corners."""
        right, left = self.points[face.MOUTH_INNER[[0, 4]], 0]
        return ((x - (right + left) / 2) / max(abs(left - right) / 2, 2.0)) ** 2

    def seam(self, x: np.ndarray) -> np.ndarray:
        """y between the lips, on a line as slanted as the one from corner to corner."""
        inner = self.points[face.MOUTH_INNER]
        (x0, y0), (x1, y1) = inner[[0, 4]]
        slant = (y1 - y0) / (x1 - x0 or 1.0)
        return slant * x + np.median(inner[:, 1] - slant * inner[:, 0])

    def lower(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Below the mouth; the chin is wider than the lips."""
        lip, chin = self.points[[face.LIP_BOTTOM_OUTER, face.CHIN], 1] + self.down
        under = np.clip((y - lip) / (0.2 * self.eye), 0, 1)
        lips, jaw = np.sqrt(np.clip(1 - self.aside(x), 0, 1)), np.clip(1 - self.aside(x) / 6, 0, 1)
        shape = (1 - under) * lips + under * jaw
        return self.down * shape * np.interp(y, [lip, chin, chin + self.eye], [1, self.follow, 0])

    def upper(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        nose, mouth = self.points[face.NOSE_BASE, 1], self.points[face.MOUTH_INNER[[0, 4]], 1].mean()
        return -self.up * np.sqrt(np.clip(1 - self.aside(x), 0, 1)) * np.interp(y, [nose, (nose + mouth) / 2], [0, 1])


def _opened(image: np.ndarray, points: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The lips apart by up to two fifths of the eye distance more: the lower goes down, and some of the chin with it.

    A smile shows teeth without the jaw, so how far the chin follows is drawn as well. What lies between the lips is
    left to whoever paints it.
    """
    eye = float(np.linalg.norm(points[face.CANTHUS_LEFT_OUTER] - points[face.CANTHUS_RIGHT_OUTER]))
    down, up, follow = 0.35 * eye * generator.beta(1, 2), 0.06 * eye * generator.random(), generator.random()
    how = Opening(points, eye, down, up, follow)
    y, x = np.mgrid[0 : len(image), 0 : len(image)].astype(np.float32)
    lower, upper = how.lower(x, y), how.upper(x, y)
    from_y = y - np.where(y > how.seam(x) + (lower + upper) / 2, lower, upper)
    moved = points.copy()
    for field, rows in ((how.lower, LOWER), (how.upper, UPPER)):
        for _ in range(8):  # the fields are told at where a point comes to lie
            moved[rows, 1] = points[rows, 1] + field(moved[rows, 0], moved[rows, 1])
    opened = cv2.remap(image, x, from_y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return opened, moved


def _mouth(image: np.ndarray, points: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Between the inner lips: one or two rows of teeth, gums, tongue, as bright as the light on the face allows."""
    inner = points[face.MOUTH_INNER]
    left, top = np.floor(inner.min(axis=0) - 2).astype(int)
    right, bottom = np.ceil(inner.max(axis=0) + 3).astype(int)
    if inner[:, 1].max() - inner[:, 1].min() < 1.5 or min(left, top) < 0 or max(right, bottom) >= len(image):
        return image
    width, height = FINE * (right - left), FINE * (bottom - top)
    loop = np.rint((inner - [left, top] + 0.5) * FINE).astype(np.int32)
    inside = np.zeros((height, width), np.float32)
    cv2.fillPoly(inside, [loop], 1.0)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    upper, lower = (np.interp(x[0], *np.sort(loop[at], axis=0).T) for at in ([0, 1, 2, 3, 4], [0, 7, 6, 5, 4]))
    down = (y - upper) / np.maximum(lower - upper, 1)  # 0 at the upper, 1 at the lower lip
    light = float(np.clip(image[max(top - 8, 0) : bottom + 8, left:right].mean() / 130, 0.3, 1.5))
    paint = np.broadcast_to(HOLLOW, (height, width, 3)).astype(np.float32).copy()
    if generator.random() < 0.5:
        tongue = np.clip((down - generator.uniform(0.3, 0.7)) * 4, 0, 1)[..., None]
        paint += tongue * (TONGUE * generator.uniform(0.7, 1.2) - paint)
    split = generator.choice([1.0, generator.uniform(0.4, 0.9)])
    teeth = TEETH * generator.uniform(0.7, 1.15) * [1, 1, generator.uniform(0.8, 1)]
    number = generator.uniform(7, 12) / (loop[4, 0] - loop[0, 0])
    gaps = np.clip(1 - np.abs((x * number) % 1 - 0.5) / 0.06, 0, 1) * generator.uniform(0, 0.5)
    crowns = teeth * (1 - gaps)[..., None]
    rows = (down < split) | ((down > split + 0.1) & (generator.random() < 0.4))
    paint[rows] = crowns[rows]
    if generator.random() < 0.6:
        at = generator.uniform(0.4, 0.8)
        paint *= 1 - generator.uniform(0.1, 0.5) * np.clip(1 - np.abs(down - at) / 0.08, 0, 1)[..., None]
    if generator.random() < 0.25:
        gum = np.clip((generator.uniform(0.08, 0.25) - down) * 20, 0, 1)[..., None]
        paint += gum * (GUM - paint)
    sides = np.clip(np.abs(2 * (x - loop[0, 0]) / max(loop[4, 0] - loop[0, 0], 1) - 1) - 0.5, 0, 1) * 2
    paint *= (1 - sides * generator.uniform(0, 0.8))[..., None] * light
    return _onto(image, paint, inside, (left, top))


def _onto(image: np.ndarray, paint: np.ndarray, inside: np.ndarray, corner: tuple[int, int]) -> np.ndarray:
    """Finely painted pixels averaged onto the image where they are inside."""
    size = (paint.shape[1] // FINE, paint.shape[0] // FINE)
    soft = cv2.GaussianBlur(inside, (0, 0), 1.0)
    alpha = cv2.resize(soft, size, interpolation=cv2.INTER_AREA)[..., None]
    color = cv2.resize(paint * soft[..., None], size, interpolation=cv2.INTER_AREA) / np.maximum(alpha, 1e-3)
    part = image[corner[1] : corner[1] + size[1], corner[0] : corner[0] + size[0]]
    part += alpha * (color - part)
    return image


def _lips(image: np.ndarray, points: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Lips as pale as the skin about them, or redder."""
    mask = np.zeros(image.shape[:2], np.float32)
    cv2.fillPoly(mask, [points[face.MOUTH_OUTER].round().astype(np.int32)], 1.0)
    cv2.fillPoly(mask, [points[face.MOUTH_INNER].round().astype(np.int32)], 0.0)
    skin = np.median(image[(cv2.dilate(mask, np.ones((9, 9))) > 0) & (mask == 0)], axis=0)
    color = skin * (generator.uniform([0.8, 0.6, 0.6], [1.05, 1.0, 1.0]))
    return _blended(image, cv2.GaussianBlur(mask, (0, 0), 1.0) * generator.uniform(0.3, 0.9), color)


def _beard(image: np.ndarray, points: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    mask = np.zeros(image.shape[:2], np.float32)
    loop = np.vstack([points[2:15], points[[35, 33, 31]] + [0, 3]])
    cv2.fillPoly(mask, [loop.round().astype(np.int32)], 1.0)
    if generator.random() < 0.5:
        mask[: int(points[face.MOUTH_CORNER_LEFT, 1])] *= generator.uniform(0, 0.6)
    cv2.fillPoly(mask, [points[face.MOUTH_OUTER].round().astype(np.int32)], 0.0)
    grain = cv2.GaussianBlur(generator.standard_normal(image.shape[:2]).astype(np.float32), (0, 0), 0.8)
    alpha = cv2.GaussianBlur(mask, (0, 0), 2.0) * np.clip(generator.uniform(0.2, 0.9) + 0.3 * grain, 0, 1)
    return _blended(image, alpha, generator.uniform(15, 90) * np.array([1.0, 0.85, 0.75]))


def _glasses(image: np.ndarray, points: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Two rims, a bridge, temples, and sometimes the light of a window on the glass."""
    frame = np.zeros(image.shape[:2], np.uint8)
    thick, ratio = int(generator.integers(1, 4)), generator.uniform(0.65, 1.1)
    glare = np.zeros(image.shape[:2], np.float32)
    ends = []
    for loop in (face.EYE_RIGHT, face.EYE_LEFT):
        eye = points[loop]
        middle, half = eye.mean(axis=0) + np.array([0.0, 1]), 0.5 * np.ptp(eye[:, 0]) * generator.uniform(1.3, 1.7)
        ellipse = (tuple(middle.round().astype(int).tolist()), (int(half), int(half * ratio)), 0, 0, 360)
        cv2.ellipse(frame, *ellipse, 255, thick, cv2.LINE_AA)
        if generator.random() < 0.4:
            cv2.ellipse(glare, *ellipse, float(generator.uniform(0.1, 0.6)), -1)
        ends.append((middle - np.array([half, 0]), middle + np.array([half, 0])))
    for a, b in ((ends[0][1], ends[1][0]), (ends[0][0], points[0]), (ends[1][1], points[16])):
        cv2.line(frame, a.round().astype(int).tolist(), b.round().astype(int).tolist(), 255, thick, cv2.LINE_AA)
    image = _blended(image, cv2.GaussianBlur(glare, (0, 0), 3.0), np.array([225.0, 230, 240]))
    return _blended(image, frame / 255 * generator.uniform(0.6, 1), generator.uniform(10, 160, 3))


def _hand(image: np.ndarray, points: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A few fingers of the colour of the cheek, from below or from a side."""
    mask = np.zeros(image.shape[:2], np.float32)
    tip = points[generator.integers(0, face.N_POINTS)] + generator.normal(0, 8, 2)
    away = tip + generator.uniform([-90, 40], [90, 120])
    for finger in range(int(generator.integers(1, 5))):
        shift = np.array([9.0 * finger, generator.normal(0, 4)])
        start, end = ((p + shift).round().astype(int).tolist() for p in (tip, away))
        cv2.line(mask, start, end, 1.0, int(generator.integers(7, 12)), cv2.LINE_AA)
    skin = np.median(image[tuple(np.clip(points[[2, 14]].round().astype(int), 0, len(image) - 1).T[::-1])], axis=0)
    shade = cv2.GaussianBlur(mask, (0, 0), 2.0)
    return _blended(image, np.clip(mask, 0, 1), skin * (0.75 + 0.35 * shade.mean()))


def _motion(generator: np.random.Generator) -> np.ndarray:
    kernel = np.zeros((9, 9), np.float32)
    reach = generator.uniform(1, 4) * np.array([np.cos(turn := generator.uniform(0, np.pi)), np.sin(turn)])
    start, end = ((4 + sign * reach).round().astype(int).tolist() for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    return kernel / kernel.sum()


def _blended(image: np.ndarray, alpha: np.ndarray, color: np.ndarray) -> np.ndarray:
    return image + alpha[..., None].astype(np.float32) * (np.asarray(color, np.float32) - image)
