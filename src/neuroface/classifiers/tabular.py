"""Any scikit-learn classifier on a feature table, with what must be fitted inside the fold around it."""

from __future__ import annotations

from typing import Any


def tabular(estimator: Any, *, scale: bool = True, impute: str | None = "median") -> Any:
    """A pipeline: impute missing features, standardise them if `scale`, then the estimator.

    estimator: unfitted, with fit and predict_proba. impute: a strategy of SimpleImputer; a column that is empty in a
    training fold becomes 0; None leaves missing values to the estimator, which is returned as it is where it is not
    scaled for either. Imputer and scaler are fitted with the estimator, so a test person never shapes them.
    """
    if impute is None and not scale:
        return estimator
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    steps: list[tuple[str, Any]] = []
    if impute is not None:
        steps.append(("impute", SimpleImputer(strategy=impute, keep_empty_features=True)))
    if scale:
        steps.append(("scale", StandardScaler()))
    return Pipeline([*steps, ("classify", estimator)])
