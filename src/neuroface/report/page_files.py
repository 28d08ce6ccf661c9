"""What pages are made of: their templates, figures as PNG (and PDF or SVG), files that are whole or absent."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 160  # sharp on a dense screen at half the page's width, and small enough to mail
VECTORS = {"pdf": ("pdf",), "svg": ("svg",), "both": ("pdf", "svg")}


def write_figure(out: Path, name: str, figure: Figure, *, vector: str | None = None) -> bytes:
    """Write out/name.png and, for vector "pdf", "svg" or "both", these files beside it; returns the PNG.

    The same figure gives the same bytes. In a vector file text stays text and all of it can be scaled and edited.
    """
    import matplotlib

    data = _saved(figure, "png", dpi=DPI, metadata={"Software": None})
    write_whole(out / f"{name}.png", data)
    for kind in VECTORS[vector] if vector else ():
        undated = {"CreationDate": None} if kind == "pdf" else {"Date": None}
        with matplotlib.rc_context({"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "neuroface"}):
            write_whole(out / f"{name}.{kind}", _saved(figure, kind, metadata=undated))
    return data


def forget_figures(*folders: Path, name: str = "*") -> None:
    """Take away figures of an earlier drawing: it may have been asked for faces, and this one is not."""
    for folder in folders:
        for file in [one for kind in ("png", "svg", "pdf") for one in folder.glob(f"{name}.{kind}")]:
            file.unlink()


def _saved(figure: Figure, kind: str, **keys: Any) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format=kind, **keys)
    return buffer.getvalue()


def template(name: str) -> Any:
    """A template of this room; what goes into an HTML page is escaped, into text not."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("neuroface.report")
    environment = Environment(
        loader=loader,
        autoescape=".html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def write_whole(path: Path, content: bytes) -> None:
    """Whole or not at all: a reader never sees half a page."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)
