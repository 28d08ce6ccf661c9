#!/bin/bash
# pympi-ling: the parts of an ELAN symbolic subdivision (REF_ANNOTATIONs chained by PREVIOUS_ANNOTATION, which ELAN draws
# as equal shares of their parent) are each given the time of the whole parent: three repetitions marked within one bout
# come back as three times the bout, and to_textgrid() keeps one of them. No error, no warning.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q pympi-ling==1.71 2>&1 | grep -v WARNING || true
venv/bin/python - <<'E'
import sys
from importlib.metadata import version
import pympi
print("pympi-ling", version("pympi-ling"))
eaf = pympi.Elan.Eaf(author="")
eaf.remove_tier("default")
eaf.add_linguistic_type("parts", constraints="Symbolic_Subdivision", timealignable=False)
eaf.add_tier("bout")
eaf.add_annotation("bout", 1000, 4000, "three openings")
eaf.add_tier("opening", ling="parts", parent="bout")
previous = None
for number in (1, 2, 3):
    eaf.add_ref_annotation("opening", "bout", 1000, str(number), prev=previous)
    previous = next(a for a, (_, value, _, _) in eaf.tiers["opening"][1].items() if value == str(number))
eaf.to_file("a.eaf")
read = pympi.Elan.Eaf("a.eaf")
chain = {a: (value, before) for a, (_, value, before, _) in read.tiers["opening"][1].items()}
print("in the file (value, previous):", chain)
got = read.get_annotation_data_for_tier("opening")
print("read:", got)
grid = [i for i in read.to_textgrid().get_tier("opening").get_intervals()]
print("as TextGrid:", grid)
as_seen = sorted((a, b) for a, b, *_ in got) == [(1000, 4000)] * 3 and len(grid) == 1
sys.exit(0 if as_seen else 1)
E
echo "as seen: each part has its parent's whole time (ELAN shows 1-2, 2-3 and 3-4 s)"
