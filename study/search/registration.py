"""What a claim says, as a digest: trainings are recorded with those of the claims that stood."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from study.search.hyperparameters import complete_config, without_added
from study.search.plan import Plan
from study.spec.baseline import Baseline
from study.spec.claim import Claim
from study.spec.search import Search
from study.spec.study import LOSS, Study

DIGITS = 16  # hexadecimal
CITATION = ("quote", "source")  # fields that say who claimed it: they change no verdict's meaning
STUDY, CLAIMS, CANDIDATE, PLANNED = "study", "claims", "candidate", "planned"  # of a provenance
OTHERS = "others"

OthersClaims = Mapping[str, Mapping[str, str]]  # digests by the claims' names, by study
NO_OTHERS: OthersClaims = MappingProxyType({})


def registration(plan: Plan, candidate: str, others: OthersClaims = NO_OTHERS) -> dict[str, Any]:
    """What the record of a confirmed training holds of the run that it is trained for.

    Args:
        candidate: the name of the baseline or search that it is trained for.
        others: the claims of other studies that stand at this time: they may come to read the
            training, and a record that knows them shows that they were there before it.
    """
    budget = plan.budget
    planned = {"trials": budget.trials, "seeds": budget.seeds, "judged": budget.judged}
    planned["source"] = plan.data.source
    claims = claim_digests(plan.study)
    own = {STUDY: plan.study.name, CLAIMS: claims, CANDIDATE: candidate, PLANNED: planned}
    return own | ({OTHERS: {name: dict(those) for name, those in others.items()}} if others else {})


def claim_digest(study: Study, claim: Claim) -> str:
    """16 hexadecimal digits of what the claim says: all its fields but the citation, and what its
    candidates are, labels included."""
    fields = {name: value for name, value in asdict(claim).items() if name not in CITATION}
    for bound in ("above", "below"):
        fields[bound] = float(fields[bound]) if math.isfinite(fields[bound]) else None
    return _digest([fields, *(_meaning(study, name) for name in claim.candidates)])


def claim_digests(study: Study) -> dict[str, str]:
    """The digest of each claim by its name."""
    return {claim.name: claim_digest(study, claim) for claim in study.claims}


def study_digest(study: Study) -> str:
    """16 hexadecimal digits of a study's claims, whatever their order: published before a run, they
    show afterwards that no claim was changed, added or dropped."""
    return _digest(claim_digests(study))


def _held_config(search: Search) -> dict[str, Any]:
    """The hyper-parameters that are the same whatever the search chooses."""
    config = _config_of(search.family, search.config(search.middle()))
    return {name: value for name, value in config.items() if name not in search.searched}


def _config_of(family: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return without_added(family, complete_config(family, values))


def _meaning(study: Study, name: str) -> Any:
    """What the name of a candidate stands for, as JSON can hold it."""
    baselines = {one.name: one for one in study.baselines}
    if name in baselines:
        return _baseline_meaning(baselines[name], baselines)
    search = study.search_of(name)
    space = {name: dimension.identity() for name, dimension in search.space.items()}
    held, ties = _held_config(search), dict(search.ties)
    hand_picked = [dict(point) for point in search.hand_picked]
    objective = [study.objective] * (study.objective != LOSS)
    matched = []
    tuned = baselines.get(search.tunes)
    if tuned is not None and tuned.match is not None:  # a size that depends on the images' is none
        held = {name: value for name, value in held.items() if name not in tuned.match.sizes}
        matched = [_baseline_meaning(tuned, baselines)]
    front = [asdict(search.front), name == search.name] if search.front else []
    whole = [search.label, search.family, held, space, ties, hand_picked]
    return [*whole, *objective, *matched, *front]


def _baseline_meaning(baseline: Baseline, baselines: Mapping[str, Baseline]) -> Any:
    """One of equal scale is what it is matched with, and how; its size depends on the images'."""
    config = _config_of(baseline.family, baseline.config)
    meaning = [baseline.label, baseline.family, config]
    if baseline.match is None:
        return meaning
    other = _baseline_meaning(baselines[baseline.match.baseline], baselines)
    return [*meaning, asdict(baseline.match), other]


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:DIGITS]
