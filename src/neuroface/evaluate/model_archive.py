"""A model that is made of others, as one file: a zip of their files, and JSON that says what they are to each other."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from neuroface.evaluate.workers import saved

ENDING = "zip"
ABOUT = "about.json"


def archived(about: Mapping[str, Any], models: Sequence[Any]) -> tuple[str, bytes]:
    """Ending and bytes; the same models give the same bytes. about: what JSON holds, `format` among it.

    models: fitted; the files of those that are not None are named by their place, `files` of the JSON has them.
    """
    kept = [None if model is None else saved(model) for model in models]
    files = [None if one is None else f"{place}.{one.ending}" for place, one in enumerate(kept)]
    told = json.dumps({**about, "files": files}, sort_keys=True, indent=1).encode()
    contents = {ABOUT: told, **{name: one.content for name, one in zip(files, kept, strict=True) if name and one}}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # whose date is always the same
    return ENDING, out.getvalue()
