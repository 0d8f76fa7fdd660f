"""Which claims stood before the trainings that they read, as the records of these say.

Each confirmed training is recorded with the digests of its study's claims at that time. What does
not hold a claim's digest was there before the claim was, whichever profile or study trained it.
This is the one place that decides what a reader is told about a claim that came late.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from study.search.choose import FinishedTrials
from study.search.hyperparameters import complete_values, recorded_values
from study.search.registration import (
    CANDIDATE,
    CLAIMS,
    STUDY,
    claim_digest,
    claim_digests,
    searched_names,
)
from study.search.trial import TIMED
from study.spec.claim import Claim
from study.spec.study import Study
from study.store.records import Record


def claim_notes(trials: FinishedTrials) -> dict[str, str]:
    """What a reader must know about claims that did not stand before the trainings that they read,
    by the claims' names. Empty where every claim did.

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
    late = [_recorded_before(study, claim, trained[name]) for name in claim.candidates]
    changed = _recorded_with_another(trials, claim)
    done = "changed" if changed else "added"
    if all(late):
        return f"{done} after {_count(min(late, key=len))} that it reads had been recorded"
    own = {one.key: one for each in late for one in each if one.provenance.get(STUDY) == study.name}
    own |= {one.key: one for one in changed}
    return f"{done} after {_count(own)} of its study had been recorded" if own else ""


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
    return f"Not all claims were written before the trainings. {said}." if notes else ""


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
    search = next(search for search in trials.plan.study.searches if search.name == name)
    values = complete_values(search.family, search.config(search.middle()))
    searched, ties = searched_names(search), search.ties.values()
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


def _recorded_before(study: Study, claim: Claim, records: list[Record]) -> list[Record]:
    """Those that were recorded when the study did not have the claim as it is."""
    digest = claim_digest(study, claim)
    return [one for one in records if _claims_of(study, one).get(claim.name) != digest]


def _recorded_with_another(trials: FinishedTrials, claim: Claim) -> list[Record]:
    """Trainings of the study that were recorded when it had another claim of that name."""
    study, digest = trials.plan.study, claim_digest(trials.plan.study, claim)
    return [
        one
        for one in trials.records.values()
        if one.is_full_length and _claims_of(study, one).get(claim.name, digest) != digest
    ]


def _dropped(trials: FinishedTrials) -> dict[str, str]:
    """Claims under which trainings of the study were recorded, and which it no longer has: who
    drops one makes the correction for the others milder."""
    study = trials.plan.study
    kept = {claim.name for claim in study.claims}
    names = {name for one in trials.records.values() for name in _claims_of(study, one)}
    return {name: "dropped after trainings were recorded" for name in sorted(names - kept)}


def _claims_of(study: Study, record: Record) -> Mapping[str, str]:
    """Digests by name of the claims that the study had when it trained this; of another study's
    trainings none, since who picks claims from that one knows how they fared."""
    of_study = record.provenance.get(STUDY) == study.name
    return record.provenance.get(CLAIMS, {}) if of_study else {}


def _count(records: Collection[Any]) -> str:
    return f"{len(records)} training{'s' * (len(records) > 1)}"
