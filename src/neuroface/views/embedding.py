"""A picture's pooled vector as features: what a network that is fitted already makes of each face.

Vectors are made once per picture and are then a table like any other: a fold costs a head, not a forward pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.errors import ConfigError, LeakageError
from neuroface.evaluate.run_files import read_yaml
from neuroface.store import Store
from neuroface.views.images import Images
from neuroface.views.seen import Seen

if TYPE_CHECKING:
    from neuroface.classifiers.embedding import Embedder

OF_PICTURES = ("size", "align", "part", "margin", "hold_s")  # keys of the view that a run's own pictures were cut by


class Embedding:
    """Columns `embedding.v000`, ... of the picture at the peak of each repetition, or of a still.

    run: a run folder whose networks see pictures; a person is embedded by a model that has not seen them, the first of
    those, and pictures are cut as in that run. weights: a model file, or published weights of a `backbone`, with
    pictures cut by size, align, part and margin (see `views.images.Images`). seen: embed people by models that were
    fitted on them, where there are no others; folds that judge them are still refused.
    Errors: ConfigError where neither or both are given; LeakageError for a person whom every model has seen;
    WeightsNotFoundError, DataError for files.
    """

    reads_pictures = True  # and not landmarks: see `views.table.Table`

    def __init__(
        self,
        *,
        run: str | Path | None = None,
        weights: str | Path | None = None,
        backbone: str = "resnet18",
        size: int = 112,
        align: str = "similarity",
        part: str = "face",
        margin: float = 0.1,
        seen: bool = False,
        device: str = "auto",
    ) -> None:
        self.run, self.weights, self.backbone, self.seen, self.device = run, weights, backbone, seen, device
        self.cut: dict[str, Any] = {"size": size, "align": align, "part": part, "margin": margin}
        self.store = Store()
        self._embedders: dict[Path, Embedder] = {}

    def rows(self, seen: Seen) -> tuple[tuple[str, ...], list[np.ndarray | None]]:
        """Names (d,), and (d,) of each repetition; None where no face is seen. Errors: those of `Images`."""
        embedder = self._embedder(self._file_for(seen.recording.subject))
        self.images.store = self.store
        _, pictures = self.images.rows(seen)
        found = [picture for picture in pictures if picture is not None]
        vectors = iter(embedder.vectors(np.stack(found)))
        rows = [None if picture is None else next(vectors).astype(float) for picture in pictures]
        width = next(len(row) for row in rows if row is not None)
        return tuple(f"embedding.v{i:03d}" for i in range(width)), rows

    def fitted_on(self, subject: str) -> frozenset[str]:
        """People that the network was fitted on that embeds somebody."""
        return self._embedder(self._file_for(subject)).people

    @cached_property
    def images(self) -> Images:
        """How pictures are cut: as the run did, or as asked."""
        if self.run is None:
            size = self._embedder(self.files[0]).size[0]
            return Images(**{**self.cut, "size": size})
        config = read_yaml(Path(self.run) / "config.yaml")
        view: Mapping[str, Any] = (config.get("classifier") or {}).get("view") or {}
        if not isinstance(view, Mapping) or not str(view.get("_target_", "")).endswith(".Images"):
            raise ConfigError(f"{self.run} is no run of a network of single pictures; name one of classifier=scn, say.")
        if view.get("subtract", "none") != "none":
            raise ConfigError(
                f"{self.run} looks at what differs from a person's own mean, which one picture does not tell; name a "
                "run of classifier.view.subtract=none."
            )
        return Images(**{key: view[key] for key in OF_PICTURES if key in view})

    @cached_property
    def files(self) -> list[Path]:
        """The model files to choose from."""
        if (self.run is None) == (self.weights is None):
            raise ConfigError(
                "features=embedding needs one of features.embedding.vector.run=RUN, a finished run on pictures, and "
                "features.embedding.vector.weights=FILE, a model file or weights of features.embedding.vector.backbone."
            )
        if self.run is None:
            return [Path(str(self.weights)).expanduser()]
        found = sorted((Path(self.run) / "models").glob("*.safetensors"))
        if not found:
            raise ConfigError(f"{self.run} keeps no network. Run it again with execution.save_models=true.")
        return found

    def _file_for(self, subject: str) -> Path:
        """The first model that has not seen somebody; a single weights file is that of everybody."""
        if self.run is None:
            return self.files[0]
        unseen = next((file for file in self.files if subject not in self._embedder(file).people), None)
        if unseen is None and not self.seen:
            raise LeakageError(
                f"Every network of {self.run} was fitted on {subject}. Embed people whom one of them has not seen, or "
                "set features.embedding.vector.seen=true."
            )
        return unseen or self.files[0]

    def _embedder(self, file: Path) -> Embedder:
        from neuroface.classifiers import embedding

        if file not in self._embedders:
            ours = file.suffix == ".safetensors" and embedding.is_ours(file)
            self._embedders[file] = (
                embedding.of_model(file, device=self.device)
                if ours
                else embedding.of_weights(file, backbone=self.backbone, size=self.cut["size"], device=self.device)
            )
        return self._embedders[file]
