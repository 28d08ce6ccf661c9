"""The lowest versions that pyproject.toml allows, as constraints: name==bound for each direct dependency.

    python scripts/lowest.py test > lowest.txt   # with those of the extra [test]
    pip install -c lowest.txt -e '.[test]'       # what they need themselves: as new as they take it

`make lowest` does so in a virtual environment of its own and runs the tests of statistics, tables, readers and rules.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def lowest(project: dict[str, Any], lines: list[str]) -> Iterator[str]:
    """name==version of each requirement; an extra of the project's own stands for its lines.

    Exits with a word for one without a lower bound.
    """
    for line in lines:
        if own := re.fullmatch(rf"{project['name']}\[([\w-]+)\]", line):
            yield from lowest(project, project["optional-dependencies"][own[1]])
        elif bound := re.match(r"([\w.-]+)\s*(?:>=|==)\s*([\w.]+)", line):
            yield f"{bound[1]}=={bound[2]}"
        else:
            sys.exit(f"{PROJECT.name}: {line} has no lower bound; give it one that was tried.")


def main(extras: list[str]) -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    own = [f"{project['name']}[{extra}]" for extra in extras]
    print(*dict.fromkeys(lowest(project, [*project["dependencies"], *own])), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
