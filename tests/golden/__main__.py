"""Make the golden results folder; see the package."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hw3.data import phantom_location
from study.search.plan import load_plan, save_plan
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from tests.golden import GIVEN, MADE, RESULTS, STUDIES, copy, do

# Ten seeds can decide 25 two-sided claims. A record's size is mostly its test images' logits.
BUDGET = {"trials": 4, "epochs": 4, "seeds": 10, "image-size": 16}
BUDGET |= {"data": phantom_location((400, 100, 30))}
# What a record and a plan say of the machine and the checkout that made them.
NEUTRAL = {"host": "golden", "driver": "golden", "commit": None, "dirty": None}
USAGE = "usage: python -m tests.golden [report]"


def main(arguments: list[str]) -> None:
    """Write the folder anew, all of it or what a report gives; whole or not at all."""
    if arguments not in ([], ["report"]):
        sys.exit(f"{USAGE}; got {' '.join(arguments)}")
    with TemporaryDirectory() as folder:
        results = Path(folder) / "results"
        if arguments:
            copy(MADE, RESULTS, results)
        else:
            train(Path(folder) / "trained", results)
        for study in STUDIES.values():
            do(study, "report", results)
        shutil.rmtree(RESULTS, ignore_errors=True)
        copy((*MADE, *GIVEN), results, RESULTS)


def train(trained: Path, results: Path) -> None:
    """Run every task in `trained`; its records and plans, made neutral, in `results`."""
    options = [str(word) for name, value in BUDGET.items() for word in (f"--{name}", value)]
    for study in STUDIES.values():
        print(f"runs {study.name}", flush=True)
        do(study, "run", trained, *options, "--workers", "inline")
    store = RecordStore(LocalFolder(results))
    for record in RecordStore(LocalFolder(trained)):
        assert record.status != "failed", record.error
        store.write(replace(record, provenance=neutral(record.provenance)))
    for study in STUDIES.values():
        plan = load_plan(study, LocalFolder(trained))
        plan = replace(plan, command="python -m tests.golden", provenance=neutral(plan.provenance))
        save_plan(plan, LocalFolder(results) / study.name)


def neutral(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """The provenance without what names a machine or a checkout."""
    return {name: NEUTRAL.get(name, value) for name, value in provenance.items()}


if __name__ == "__main__":
    main(sys.argv[1:])
