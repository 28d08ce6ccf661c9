"""What a fitted model is asked about each of the 68 points: without its movement, or by its gradient there."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroface import face


def lost_when_still(model: Any, arrays: Any, at: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """(len(at), 68): how much lower the last class's probability is with each point held still."""
    from neuroface.evaluate.fold import predict
    from neuroface.explain.stilled import AS_IT_IS

    variants = np.concatenate([arrays[AS_IT_IS][at], *(arrays[str(i)][at] for i in range(face.N_POINTS))])
    said = predict(model, variants, classes).reshape(1 + face.N_POINTS, len(at), -1)
    return np.asarray((said[0] - said[1:])[..., -1].T)


def gradient_at_points(model: Any, arrays: Any, at: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """(len(at), 68) integrated gradient of the last class about each point."""
    from neuroface.explain import gradients
    from neuroface.explain.maps import inputs_for
    from neuroface.explain.stilled import AS_IT_IS, PLACES

    X = inputs_for(model, np.asarray(arrays[AS_IT_IS][at]))
    last = [str(name) for name in model.classes_].index(classes[-1])
    return gradients.at_points(gradients.of_pictures(model, X, last), arrays[PLACES][at], sigma_px=X.shape[1] / 50)
