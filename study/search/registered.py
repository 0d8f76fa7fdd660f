"""Which claims stood before the trainings that they read, as the records of these say.

Each confirmed training is recorded with the digests of its study's claims at that time, and with
those of the project's other tasks. Of a training that holds a study's claims, but not this one, the
claim came later. Of one that was trained for another study, and holds none of this one's, only an
earlier training that holds the claim can show that it stood; else nobody can tell.
This is the one place that decides what a reader is told about a claim that came late.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from itertools import chain
from typing import Any

from hw3.text import count_of, printable
from study.search.choose import FinishedTrials
from study.search.hyperparameters import complete_values, recorded_values
from study.search.registration import (
    CANDIDATE,
    CLAIMS,
    OTHERS,
    STUDY,
    claim_digest,
    claim_digests,
)
from study.search.trial import TIMED
from study.spec.claim import Claim
from study.spec.study import Study
from study.store.records import Record


def claim_notes(trials: FinishedTrials) -> dict[str, str]:
    """What a reader must know about claims that are not known to have stood before the trainings
    that they read, by the claims' names. Empty where every claim did.

    A claim that compares two candidates is late where trainings of both were there: another study's
    of one alone give no effect. Of its own study one training is enough, since the others may have
    been deleted, and trained again to the same numbers.
    """
    study = trials.plan.study
    trained = {name: confirmed_of(trials, name) for name in study.labels()}
    notes = {claim.name: _note(trials, claim, trained) for claim in study.claims}
    return {name: note for name, note in notes.items() if note} | _dropped(trials)


def _note(trials: FinishedTrials, claim: Claim, trained: Mapping[str, list[Record]]) -> str:
    """What a reader must know about one claim, see `claim_notes`.

    Args:
        trained: trainings by candidate.
    """
    study = trials.plan.study
    stood = _stood(trials, claim)
    late = [[one for one in trained[name] if stood(one) is False] for name in claim.candidates]
    changed = _recorded_with_another(trials, claim)
    done = "changed" if changed else "added"
    if all(late):
        return f"{done} after {_count(min(late, key=len))} that it reads had been recorded"
    own = {one.key: one for one in (*chain(*late), *changed) if _is_own(study, one)}
    if own:
        return f"{done} after {_count(own)} of its study had been recorded"
    unsure = [[one for one in trained[name] if not stood(one)] for name in claim.candidates]
    return _cannot_tell(min(unsure, key=len)) if all(unsure) else ""


def _cannot_tell(records: Collection[Record]) -> str:
    names = {printable(one.provenance.get(STUDY, "an earlier version")) for one in records}
    return (
        f"whether it stood before {_count(records)} that it reads cannot be told: "
        f"{', '.join(sorted(names))} recorded them, without this study's claims"
    )


def find_registered(trials: FinishedTrials) -> list[Record]:
    """The trainings that were recorded with all of the study's claims as they are, in the order in
    which they ended."""
    study = trials.plan.study
    wanted = {STUDY: study.name, CLAIMS: claim_digests(study)}
    found = [
        one
        for one in trials.records.values()
        if wanted.items() <= one.provenance.items() and one.is_full_length
    ]
    return sorted(found, key=lambda one: one.provenance["finished"])


def describe_notes(notes: Mapping[str, str]) -> str:
    """The notes in one sentence; empty where there is none."""
    names: dict[str, list[str]] = {}  # by note
    for name, note in notes.items():
        names.setdefault(note, []).append(name)
    said = "; ".join(f"{', '.join(those)}: {note}" for note, those in names.items())
    known = "Not all claims are known to have been written before the trainings."
    return f"{known} {said}." if notes else ""


def confirmed_of(trials: FinishedTrials, name: str) -> list[Record]:
    """All full-length trainings of a candidate that are not a search's trials: at any image size
    and length, on any data, for any study.

    Args:
        name: of a baseline, or of a search. Of the latter all configurations count that it could
            choose, but for those of the study's baselines.
    """
    study = trials.plan.study
    confirmed = [
        one
        for one in trials.records.values()
        if one.is_full_length and not one.params and TIMED not in one.ingredients
    ]
    could_be = _possible_models(trials, name)
    return [one for one in confirmed if is_of(study, name, one) or could_be(one)]


def is_of(study: Study, name: str, record: Record) -> bool:
    """Whether the study trained it for the candidate of that name, whatever that was then."""
    return (record.provenance.get(STUDY), record.provenance.get(CANDIDATE)) == (study.name, name)


def _possible_models(trials: FinishedTrials, name: str) -> Callable[[Record], bool]:
    """Whether a training is of what the candidate is, or could be."""
    baselines = {
        each.name: (each.family, complete_values(each.family, each.config))
        for each in trials.baselines
    }
    if name in baselines:
        return lambda record: _is_of_model(record, *baselines[name])
    search = trials.plan.study.search_of(name)
    values = complete_values(search.family, search.config(search.middle()))
    searched, ties = search.searched, search.ties.values()
    held = {name: value for name, value in values.items() if name not in searched}

    def could_choose(record: Record) -> bool:
        found = recorded_values(record.ingredients)
        is_tied = all(found.get(name) == found.get(those[0]) for those in ties for name in those)
        is_baseline = any(_is_of_model(record, *one) for one in baselines.values())
        return _is_of_model(record, search.family, held) and is_tied and not is_baseline

    return could_choose


def _is_of_model(record: Record, family: str, values: Mapping[str, Any]) -> bool:
    """Whether a training is of the family and has these values among its hyper-parameters."""
    found = recorded_values(record.ingredients)
    is_same = all(found.get(name) == value for name, value in values.items())
    return record.ingredients["family"] == family and is_same


def _stood(trials: FinishedTrials, claim: Claim) -> Callable[[Record], bool | None]:
    """Whether the study had the claim as it is when a training was recorded; None where nobody can
    tell."""
    study, digest = trials.plan.study, claim_digest(trials.plan.study, claim)
    holding = [
        one
        for one in trials.records.values()
        if (_claims_of(study, one) or {}).get(claim.name) == digest
    ]
    since = min(filter(None, map(_finished, holding)), default=None)

    def stood(record: Record) -> bool | None:
        known, finished = _claims_of(study, record), _finished(record)
        if known is not None:
            return known.get(claim.name) == digest
        return True if since and finished and since <= finished else None

    return stood


def _finished(record: Record) -> datetime | None:
    finished = record.provenance.get("finished")
    return datetime.fromisoformat(finished) if finished else None


def _recorded_with_another(trials: FinishedTrials, claim: Claim) -> list[Record]:
    """Trainings that were recorded when the study had another claim of that name."""
    study, digest = trials.plan.study, claim_digest(trials.plan.study, claim)
    return [
        one
        for one in trials.records.values()
        if one.is_full_length and (_claims_of(study, one) or {}).get(claim.name, digest) != digest
    ]


def _dropped(trials: FinishedTrials) -> dict[str, str]:
    """Claims under which trainings of the study were recorded, and which it no longer has: who
    drops one makes the correction for the others milder."""
    study = trials.plan.study
    kept = {claim.name for claim in study.claims}
    own = [one for one in trials.records.values() if _is_own(study, one)]
    names = {name for one in own for name in _claims_of(study, one) or {}}
    return {name: "dropped after trainings were recorded" for name in sorted(names - kept)}


def _claims_of(study: Study, record: Record) -> Mapping[str, str] | None:
    """Digests by name of the claims that the study had when this was trained; None where the record
    does not say. The claims of the study that trained it are none of another's: who picks claims
    from that one knows how they fared."""
    if _is_own(study, record):
        return record.provenance.get(CLAIMS, {})
    return record.provenance.get(OTHERS, {}).get(study.name)


def _is_own(study: Study, record: Record) -> bool:
    return record.provenance.get(STUDY) == study.name


def _count(records: Collection[Any]) -> str:
    return count_of(len(records), "training")
