#!/bin/bash
# tgt writes a TextGrid label that holds a line break (legal, and what Praat writes when Enter is typed into a label), in
# both forms, and cannot read it again: an IndexError, or "could not convert string to float". praatio reads both files.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 tgt==1.5 praatio==6.2.0 2>&1 | grep -v WARNING || true
venv/bin/python - <<'E'
import sys
from importlib.metadata import version
import tgt
from praatio import textgrid
print("tgt", version("tgt"), "praatio", version("praatio"))
grid, tier = tgt.TextGrid(), tgt.IntervalTier(0, 5, "open")
tier.add_intervals([tgt.Interval(0.5, 1.9, "wide,\nhead turned"), tgt.Interval(2.1, 3.4, "c")])
grid.add_tier(tier)
failed = 0
for form in ("long", "short"):
    tgt.write_to_file(grid, f"{form}.TextGrid", format=form)
    other = textgrid.openTextgrid(f"{form}.TextGrid", includeEmptyIntervals=False).getTier("open").entries
    print(form, "praatio reads", [tuple(entry) for entry in other])
    try:
        print(form, "tgt reads", tgt.read_textgrid(f"{form}.TextGrid").get_tier_by_name("open").intervals)
    except (IndexError, ValueError) as error:
        failed += len(other) == 2
        print(form, "tgt:", type(error).__name__, error)
sys.exit(0 if failed == 2 else 1)
E
echo "as seen: tgt does not read what tgt wrote"
