"""Whole studies of real trainings: is the pipeline right, from plan to verdict?

    python -m benchmarks.assay [--studies 300] [--seed 0] [--workers 1] [--out FOLDER]

`benchmarks.statistics` draws values and judges them. Here models are trained, on phantoms; plan,
confirmation, records, table, looks and judge are those of any study. Only the trainings are taken
from where they are kept, since several kinds of studies read the same ones. A model has one hidden
layer, sees 128 images of 16x16 pixels for two epochs, and takes some 20 ms
(`benchmarks.assay.family`).

Two names for one configuration, twins, differ in the random numbers that a seed's weights are drawn
with. So the two are paired by their seeds, as any candidates, and see the images in the same order,
but are exchangeable: whatever is said about their difference is false. Each study has seeds of its
own, so the studies of a row are independent. Studies of one number in different rows share
trainings, so the rows are not.

False verdicts, each study counted once:

    10 seeds     one look
    10..30       up to five looks, as planned; more seeds for open claims only
    10, 13, …    a reader who runs again with more seeds, `--seeds 10`, then 13 and so on, until
                 there is a verdict; or with one more each time
    collapse     one training of ten of a side begins with dead units and never learns, or diverges.
                 Where one side does, it is worse in more than half of all trainings: "refuted" is
                 true

A score of few images is often the same for both twins. Then "better" holds in less than half of all
trainings, and the judge may say so; it is counted as false all the same.

Planted effects: wide models against narrow ones. How often they are found, beside the power that
the plan promises (`study.stats.power.decision_chances`): for the share of trainings in which the
claim holds, measured on CALIBRATION seeds that no study has, and for normal values of the effect
measured there.

The first study of each row is run a second time with all that the command line does, every model
trained anew: `verdicts.json` must say the same. Trainings are kept in FOLDER/trainings, and what
became of each study in FOLDER/results.jsonl: the same command resumes. Exit code 1 if the two
differ, or if a rate of false verdicts is above 5 % by more than its error.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.assay.conditions import CONDITIONS, Condition
from benchmarks.assay.rates import Result, false_row, found_row, markdown, promise
from benchmarks.assay.runs import begin, losses, run_conditions
from study.stats.looks import plan_looks

CALIBRATION = 600  # seeds
RESULTS = "results.jsonl"


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
    with _workers(options) as pool:
        results = collect(wanted, options.studies, options.out / RESULTS, pool)
        rows = summarise(wanted, results, pool)
    (options.out / "assay.json").write_text(json.dumps(rows, indent=1))
    print(show(rows))
    sys.exit(any(row["exceeds"] for row in rows))


def collect(
    conditions: Sequence[Condition], studies: int, file: Path, pool: ProcessPoolExecutor
) -> dict[str, list[Result]]:
    """The results of so many studies of each condition; what is not in the file yet is run.

    Args:
        file: lines of condition, number and result.
    """
    lines = map(json.loads, file.read_text().splitlines()) if file.exists() else ()
    known = {(name, number): Result(**result) for name, number, result in lines}
    missing = {
        number: [one for one in conditions if (one.name, number) not in known]
        for number in range(studies)
    }
    missing = {number: some for number, some in missing.items() if some}
    with file.open("a") as kept:
        for number, found in zip(
            missing, pool.map(run_conditions, missing.values(), missing), strict=True
        ):
            for name, result in found.items():
                known[name, number] = result
                kept.write(json.dumps([name, number, asdict(result)]) + "\n")
            kept.flush()
            if (number + 1) % 10 == 0:
                print(f"{number + 1} studies of each row", file=sys.stderr, flush=True)
    return {one.name: [known[one.name, number] for number in range(studies)] for one in conditions}


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
