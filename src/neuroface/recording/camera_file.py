"""camera.json: the calibration of a colour and a depth camera, in the words of the RealSense SDK.

{"color_intrinsics": {width, height, fx, fy, ppx, ppy, model, coeffs[5]}, "depth_intrinsics": the same,
 "depth_to_color": {"rotation": [9, column by column], "translation": [3, metres]}, "depth_scale": metres in one raw
 unit, "aligned": depth frames are seen from the colour camera, "model": "Intel RealSense D415", "serial": "..."}
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.errors import DataError, did_you_mean
from neuroface.outside import read_json
from neuroface.types import DISTORTIONS, Camera, Rig

SCALES = "D400: 0.001, SR300: 0.000125, L515: 0.00025"
# A raw unit of less than a thousandth of a millimetre or more than a decimetre is a mix-up of units.
LEAST_SCALE_M, MOST_SCALE_M = 1e-6, 0.1
# What a recording without depth counts in matters to nobody; mm is a Camera's default.
NO_SCALE = 0.001
# No camera has its two lenses farther apart than this; a larger number was given in mm.
MOST_BASELINE_M = 0.5


def read_camera(file: Path, *, depth: bool = True) -> Rig:
    """The rig that a camera.json describes; depth=False: of a recording in colour only, which has no depth camera.

    Errors: DataError that names all that is missing or cannot be.
    """
    if not file.is_file():
        raise DataError(f"there is no {file}; without intrinsics and depth_scale depth cannot be turned into mm")
    try:
        values = read_json(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise DataError(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(values, dict):
        raise DataError(f"{file} must hold one JSON object; it holds a {type(values).__name__}")
    if not depth:
        scale = values.get("depth_scale") or NO_SCALE
        values |= {"depth_scale": scale, "depth_intrinsics": None, "aligned": False}
    aligned = bool(values.get("aligned", False))
    beside = () if aligned or not depth else ("depth_intrinsics", "depth_to_color")
    needed = ("color_intrinsics", "depth_scale", *beside)
    missing = [name for name in needed if values.get(name) is None]
    if missing:
        scale = f" (metres in one raw unit; {SCALES})" if "depth_scale" in missing else ""
        raise DataError(f"{file} has no {', '.join(missing)}{scale}; export them from the camera that recorded this")
    try:
        return _rig(values, aligned)
    except (DataError, KeyError, TypeError, ValueError, OverflowError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(f"{file}: {what}") from error


def write_camera(rig: Rig, file: Path) -> None:
    """Write a rig so that `read_camera` gives it back."""
    depth = rig.depth or rig.color
    values = {
        "color_intrinsics": _intrinsics(rig.color),
        "depth_intrinsics": None if rig.depth is None else _intrinsics(rig.depth),
        "depth_to_color": {
            "rotation": rig.rotation.T.ravel().tolist(),
            "translation": (rig.translation_mm / 1e3).tolist(),
        },
        "depth_scale": depth.depth_unit_mm / 1e3,
        "aligned": rig.aligned,
        "model": rig.color.model,
        "serial": rig.serial,
        "nominal": rig.color.nominal,
    }
    file.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def camera(intrinsics: Mapping[str, Any], *, depth_scale_m: float, model: str = "", nominal: bool = False) -> Camera:
    """A camera from the SDK's intrinsics (width, height, fx, fy, ppx, ppy, model, coeffs) and depth scale in metres."""
    if not LEAST_SCALE_M < depth_scale_m < MOST_SCALE_M:
        raise DataError(f"depth_scale is {depth_scale_m:g}; it is metres in one raw unit ({SCALES})")
    if not isinstance(intrinsics, Mapping):
        raise DataError(f"intrinsics are {intrinsics!r}; a table with fx, fy, ppx, ppy, width and height is needed")
    coefficients = tuple(float(c) for c in intrinsics.get("coeffs") or ())
    distortion = distortion_of(str(intrinsics.get("model", "none")), model) if any(coefficients) else "none"
    return Camera(
        fx=float(intrinsics["fx"]),
        fy=float(intrinsics["fy"]),
        cx=float(intrinsics["ppx"]),
        cy=float(intrinsics["ppy"]),
        width=int(intrinsics["width"]),
        height=int(intrinsics["height"]),
        depth_unit_mm=depth_scale_m * 1e3,
        nominal=nominal,
        model=model,
        distortion=distortion,
        coefficients=coefficients if distortion != "none" else (),
    )


def distortion_of(label: str, model: str) -> str:
    """Our name of a lens model from the SDK's ("Inverse Brown Conrady", "distortion.inverse_brown_conrady").

    The SDK labels colour cameras of the D400 family "Inverse Brown Conrady" but uses their coefficients to distort
    (rsutil.h inverts them by iteration), which is the modified model; SR300 coefficients undistort, as the label says.
    Our own names are taken as they are.
    """
    name = re.sub(r"[\s-]+", "_", label.strip().lower().removeprefix("distortion."))
    if name not in DISTORTIONS:
        raise DataError(f"there is no lens model {label!r} here." + did_you_mean(name, DISTORTIONS))
    if name == "inverse_brown_conrady" and label != name and re.search(r"\bD4\d\d", model):
        return "modified_brown_conrady"
    return name


def _rig(values: Mapping[str, Any], aligned: bool) -> Rig:
    scale, model = float(values["depth_scale"]), str(values.get("model") or "")
    nominal = bool(values.get("nominal", False))
    color = camera(values["color_intrinsics"], depth_scale_m=scale, model=model, nominal=nominal)
    depth = values.get("depth_intrinsics")
    between = values.get("depth_to_color")
    rotation, translation_mm = (np.eye(3), np.zeros(3)) if between is None else _extrinsics(between)
    return Rig(
        color=color,
        depth=None if depth is None else camera(depth, depth_scale_m=scale, model=model, nominal=nominal),
        rotation=rotation,
        translation_mm=translation_mm,
        aligned=aligned,
        serial=str(values.get("serial") or ""),
    )


def _extrinsics(values: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    columns, translation_m = np.array(values["rotation"], dtype=float), np.array(values["translation"], dtype=float)
    if columns.shape != (9,) or translation_m.shape != (3,):
        raise DataError("depth_to_color needs rotation with 9 numbers, column by column, and translation with 3")
    rotation = columns.reshape(3, 3).T
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or np.linalg.det(rotation) < 0:
        raise DataError("depth_to_color.rotation is not a rotation")
    if np.linalg.norm(translation_m) > MOST_BASELINE_M:
        far = np.linalg.norm(translation_m)
        raise DataError(f"depth_to_color.translation is {far:g} m long; it is in metres, a few hundredths of one")
    return rotation, translation_m * 1e3


def _intrinsics(camera: Camera) -> dict[str, Any]:
    return {
        "width": camera.width,
        "height": camera.height,
        "fx": camera.fx,
        "fy": camera.fy,
        "ppx": camera.cx,
        "ppy": camera.cy,
        "model": camera.distortion,
        "coeffs": list(camera.coefficients) or [0.0] * 5,
    }
