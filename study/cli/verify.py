"""`python -m study verify`: whether the claims stood before the trainings that they read."""

from rich.console import Console

from hw3.text import count_of, printable, were
from study.cli.check import check_study
from study.search.choose import FinishedTrials
from study.search.plan import load_plan
from study.search.registered import claim_notes, find_registered
from study.search.registration import study_digest
from study.search.tried import describe_tried
from study.search.tuning import tuned_study
from study.spec.budget import PROFILES
from study.spec.errors import StudyError
from study.spec.study import Study
from study.store.folder import Folder
from study.store.records import RecordStore


def verify(study: Study, digest: str, results: Folder, console: Console) -> None:
    """Say that a run's claims are those of a published digest, and stood before its trainings.

    The run's command and what else was tried follow: the digest is of the claims alone.

    Raises:
        StudyError: the claims have another digest, or did not stand before, or nothing was trained.
    """
    check_study(study, PROFILES["smoke"], with_figures=False)
    here = study_digest(tuned_study(study))
    if digest != here:
        raise StudyError(
            f"the claims of {study.name} have the digest {here}, not {digest}: at least one, or "
            "what one is about, was changed, added or dropped since that digest was made"
        )
    plan = load_plan(study, results)
    trials = FinishedTrials(plan, {record.key: record for record in RecordStore(results)})
    notes = claim_notes(trials)
    if notes:
        said = "\n".join(f"  {name}: {note}" for name, note in notes.items())
        raise StudyError(
            f"not every claim of {study.name} is known to have stood before the run:\n{said}"
        )
    registered = find_registered(trials)
    if not registered:
        raise StudyError(f"no training was recorded with the claims of {study.name} in {results}")
    console.print(
        f"verified: {digest} is the digest of {count_of(len(study.claims), 'claim')} of "
        f"{study.name}; {were(len(registered), 'training')} recorded with them, the first at "
        f"{printable(registered[0].provenance['finished'])}, none was changed or dropped since, "
        "and none was added when its effect could be computed already",
        highlight=False,
        markup=False,
    )
    for caution in (f"The run that is reported: {plan.command}", *describe_tried(trials)):
        console.print(printable(caution), highlight=False, markup=False)
