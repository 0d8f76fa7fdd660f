"""A small results folder, made by really running the tasks, and what the analysis gives of it.

`results/` is a results folder with its records and plans, and of what a report writes the table,
the verdicts and every figure's frame: what `tests/test_golden.py` compares number by number.

    python -m tests.golden           trains and judges anew, about two minutes on two cores
    python -m tests.golden report    judges and draws again from the records that are there

The first is for changes of the engine's version, of records, keys, baselines or claims; the second
for meant changes of statistics, table or figures, and `git diff` then shows what they changed.
"""

from importlib import import_module
from pathlib import Path
from unittest import mock

from click.testing import CliRunner

from study.__main__ import TASKS
from study.cli.command import command
from study.figures.draw import FORMATS
from study.spec.study import Study

RESULTS = Path(__file__).parent / "results"
STUDIES = {name: import_module(f"study.{name}").STUDY for name in TASKS}
MADE = ("trials/*.json", "*/plan.json")  # by a run
GIVEN = ("*/table.parquet", "*/verdicts.json", "*/figures/*.csv")  # by a report


def do(study: Study, action: str, results: Path, *options: str) -> None:
    """One action of the study's command line, in this process.

    Every figure's frame is computed, no picture is drawn of it: that would take most of the time,
    and pictures are not compared.

    Raises:
        AssertionError: it failed; the message is what it said.
    """
    arguments = [action, "--results", str(results), *options]
    with mock.patch("study.figures.draw.render", return_value=dict.fromkeys(FORMATS, b"")):
        answer = CliRunner().invoke(command(study), arguments)
    assert answer.exit_code == 0, answer.output


def copy(patterns: tuple[str, ...], source: Path, target: Path) -> None:
    """Copy the files of a results folder that fit one of the patterns."""
    for path in (path for pattern in patterns for path in source.glob(pattern)):
        copied = target / path.relative_to(source)
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes(path.read_bytes())
