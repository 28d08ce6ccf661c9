"""How often the table of regions finds the region in which a shape was planted, over several synthetic cohorts.

`python scripts/region_recovery.py --cohorts 5 --out out/regions`: each cohort is a run of experiment=rare_disease, with
shapes and, with `--effect 0`, without; a finished run is not made again. Prints one row per class: in how many cohorts
its planted region was the best, and in how many it stayed so in 95 % of draws of people.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

import neuroface as nf
from neuroface.report.parts_table import SURE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=5)
    parser.add_argument("--effect", type=float, default=1.0)
    parser.add_argument("--size", default="ci")
    parser.add_argument("--out", type=Path, default=Path("out/regions"))
    asked = parser.parse_args()
    tables = []
    for seed in range(asked.cohorts):
        run = asked.out / f"effect-{asked.effect:g}-seed-{seed}"
        words = [
            "experiment=rare_disease",
            f"size={asked.size}",
            f"cohort.seed={seed}",
            f"cohort.effect={asked.effect}",
        ]
        nf.train(*words, "protocol.permutations=0", f"run={run}")
        tables.append(pd.read_csv(run / "report" / "parts_of_classes.csv", keep_default_na=False).assign(cohort=seed))
    table = pd.concat(tables)
    table["sure"] = table["share"] >= SURE
    if "planted" not in table:  # nothing is: how often is anything said to be sure?
        print(table.groupby("class")["sure"].sum().to_string())
        return
    planted = table[table["planted"] != ""]
    planted = planted.assign(found=planted["part"] == planted["planted"])
    planted = planted.assign(sure=planted["found"] & planted["sure"])
    shown = planted.groupby("class")[["found", "sure"]].sum()
    print(f"of {asked.cohorts} cohorts\n{shown.to_string()}\nin all: {planted['found'].sum()} of {len(planted)}")


if __name__ == "__main__":
    main()
