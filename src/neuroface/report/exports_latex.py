"""A table as LaTeX: booktabs rules, special characters escaped."""

from __future__ import annotations

import pandas as pd

SPECIAL = {
    "\\": r"\textbackslash{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "–": "--",
    "·": r"$\cdot$",
    "<": "$<$",
    ">": "$>$",
}


def latex(frame: pd.DataFrame) -> str:
    """A tabular of a table's cells as they are printed; numbers are set to the right. Needs \\usepackage{booktabs}."""
    numeric = [pd.api.types.is_numeric_dtype(frame[c]) for c in frame]
    columns = "".join("r" if right else "l" for right in numeric)
    lines = [" & ".join(map(escaped, cells)) + r" \\" for cells in frame.astype(str).itertuples(index=False)]
    head = " & ".join(escaped(str(c).replace("_", " ")) for c in frame) + r" \\"
    parts = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *lines, r"\bottomrule"]
    return "\n".join([*parts, r"\end{tabular}", ""])


def escaped(text: str) -> str:
    """Text that LaTeX sets as it is."""
    return "".join(SPECIAL.get(mark, mark) for mark in str(text))
