"""Which claims stood before the trainings that they read, as the records of these say.

Each confirmed training is recorded with the digests of its study's claims at that time. What does
not hold a claim's digest was there before the claim was, whichever profile or study trained it.
This is the one place that decides what a reader is told about a claim that came late.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hw3.models import make_config
from study.search.choose import FinishedTrials
from study.spec.registration import claim_digest, claim_digests
from study.spec.study import Claim, Search, Study
from study.store.records import Record

STUDY, CLAIMS = "study", "claims"  # entries of a record's provenance


def registration(study: Study) -> dict[str, Any]:
    """What the record of a confirmed training holds of the study that it is trained for."""
    return {STUDY: study.name, CLAIMS: claim_digests(study.claims)}


def claim_notes(trials: FinishedTrials) -> dict[str, str]:
    """What a reader must know about claims that did not stand before the trainings that they read,
    by the claims' names. Empty where every claim did.

    A claim that compares two candidates is late where trainings of both were there: those of one
    alone give no effect.
    """
    study, notes = trials.plan.study, {}
    trained = {name: confirmed_of(trials, name) for name in study.labels()}
    for claim in study.claims:
        late = [_recorded_before(claim, trained[name]) for name in claim.candidates]
        if all(late):
            fewest = min(late, key=len)
            done = "changed" if _had_another(study, claim, fewest) else "added"
            count = f"{len(fewest)} training{'s' * (len(fewest) > 1)}"
            notes[claim.name] = f"{done} after {count} that it reads had been recorded"
    return notes | _dropped(trials)


def find_registered(trials: FinishedTrials) -> list[Record]:
    """The trainings that were recorded with all of the study's claims as they are, in the order in
    which they ended."""
    wanted = registration(trials.plan.study)
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
    configs = {each.name: _complete(each.family, each.config) for each in trials.baselines}
    confirmed = [one for one in trials.records.values() if one.is_full_length and not one.params]
    if name in configs:
        return [one for one in confirmed if _model(one) == configs[name]]
    search = next(search for search in study.searches if search.name == name)
    return [
        one
        for one in confirmed
        if _could_choose(search, one) and _model(one) not in configs.values()
    ]


def _complete(family: str, config: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return family, asdict(make_config(family, config))


def _model(record: Record) -> tuple[str, Mapping[str, Any]]:
    return record.ingredients["family"], record.ingredients["config"]


def _could_choose(search: Search, record: Record) -> bool:
    family, config = _model(record)
    same = {name: config.get(name) for name in search.fixed} == dict(search.fixed)
    return family == search.family and same


def _recorded_before(claim: Claim, records: list[Record]) -> list[Record]:
    """Those that were recorded when the claim, as it is, did not stand."""
    digest = claim_digest(claim)
    return [one for one in records if digest not in _claims(one).values()]


def _had_another(study: Study, claim: Claim, records: list[Record]) -> bool:
    """Whether the study had another claim of that name when these were recorded."""
    return any(
        one.provenance.get(STUDY) == study.name and claim.name in _claims(one) for one in records
    )


def _dropped(trials: FinishedTrials) -> dict[str, str]:
    """Claims under which trainings of the study were recorded, and which it no longer has: who
    drops one makes the correction for the others milder."""
    study = trials.plan.study
    kept = {claim.name for claim in study.claims}
    names = {
        name
        for one in trials.records.values()
        if one.provenance.get(STUDY) == study.name
        for name in _claims(one)
    }
    return {name: "dropped after trainings were recorded" for name in sorted(names - kept)}


def _claims(record: Record) -> Mapping[str, str]:
    return record.provenance.get(CLAIMS, {})
