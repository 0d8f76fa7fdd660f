"""Whole studies of real trainings: is the pipeline right, from plan to verdict?

    python -m benchmarks.assay [--studies 300] [--seed 0] [--workers 1] [--out FOLDER] [--only NAME]

`benchmarks.statistics` draws values and judges them. Here models are trained, on phantoms, and plan,
confirmation, records, table, looks and judge are those of any study; only the trainings are taken
from where they are kept, since several kinds of studies read the same ones. A model has one hidden
layer, sees 128 images of 16x16 pixels for two epochs, and takes some 20 ms.

Two names for one configuration differ in `twin`, which decides with which random numbers a seed's
weights are drawn (`benchmarks.assay.family`). So the candidates of a study are paired by their seeds,
as ever, and see the images in the same order, but are exchangeable: whatever is said about two twins
is false. Each study has seeds of its own, so that the studies of a row are independent. Studies of
one number in different rows share trainings, so that rows are not.

False verdicts, each study counted once:

    10 seeds     one look
    10..30       up to five looks, as planned; more seeds for open claims only
    10, 13, …    a reader who runs again with more seeds until there is a verdict, `--seeds 10`,
                 then 13 and so on, or one more each time
    collapse     one training of ten of a side begins with dead units and never learns, or diverges;
                 where one side does, it is worse in more than half of all trainings, and "refuted"
                 is true

Planted effects: wide models against narrow ones. How often they are found, beside the power that
the plan promises (`study.stats.power.decision_chances`) for the share of trainings in which the
claim holds, measured on CALIBRATION seeds that no study has, and for normal values of the measured
effect in standard deviations.

The first studies of each row are run a second time with all that the command line does, every model
trained anew: `verdicts.json` must say the same. Trainings are kept in FOLDER/trainings: the same
command resumes. Exit code 1 if that differs, or a rate of false verdicts is above 5 % by more than
its error.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.assay.conditions import CONDITIONS, Condition
from benchmarks.assay.rates import Result, false_row, found_row, markdown, promise
from benchmarks.assay.runs import begin, losses, run_conditions
from study.stats.looks import plan_looks

CALIBRATION = 1000  # seeds
PLANTED = [one for one in CONDITIONS.values() if one.power_of]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=300, help="of each row")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--out", type=Path, default=Path("assay"), help="folder, kept")
    parser.add_argument("--only", choices=list(CONDITIONS), action="append", metavar="NAME")
    options = parser.parse_args()
    wanted = [CONDITIONS[name] for name in options.only or CONDITIONS]
    results: dict[str, list[Result]] = {one.name: [] for one in wanted}
    with _workers(options) as pool:
        work = partial(run_conditions, wanted)
        for done, found in enumerate(pool.map(work, range(options.studies)), 1):
            for name, result in found.items():
                results[name].append(result)
            if done % 10 == 0:
                print(f"{done} studies of each row", file=sys.stderr, flush=True)
        rows = summarise(wanted, results, pool)
    (options.out / "assay.json").write_text(json.dumps(rows, indent=1))
    print(show(rows))
    sys.exit(any(row["exceeds"] for row in rows))


def summarise(
    conditions: Sequence[Condition], results: dict[str, list[Result]], pool: ProcessPoolExecutor
) -> list[dict[str, Any]]:
    """A row of numbers for each condition."""
    rows = []
    for one in conditions:
        row = {"condition": one.name} | false_row(results[one.name], one.wrong)
        if one.power_of and one.sought:
            (wide, narrow), seeds = one.power_of, one.seeds[0]
            sides = [(wide, 0, CALIBRATION), (narrow, 1, CALIBRATION)]
            better, worse = (pool.submit(losses, *side).result() for side in sides)
            promised = promise(better - worse, plan_looks(seeds.first, seeds.most, 1))
            row |= found_row(results[one.name], one.sought, promised)
        rows.append(row)
    return rows


def show(rows: Sequence[dict[str, Any]]) -> str:
    """Both tables."""

    def percent(row: dict[str, Any], name: str, error: str) -> str:
        return f"{100 * row[name]:.1f} ± {100 * row[error]:.1f} %"

    false = [
        {
            "studies of": row["condition"],
            "studies": str(row["studies"]),
            "false verdicts": percent(row, "rate", "error"),
            "supported": str(row["supported"]),
            "refuted": str(row["refuted"]),
            "seeds": f"{row['seeds']:.1f}",
        }
        for row in rows
        if "found" not in row
    ]
    found = [
        {
            "planted": row["condition"],
            "effect": f"{row['effect']:.2f} ± {row['effect error']:.2f} SD",
            "holds in": percent(row, "share", "share error"),
            "promised": percent(row, "promised", "promised error"),
            "if normal": f"{100 * row['promised if normal']:.1f} %",
            "found": percent(row, "found", "found error"),
            "z": f"{row['z']:+.1f}",
            "refuted": str(row["refuted"]),
            "seeds": f"{row['seeds']:.1f}",
        }
        for row in rows
        if "found" in row
    ]
    return "\n\n".join(markdown(table) for table in (false, found) if table)


@contextmanager
def _workers(options: argparse.Namespace) -> Iterator[ProcessPoolExecutor]:
    options.out.mkdir(parents=True, exist_ok=True)
    arguments = (options.out, options.seed)
    with ProcessPoolExecutor(options.workers, get_context("spawn"), begin, arguments) as pool:
        yield pool


if __name__ == "__main__":
    main()
