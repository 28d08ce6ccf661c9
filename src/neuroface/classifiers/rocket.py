"""Random convolution kernels and a ridge classifier: a strong and cheap baseline for short series."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from neuroface.classifiers.calibrated import SubjectCalibrated
from neuroface.classifiers.inputs import series_lengths
from neuroface.errors import ConfigError, DataError

SHORTEST = 9  # frames, the length of a MiniRocket kernel


class Rocket(ClassifierMixin, BaseEstimator):
    """MiniRocket's kernels on series, ridge regression on what they give, probabilities calibrated on people held out.

    Series of any length are stretched to `frames` frames, linearly, which keeps their shape; how long each was joins
    the kernels' outputs as one more column, as its logarithm. kernels: at least 84. alphas: penalties of the ridge, of
    which leave-one-row-out chooses one. Dempster, Schmidt & Webb, MiniRocket, KDD 2021; kernels by the library aeon.

    Fitted: classes_, scale_, rocket_, ridge_.
    """

    costly = True  # kernels are drawn and applied anew in every fold

    def __init__(
        self,
        *,
        kernels: int = 2000,
        frames: int = 64,
        alphas: tuple[float, ...] = (1e-1, 1e0, 1e1, 1e2, 1e3, 1e4),
        random_state: int | None = 0,
    ) -> None:
        self.kernels = kernels
        self.frames = frames
        self.alphas = alphas
        self.random_state = random_state

    def fit(
        self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None, groups: np.ndarray | None = None
    ) -> Rocket:
        """X: (n, T, C), NaN after the end of a series. y: (n,) classes. groups: (n,) person of each row.

        Errors: ConfigError for too few kernels or frames; DataError for X that is no series.
        """
        from aeon.transformations.collection.convolution_based import MiniRocket
        from sklearn.linear_model import RidgeClassifierCV
        from sklearn.preprocessing import StandardScaler

        if self.kernels < 84 or self.frames < SHORTEST:
            raise ConfigError(
                f"classifier.kernels={self.kernels} must be 84 or more, and classifier.frames={self.frames} "
                f"{SHORTEST} or more."
            )
        stretched, lengths = self._stretched(X)
        flat = stretched.transpose(0, 2, 1).reshape(-1, stretched.shape[1])
        self.scale_ = np.stack([flat.mean(axis=0), np.where(flat.std(axis=0) > 1e-8, flat.std(axis=0), 1.0)])
        self.rocket_ = MiniRocket(n_kernels=self.kernels, random_state=self.random_state, n_jobs=1)
        self.rocket_.fit(self._standardised(stretched))
        table = self._table(stretched, lengths)
        self.scaler_ = StandardScaler().fit(table)
        ridge = SubjectCalibrated(RidgeClassifierCV(alphas=self.alphas))
        self.ridge_ = ridge.fit(self.scaler_.transform(table), y, sample_weight=sample_weight, groups=groups)
        self.classes_ = self.ridge_.classes_
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """(n, n_classes) in the order of classes_; rows add up to 1."""
        return self.ridge_.predict_proba(self.scaler_.transform(self._table(*self._stretched(X))))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """(n,) the most probable class."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _stretched(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """(n, C, frames) float, and how many frames (n,) each series had."""
        if np.ndim(X) != 3:
            raise DataError(
                f"Rocket reads series (n, T, C); X has the shape {np.shape(X)}. Set classifier.view=series."
            )
        lengths = series_lengths(X)
        out = np.empty((len(X), X.shape[2], self.frames))
        for row, series, length in zip(out, X, lengths, strict=True):
            at = np.linspace(0, length - 1, self.frames)
            for channel, values in zip(row, series[:length].T, strict=True):
                channel[:] = np.interp(at, np.arange(length), values)
        return out, lengths

    def _standardised(self, stretched: np.ndarray) -> np.ndarray:
        mean, deviation = self.scale_[:, :, None]
        return ((stretched - mean) / deviation).astype(np.float32)

    def _table(self, stretched: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """(n, kernels + 1): what the kernels give, and the logarithm of the length in frames."""
        return np.column_stack([self.rocket_.transform(self._standardised(stretched)), np.log(lengths)])
