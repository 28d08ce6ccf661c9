"""ELAN's .eaf: tiers of annotations on time slots (EAF 3.0, Max Planck Institute for Psycholinguistics).

A symbolic subdivision has no times of its own: its parts share the time of their parent evenly, as ELAN draws them. A
time slot without a value lies evenly between its aligned neighbours within the annotations that share them.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

from neuroface import outside
from neuroface.cohorts.marks.sheet import Mark, Sheet, plain_stem
from neuroface.errors import DataError

NAME = "ELAN"


def is_it(path: Path, head: bytes) -> bool:
    return path.suffix.lower() == ".eaf" or b"<ANNOTATION_DOCUMENT" in head


def read(path: Path) -> list[Sheet]:
    """The one sheet of a file. Errors: DataError for XML that is damaged, declares entities, or is no EAF."""
    root = _parsed(path)
    header = root.find("HEADER")
    unit = "milliseconds" if header is None else header.get("TIME_UNITS", "milliseconds")
    if root.tag != "ANNOTATION_DOCUMENT" or unit != "milliseconds":
        raise DataError(f"{path} is no ELAN document in milliseconds ({root.tag}, {unit}); save it with a current ELAN")
    try:
        return [_sheet(path, root)]
    except ValueError as error:
        raise DataError(f"{path} holds a time that is no whole number of ms ({error}); save it again") from error


def _sheet(path: Path, root: Element) -> Sheet:
    times = _Times(path, root)
    tiers = {
        tier.get("TIER_ID", ""): tuple(times.mark(annotation) for annotation in tier.iterfind("ANNOTATION/*"))
        for tier in root.iterfind("TIER")
    }
    media = {
        plain_stem(one.get("MEDIA_URL") or one.get("RELATIVE_MEDIA_URL") or ""): int(one.get("TIME_ORIGIN") or 0) / 1e3
        for one in root.iterfind("HEADER/MEDIA_DESCRIPTOR")
    }
    pictures = [one for one in root.iterfind("HEADER/MEDIA_DESCRIPTOR") if one.get("MIME_TYPE", "").startswith("video")]
    first = int(pictures[0].get("TIME_ORIGIN") or 0) / 1e3 if pictures else 0.0
    return Sheet(path, tiers, media, names=frozenset({path.stem}), shift_s=first)


def _parsed(path: Path) -> Element:
    try:
        return outside.read_xml(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path} cannot be read as ELAN's XML ({error}); save it again with ELAN") from error


class _Times:
    """When each annotation of a document is, by its own time slots or those of its parent."""

    def __init__(self, path: Path, root: Element) -> None:
        self._path = path
        self._slots = _slot_times(root)
        self._tier_of = {a: tier for tier in root.iterfind("TIER") for a in tier.iterfind("ANNOTATION/*")}
        self._by_id = {a.get("ANNOTATION_ID", ""): a for a in self._tier_of}
        self._parts: dict[tuple[Element, str], list[Element]] = {}
        for annotation, tier in self._tier_of.items():
            if annotation.tag == "REF_ANNOTATION":
                self._parts.setdefault((tier, annotation.get("ANNOTATION_REF", "")), []).append(annotation)

    def mark(self, annotation: Element) -> Mark:
        where = f"annotation {annotation.get('ANNOTATION_ID')} of tier {self._tier_of[annotation].get('TIER_ID')}"
        start_s, end_s = self._bounds(annotation, where, depth=0)
        text = (annotation.findtext("ANNOTATION_VALUE") or "").strip()
        return Mark(start_s, end_s, f"{where} in {self._path.name}", text or None)

    def _bounds(self, annotation: Element, where: str, *, depth: int) -> tuple[float, float]:
        if annotation.tag == "ALIGNABLE_ANNOTATION":
            slots = [self._slots.get(annotation.get(f"TIME_SLOT_REF{i}", "")) for i in (1, 2)]
            if None in slots:
                raise DataError(f"{self._path}: {where} has no time; align it in ELAN, or take it out")
            return slots[0], slots[1]  # type: ignore[return-value]
        parent = self._by_id.get(annotation.get("ANNOTATION_REF", ""))
        if parent is None or depth > len(self._by_id):
            raise DataError(f"{self._path}: {where} refers to no annotation that has a time; save it again with ELAN")
        start_s, end_s = self._bounds(parent, where, depth=depth + 1)
        parts = self._in_order(self._parts[self._tier_of[annotation], annotation.get("ANNOTATION_REF", "")], where)
        if len(parts) == 1:
            return start_s, end_s
        at, length_s = parts.index(annotation), (end_s - start_s) / len(parts)
        return start_s + at * length_s, start_s + (at + 1) * length_s

    def _in_order(self, parts: list[Element], where: str) -> list[Element]:
        """The parts of one annotation as PREVIOUS_ANNOTATION chains them."""
        follows = {part.get("PREVIOUS_ANNOTATION"): part for part in parts}
        ordered: list[Element] = []
        part = follows.get(None)
        while part is not None and len(ordered) <= len(parts):
            ordered.append(part)
            part = follows.get(part.get("ANNOTATION_ID"))
        if len(ordered) != len(parts):
            raise DataError(f"{self._path}: {where} is a part whose order is not known; save it again with ELAN")
        return ordered


def _slot_times(root: Element) -> dict[str, float]:
    """Seconds of every time slot; those without a value lie evenly between the neighbours that have one.

    Slots stand in the order of time, but those of several tiers are mixed, so the neighbours are looked for along the
    annotations of one tier: a slot that ends one annotation begins the next.
    """
    slots = {slot.get("TIME_SLOT_ID", ""): slot.get("TIME_VALUE") for slot in root.iterfind("TIME_ORDER/TIME_SLOT")}
    times = {name: int(value) / 1e3 for name, value in slots.items() if value is not None}
    for tier in root.iterfind("TIER"):
        after = {a.get("TIME_SLOT_REF1", ""): a.get("TIME_SLOT_REF2", "") for a in tier.iter("ALIGNABLE_ANNOTATION")}
        for begins in [name for name in after if name in times]:
            chain = [begins]
            while len(chain) <= len(after) and chain[-1] in after and (len(chain) == 1 or chain[-1] not in times):
                chain.append(after[chain[-1]])
            if len(chain) > 2 and chain[-1] in times:
                start_s, step_s = times[begins], (times[chain[-1]] - times[begins]) / (len(chain) - 1)
                times |= {name: start_s + i * step_s for i, name in enumerate(chain[1:-1], start=1)}
    return times
