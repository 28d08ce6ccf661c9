"""Text in a CSV cell that a spreadsheet would run as a formula, written so that it is shown instead.

An apostrophe goes before it, which a spreadsheet hides; what reads a run's own tables takes it away again. Which
characters begin a formula: OWASP, CSV Injection.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guarded(value: Any) -> Any:
    """Text that begins like a formula, with an apostrophe before it; any other value as it is."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def plain(value: Any) -> Any:
    """The reverse of `guarded`."""
    return value[1:] if isinstance(value, str) and _GUARDED.match(value) else value


def guarded_table(table: pd.DataFrame) -> pd.DataFrame:
    """The table with guarded names and text; numbers are as they were."""
    return _map(table, guarded).rename(columns=guarded)


def plain_table(table: pd.DataFrame) -> pd.DataFrame:
    """The reverse of `guarded_table`."""
    return _map(table, plain).rename(columns=plain)


def _map(table: pd.DataFrame, change: Any) -> pd.DataFrame:
    text = [name for name, kind in table.dtypes.items() if kind.name in ("object", "str", "string", "category")]
    return table.assign(**{str(name): table[name].map(change) for name in text}) if text else table
