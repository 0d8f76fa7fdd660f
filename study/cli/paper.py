"""`python -m study paper`: what a study gives for a paper."""

from rich.console import Console
from rich.markup import escape

from hw3.text import printable
from study.paper.crate import check_rocrate, make_crate
from study.paper.outputs import CRATE, MAIN, write_paper
from study.search.choose import FinishedTrials
from study.spec.errors import StudyError
from study.store.folder import Folder

FOLDER = "paper"  # in the study's folder, unless another is named


def make_paper(
    trials: FinishedTrials, results: Folder, out: Folder, console: Console, with_crate: bool = True
) -> None:
    """Write the paper's parts, and say where they are.

    Args:
        results: the folder of records.
        out: what the paper is written into.

    Raises:
        StudyError: `rocrate` is missing, a candidate has records of different models, or trainings
            are missing; in the last case the paper has been written.
        OSError: a file could not be written.
    """
    if with_crate:
        check_rocrate()
    crate = (lambda facts: make_crate(facts, results)) if with_crate else None
    facts = write_paper(trials, out, crate)
    for caution in facts.cautions:
        console.print(escape(printable(caution)), style="dim", highlight=False)
    place = printable(f"{out}/{MAIN}")
    console.print(f"paper: {escape(place)}", highlight=False, soft_wrap=True)
    console.print("compile it there: latexmk -pdf main", style="dim", highlight=False)
    if with_crate:
        said = printable(f"{out}/{CRATE}")
        console.print(f"RO-Crate: {escape(said)}", highlight=False, soft_wrap=True)
    if facts.missing:
        raise StudyError(
            f"{facts.plan.study.name} is not complete:\n  "
            + "\n  ".join(facts.missing)
            + "\nThe paper has what there is; run trains what is missing."
        )
