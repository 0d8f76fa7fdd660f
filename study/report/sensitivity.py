"""Verdicts that hang on one choice of analysis, and on the tuning of nuisance hyper-parameters."""

import math
from collections.abc import Iterator
from dataclasses import replace

from study.judge import Verdict, judge
from study.report.claim_words import claim_text
from study.report.found import Finding, Found
from study.report.sources import candidate_source, claim_source
from study.report.verdicts import basis_text, effect_text, held_text
from study.spec.claim import Claim
from study.spec.space import is_at_edge
from study.table.formatting import column_name, format_setting
from study.table.seeds import confirmed_finals

ALIKE = {"val_loss": "val_accuracy", "val_accuracy": "val_loss"}  # other measures of the same
ALIKE |= {"test_loss": "test_accuracy", "test_accuracy": "test_loss"}


def hanging_verdicts(found: Found) -> Iterator[Finding]:
    """Verdicts that another choice of analysis, as good as the one taken, would turn."""
    terms = replace(found.terms, constant=None)  # at the same looks
    for verdict in found.verdicts:
        if verdict.outcome not in ("supported", "refuted"):
            continue
        turned = []
        for words, claim in _alternatives(verdict.claim):
            (other,) = judge([claim], found.table, terms)
            # without a p it is not judged so: trainings that diverged have no mean
            if not math.isnan(other.p) and _holds(other) != _holds(verdict):
                turned.append(f"{words} {_turned_words(other)}".strip())
        if turned:
            about_mean = verdict.claim.about == "mean"
            found_so = (
                f"mean {effect_text(verdict)}" if about_mean else f"held in {held_text(verdict)}"
            )
            yield Finding(
                f"A verdict hangs on a choice of analysis: "
                f"{claim_text(verdict.claim, found.labels).rstrip('.')} is {verdict.outcome} "
                f"({found_so}), but {' and '.join(turned)}.",
                (claim_source(verdict.claim),),
            )


def hanging_on_tuning(found: Found) -> Iterator[Finding]:
    """Whether verdicts hang on the tuning of each candidate's nuisance hyper-parameters."""
    pairs = [(each, each.untuned) for each in found.verdicts if each.untuned is not None]
    names = " and ".join(name.replace("_", " ") for name in found.plan.study.tune)
    judged = [pair for pair in pairs if {one.outcome for one in pair} != {"not judged"}]
    hanging = [(one, other) for one, other in judged if one.outcome != other.outcome]
    for tuned, untuned in hanging:
        claim = claim_text(untuned.claim, found.labels).rstrip(".")
        yield Finding(
            f"A verdict hangs on the tuning of {names}: {claim} is {untuned.outcome} untuned "
            f"({basis_text(untuned)}), and {tuned.outcome} where each candidate is tuned "
            f"({basis_text(tuned)}).",
            (claim_source(tuned.claim),),
        )
    if judged and not hanging:
        which = "the claim has its" if len(judged) == 1 else f"all {len(judged)} claims have their"
        yield Finding(
            f"No verdict hangs on the tuning of {names}: untuned, {which} verdict all the same.",
            tuple(claim_source(tuned.claim) for tuned, _ in judged),
        )


def edges_of_tuning(found: Found) -> Iterator[Finding]:
    """Candidates whose tuning may have needed a wider range, in one sentence."""
    finals, at_edge, sources = confirmed_finals(found.table), [], []
    for search in (search for search in found.plan.study.searches if search.tunes):
        rows = finals.loc[finals["candidate"] == search.name]
        for name in (name for name in found.plan.study.tune if name in search.space):
            value = next(iter(rows.get(f"config_{name}", ())), None)
            if is_at_edge(search.space[name], value):
                setting = f"{name.replace('_', ' ')} {format_setting(value)}"
                at_edge.append(f"{search.label}, {setting} of {search.space[name].describe()}")
                sources.append(candidate_source(search.name))
    if at_edge:
        yield Finding(
            "The tuning ends at the edge of its range, so that a wider one may suit better: "
            f"{'; '.join(at_edge)}.",
            tuple(dict.fromkeys(sources)),
        )


def _turned_words(verdict: Verdict) -> str:
    if verdict.claim.about == "mean":
        return f"the mean is {effect_text(verdict)}"
    return f"it holds in {held_text(verdict)}"


def _holds(verdict: Verdict) -> bool:
    """What the trainings speak for; of a claim about a mean, what the mean does."""
    if verdict.claim.about == "mean":
        return verdict.claim.above < verdict.effect < verdict.claim.below
    return verdict.held_mostly


def _alternatives(claim: Claim) -> Iterator[tuple[str, Claim]]:
    """The same claim read in other ways, a small fixed set, each with the words that introduce it:
    another epoch, the mean or (in most trainings) the median, loss or accuracy."""
    if claim.epoch == "final" and not claim.metric.startswith(("elapsed", "seconds", "epochs")):
        yield "at the epoch of least validation loss", replace(claim, epoch="best")
    elif claim.epoch == "best":
        yield "at the last epoch", replace(claim, epoch="final")
    yield "", replace(claim, about="trainings" if claim.about == "mean" else "mean")
    direction = claim.versus is not None and not claim.ratio
    other = ALIKE.get(claim.metric)
    if direction and other and (claim.above, claim.below) in ((0.0, math.inf), (-math.inf, 0.0)):
        turned = replace(claim, metric=other, above=-claim.below, below=-claim.above)
        yield f"by {column_name(other)}", turned
