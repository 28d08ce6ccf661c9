"""Files of a feature table: CSV, TSV, Excel or Parquet, as R, Excel and pandas write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroface.cohorts.dialect import (
    Dialect,
    check_lengths,
    dialect_of,
    ends_in_separators,
    is_nan,
    read_text,
    repeated_columns,
)
from neuroface.errors import ConfigError, DataError
from neuroface.outside import check_workbook

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = ".csv, .tsv, .xlsx or .parquet"


@dataclass(frozen=True)
class Written:
    """How text files are said to be written; None: as they look, and in UTF-8."""

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        if self.decimal not in (None, ".", ","):
            raise ConfigError(f"cohort.decimal={self.decimal}; it must be . or ,")
        if self.separator is not None and len(self.separator) != 1:
            raise ConfigError(f"cohort.separator={self.separator!r}; it must be one character, such as ; or a tab.")


def matching(path: str | Path) -> list[Path]:
    """The file that `path` names, or the files that it matches as a glob, in order of name."""
    given = Path(path).expanduser()
    if given.exists() or not set("*?[") & set(str(given)):
        return [given]
    relative = given.relative_to(given.anchor) if given.anchor else given
    files = sorted(Path(given.anchor or ".").glob(str(relative)))
    if not files:
        raise DataError(f"No file matches {path}. Set cohort.path to a file or a glob of files.")
    return files


def read_table(file: Path, *, text: Sequence[str], written: Written) -> tuple[pd.DataFrame, str]:
    """One file as a table with trimmed column names, and in words how it is written where that is unusual.

    text: the columns to keep as written, so that 007 stays 007. Errors: DataError for a file that is not there, cannot
    be read, or names a column twice.
    """
    if not file.is_file():
        raise DataError(f"There is no file {file}. Set cohort.path to a .csv, .tsv or .parquet file.")
    readers: dict[str, Callable[[], tuple[pd.DataFrame, str]]] = {
        ".parquet": lambda: (_parquet(file), ""),
        ".xlsx": lambda: (_excel(file, text), ""),
        ".csv": lambda: _text(file, ",", text, written),
        ".tsv": lambda: _text(file, "\t", text, written),
        ".txt": lambda: _text(file, "\t", text, written),
    }
    if file.suffix.lower() not in readers:
        raise DataError(f"{file} is neither {SUFFIXES}.")
    try:
        frame, told = readers[file.suffix.lower()]()
    except (ValueError, OSError, csv.Error) as error:
        raise DataError(f"{file} cannot be read: {str(error).splitlines()[0]}.") from error
    frame.columns = [str(column).strip() for column in frame.columns]
    return frame, told


def _text(file: Path, usual: str, text: Sequence[str], written: Written) -> tuple[pd.DataFrame, str]:
    import pandas as pd

    content = read_text(file, encoding=written.encoding, key="cohort.encoding")
    looks = dialect_of(content, usual=written.separator or usual)
    how = Dialect(written.separator or looks.separator, written.decimal or looks.decimal)
    header = next(
        csv.reader(io.StringIO(content.split("\n", 1)[0]), delimiter=how.separator, skipinitialspace=True), []
    )
    _check_header(file, header)
    as_written: dict[Any, Any] = {name: str.strip for column in text for name in (column, f" {column}")}
    frame = pd.read_csv(
        io.StringIO(content),
        sep=how.separator,
        decimal=how.decimal,
        skipinitialspace=True,
        converters=as_written,
        index_col=False if ends_in_separators(content, how.separator) else None,
    )
    check_lengths(file, content.encode(), how.separator)
    for name in frame.columns:
        if not (pd.api.types.is_numeric_dtype(frame[name]) or str(name).strip() in text):
            frame[name] = frame[name].mask(frame[name].map(is_nan))
    return frame, how.told(usual)


def _excel(file: Path, text: Sequence[str]) -> pd.DataFrame:
    """The first sheet; whole numbers in the columns of `text` as 7, not as 7.0."""
    import pandas as pd

    try:
        check_workbook(file)
        sheet = pd.read_excel(file, engine="openpyxl", header=None, dtype=object)
    except ImportError as error:
        raise ConfigError(f"Reading {file} needs openpyxl: pip install 'neuroface[toronto]'.") from error
    except Exception as error:  # openpyxl raises whatever its zip and XML parsers raise
        raise DataError(f"{file} cannot be read as a workbook: {error}") from error
    sheet = sheet.dropna(how="all")
    if sheet.empty:
        raise DataError(f"{file} has no rows in its first sheet; its first line must name the columns.")
    names = ["" if pd.isna(name) else str(name).strip() for name in sheet.iloc[0]]
    _check_header(file, names)
    frame = sheet.iloc[1:].reset_index(drop=True)
    frame.columns = pd.Index([name or f"Unnamed: {at}" for at, name in enumerate(names)])
    for name in frame.columns:
        cells = frame[name].mask(frame[name].map(is_nan))
        frame[name] = cells.map(_plain) if name in text else cells.infer_objects()
    return frame


def _plain(cell: Any) -> Any:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else cell


def _parquet(file: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(file)
    except ImportError as error:
        raise ConfigError(f"Reading {file} needs pyarrow: pip install 'neuroface[parquet]'.") from error
    except OSError:
        raise
    except Exception as error:  # pyarrow, and pandas in what it kept beside, raise one of half a dozen kinds
        raise DataError(f"{file} cannot be read as Parquet: {error}") from error


def _check_header(file: Path, names: Sequence[str]) -> None:
    if twice := repeated_columns(names):
        raise DataError(f"{file} has column {', '.join(map(repr, twice[:5]))} more than once. Name each column once.")
