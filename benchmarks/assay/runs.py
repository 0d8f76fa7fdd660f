"""What the processes of the assay do: one study of each condition after the other."""

import io
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from benchmarks.assay.conditions import Condition
from benchmarks.assay.rates import Result
from benchmarks.assay.trainings import Laboratory
from study.cli.run import run_study
from study.judge import Verdict
from study.spec.budget import SeedRange

CHECKED = 1  # studies of each row that are run a second time
_laboratory: Laboratory  # of this process


class OtherVerdicts(Exception):
    """The whole command says something else about a study."""


def begin(out: Path, seed: int) -> None:
    global _laboratory
    torch.set_num_threads(1)
    _laboratory = Laboratory(out, seed)


def losses(width: int, twin: int, seeds: int) -> np.ndarray:
    return _laboratory.losses(width, twin, seeds)


def run_conditions(conditions: Sequence[Condition], number: int) -> dict[str, Result]:
    """Study `number` of each condition.

    Raises:
        OtherVerdicts: the whole command finds others.
    """
    return {one.name: run_condition(_laboratory, one, number) for one in conditions}


def run_condition(laboratory: Laboratory, one: Condition, number: int) -> Result:
    """One run after the other, until a verdict is wrong or the one that is sought."""
    outcomes, seeds, verdicts, taken = [], 0, list[Verdict](), list[SeedRange]()
    with _scratch() as results:
        for planned in one.seeds:
            taken.append(planned)
            verdicts = laboratory.run(one.study, number, planned, results)
            outcomes += [verdict.outcome for verdict in verdicts]
            seeds = max(seeds, *(verdict.n_seeds for verdict in verdicts))
            if {*one.wrong, one.sought} & {*outcomes}:
                break
        trainings = len(list((results / "trials").iterdir()))
    if number < CHECKED:
        _check(laboratory, one, number, taken, verdicts)
    return Result(outcomes, seeds, trainings)


def _check(
    laboratory: Laboratory,
    one: Condition,
    number: int,
    taken: Sequence[SeedRange],
    verdicts: Sequence[Verdict],
) -> None:
    """Run the study again as the command line does, and compare the last verdicts."""
    with _scratch() as results:
        for planned in taken:
            options = laboratory.options(number, planned, results)
            run_study(one.study, options, Console(file=io.StringIO()))
        written = json.loads((results / one.study.name / "verdicts.json").read_text())
    said = [(each["verdict"], each["held"], each["n_seeds"], each["effect"]) for each in written]
    expected = [(each.outcome, each.held, each.n_seeds, each.effect) for each in verdicts]
    if said != expected:
        raise OtherVerdicts(f"{one.name}, study {number}: the command says {said}, not {expected}")


@contextmanager
def _scratch() -> Iterator[Path]:
    """A results folder, in memory where that is possible: records are forced to the disk."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="assay-", dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
