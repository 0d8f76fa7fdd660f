"""What was found, in plain words: the answer, and what a reader of the curves would have missed."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from study.judge import NO_TEST_PART, Terms, Verdict, judge, useless_candidates
from study.judge.images import image_scores, patient_interval
from study.report.verdicts import basis_text, claim_text, effect_text, held_text
from study.search.plan import Plan
from study.spec.claim import Claim
from study.spec.space import is_at_edge
from study.table.columns import all_columns
from study.table.formatting import column_name, format_setting, format_value
from study.table.seeds import confirmed_finals

NO_TEST = "The data has no test part: it was judged on the validation part."
ALIKE = {"val_loss": "val_accuracy", "val_accuracy": "val_loss"}  # other measures of the same
ALIKE |= {"test_loss": "test_accuracy", "test_accuracy": "test_loss"}


@dataclass(frozen=True)
class Found:
    """What the sentences are made from."""

    plan: Plan
    table: pd.DataFrame
    verdicts: Sequence[Verdict]
    terms: Terms

    @property
    def confirm(self) -> pd.DataFrame:
        """Rows of the confirmed trials."""
        return self.table.loc[self.table["stage"] == "confirm"]

    @cached_property
    def useless(self) -> Mapping[str, float]:
        """See `study.judge.useless_candidates`."""
        return useless_candidates(self.confirm, self.terms.constant)

    @property
    def labels(self) -> Mapping[str, str]:
        """Of the candidates by name."""
        return self.plan.study.labels()


def describe_findings(found: Found) -> list[str]:
    """What a reader must know first, a sentence or two each; nothing of a smoke run."""
    if not found.plan.budget.judged:
        return []
    return [
        *_answers(found),
        *_useless(found),
        *_turned(found),
        *_fallen(found),
        *_hanging(found),
        *_tuning(found),
        *_edges(found),
        *_collapsed(found),
        *_unanswered(found),
    ]


def _answers(found: Found) -> Iterator[str]:
    """The verdicts on the claims that answer the study's question."""
    answering = found.plan.study.answer
    for verdict in found.verdicts:
        if verdict.claim.name in answering:
            said = claim_text(verdict.claim, found.labels)
            stands_in = " " + NO_TEST * (verdict.judged_on == NO_TEST_PART)
            yield f"{verdict.outcome.capitalize()}: {said}{_numbers(verdict)}{stands_in}".strip()


def _numbers(verdict: Verdict) -> str:
    if not verdict.n_seeds:
        return f" {verdict.note.capitalize()}." if verdict.note else ""
    return f" It held in {held_text(verdict)} trainings (mean {effect_text(verdict)})."


def _useless(found: Found) -> Iterator[str]:
    """Candidates that do no better than a constant answer."""
    constant = found.terms.constant
    if constant is not None:
        for name, accuracy in found.useless.items():
            yield (
                f"{found.labels[name]} has learnt nothing in at least half of its trainings: they "
                f"do no better than always answering “{constant.answer}”, which scores "
                f"{_share(constant.scores['val_accuracy'])} (mean validation accuracy "
                f"{_share(accuracy)})."
            )


def _turned(found: Found) -> Iterator[str]:
    """Comparisons on the validation part whose order is the other one on the test part."""
    told = set()
    for verdict in found.verdicts:
        claim = verdict.claim
        test = claim.metric.replace("val_", "test_", 1)
        if claim.versus is None or claim.ratio or test not in all_columns() or test == claim.metric:
            continue
        pair = frozenset(claim.candidates), claim.metric
        differences = {
            metric: _differences(found, claim, metric) for metric in (claim.metric, test)
        }
        signs = {_majority(each) for each in differences.values()}
        if signs == {-1, 1} and pair not in told:
            told.add(pair)
            shown = [
                f"{_difference(metric, float(each.mean()))} on the {part} part"
                for (metric, each), part in zip(
                    differences.items(), ("validation", "test"), strict=True
                )
            ]
            one, other = (found.labels[name] for name in claim.candidates)
            yield (
                f"The order turns on the test part: {column_name(claim.metric)} of {one} "
                f"minus that of {other} is {shown[0]}, and {shown[1]}."
            )


def _differences(found: Found, claim: Claim, metric: str) -> np.ndarray:
    """One per seed that has both, (n,)."""
    finals = confirmed_finals(found.table)
    one, other = (
        finals.loc[finals["candidate"] == name].set_index("seed")[metric].astype(float)
        for name in claim.candidates
    )
    return (one - other).dropna().to_numpy(float)


def _majority(differences: np.ndarray) -> int:
    """The sign that more than half of the differences have; 0 where none has."""
    if not differences.size:
        return 0
    above, below = np.mean(differences > 0), np.mean(differences < 0)
    return int(above > 0.5) - int(below > 0.5)


def _fallen(found: Found) -> Iterator[str]:
    """Levels of the validation accuracy that the test part does not bear out, in one sentence."""
    falls = list(_falls(found))
    beyond = "by more than other seeds and patients explain"
    if len(falls) == 1:
        ((label, validation, test),) = falls
        yield (
            f"{label} falls from {_share(validation)} on the validation part to {_share(test)} on "
            f"the test part, {beyond}."
        )
    elif falls:
        each = "; ".join(f"{label} {_share(val)} to {_share(test)}" for label, val, test in falls)
        which = "All" if len(falls) == len(found.labels) else f"{len(falls)}"
        yield f"{which} candidates fall from the validation to the test part, {beyond}: {each}."


def _falls(found: Found) -> Iterator[tuple[str, float, float]]:
    """Label, mean validation and mean test accuracy of each candidate whose first lies outside of
    the second's interval over new seeds and patients."""
    finals = confirmed_finals(found.table)
    for name, label in found.labels.items():
        rows = finals.loc[finals["candidate"] == name].dropna(subset=["test_accuracy"])
        if rows.empty:
            continue
        validation, test = (float(rows[f"{part}_accuracy"].mean()) for part in ("val", "test"))
        level = Claim(name, name, "test_accuracy", above=0.0)
        scores = image_scores(level, level.metric, [rows])
        interval = patient_interval(scores, level.metric, found.terms.patients)
        if interval is not None and validation > interval[1]:
            yield label, validation, test


def _hanging(found: Found) -> Iterator[str]:
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
            yield (
                f"A verdict hangs on a choice of analysis: "
                f"{claim_text(verdict.claim, found.labels).rstrip('.')} is {verdict.outcome} "
                f"({found_so}), but {' and '.join(turned)}."
            )


def _tuning(found: Found) -> Iterator[str]:
    """Whether verdicts hang on the tuning of each candidate's nuisance hyper-parameters."""
    pairs = [(each, each.untuned) for each in found.verdicts if each.untuned is not None]
    names = " and ".join(name.replace("_", " ") for name in found.plan.study.tune)
    judged = [pair for pair in pairs if {one.outcome for one in pair} != {"not judged"}]
    hanging = [(one, other) for one, other in judged if one.outcome != other.outcome]
    for tuned, untuned in hanging:
        claim = claim_text(untuned.claim, found.labels).rstrip(".")
        yield (
            f"A verdict hangs on the tuning of {names}: {claim} is {untuned.outcome} untuned "
            f"({basis_text(untuned)}), and {tuned.outcome} where each candidate is tuned "
            f"({basis_text(tuned)})."
        )
    if judged and not hanging:
        which = "the claim has its" if len(judged) == 1 else f"all {len(judged)} claims have their"
        yield f"No verdict hangs on the tuning of {names}: untuned, {which} verdict all the same."


def _edges(found: Found) -> Iterator[str]:
    """Candidates whose tuning may have needed a wider range, in one sentence."""
    finals, at_edge = confirmed_finals(found.table), []
    for search in (search for search in found.plan.study.searches if search.tunes):
        rows = finals.loc[finals["candidate"] == search.name]
        for name in (name for name in found.plan.study.tune if name in search.space):
            value = next(iter(rows.get(f"config_{name}", ())), None)
            if is_at_edge(search.space[name], value):
                setting = f"{name.replace('_', ' ')} {format_setting(value)}"
                at_edge.append(f"{search.label}, {setting} of {search.space[name].describe()}")
    if at_edge:
        yield (
            "The tuning ends at the edge of its range, so that a wider one may suit better: "
            f"{'; '.join(at_edge)}."
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


def _collapsed(found: Found) -> Iterator[str]:
    """Trainings that diverged, and single ones that learnt nothing where the others did."""
    constant, finals = found.terms.constant, confirmed_finals(found.table)
    confirm, useless = found.confirm, found.useless
    diverged, collapsed = [], []
    for name, label in found.labels.items():
        mine = confirm.loc[confirm["candidate"] == name]
        trained = mine["seed"].nunique()
        lost = mine.loc[mine["status"] == "diverged", "seed"].nunique()
        diverged += [f"{label} {lost} of {trained}"] * bool(lost)
        if constant is not None and name not in useless:
            ends = finals.loc[finals["candidate"] == name, "val_accuracy"].astype(float)
            nothing = int((ends <= constant.scores["val_accuracy"]).sum())
            collapsed += [f"{label} {nothing} of {trained}"] * bool(nothing)
    if diverged:
        yield f"Trainings that diverged: {', '.join(diverged)}."
    if collapsed and constant is not None:
        yield (
            f"Trainings that collapsed, ending no better than always answering "
            f"“{constant.answer}”: {', '.join(collapsed)}."
        )


def _unanswered(found: Found) -> Iterator[str]:
    """How many claims have no verdict here, and why, where there is one reason for several."""
    scales: dict[str, int] = {}
    for verdict in found.verdicts:
        if verdict.claim.scale is not None and not found.terms.cover(verdict.claim):
            words = verdict.claim.scale.describe()
            scales[words] = scales.get(words, 0) + 1
    for words, count in scales.items():
        which = "One claim is" if count == 1 else f"{count} claims are"
        yield f"{which} about {words}: shown below, and not judged at this scale."


def _share(value: float) -> str:
    return format_value("val_accuracy", value)


def _difference(metric: str, value: float) -> str:
    return format_value(metric, value, difference=True)
