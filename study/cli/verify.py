"""`python -m study verify`: whether the claims stood before the trainings that they read."""

from rich.console import Console

from hw3.text import printable
from study.search.choose import FinishedTrials
from study.search.plan import load_plan
from study.search.registered import claim_notes, find_registered
from study.spec.errors import StudyError
from study.spec.registration import study_digest
from study.spec.study import Study
from study.store.folder import Folder
from study.store.records import RecordStore


def verify(study: Study, digest: str, results: Folder, console: Console) -> None:
    """Say that a run's claims are those of a published digest, and stood before its trainings.

    Raises:
        StudyError: the claims have another digest, or did not stand before, or nothing was trained.
    """
    here = study_digest(study.claims)
    if digest != here:
        raise StudyError(
            f"the claims of {study.name} have the digest {here}, not {digest}: at least one was "
            "changed, added or dropped since that digest was made"
        )
    plan = load_plan(study, results)
    trials = FinishedTrials(plan, {record.key: record for record in RecordStore(results)})
    notes = claim_notes(trials)
    if notes:
        said = "\n".join(f"  {name}: {note}" for name, note in notes.items())
        raise StudyError(f"not every claim of {study.name} stood before the run:\n{said}")
    registered = find_registered(trials)
    if not registered:
        raise StudyError(f"no training was recorded with the claims of {study.name} in {results}")
    console.print(
        f"verified: the {len(study.claims)} claims of {study.name} have the digest {digest}; "
        f"{len(registered)} trainings were recorded with them, the first at "
        f"{printable(registered[0].provenance['finished'])}, and no claim was changed, added or "
        "dropped after trainings that it reads",
        highlight=False,
        markup=False,
    )
