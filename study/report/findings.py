"""What was found, in plain words: the answer, and what a reader of the curves would have missed."""

from collections.abc import Iterator

from study.judge import NO_TEST_PART, Verdict
from study.report.claim_words import claim_text
from study.report.found import Finding, Found
from study.report.on_test import fallen_levels, turned_orders
from study.report.sensitivity import edges_of_tuning, hanging_on_tuning, hanging_verdicts
from study.report.sources import candidate_source, claim_source
from study.report.verdicts import effect_text, held_text, reason_text
from study.table.formatting import format_value
from study.table.seeds import confirmed_finals

NO_TEST = "The data has no test part: it was judged on the validation part."


def describe_findings(found: Found) -> list[Finding]:
    """What a reader must know first, a sentence or two each; nothing of a smoke run."""
    if not found.plan.budget.judged:
        return []
    return [
        *_answers(found),
        *_useless(found),
        *turned_orders(found),
        *fallen_levels(found),
        *hanging_verdicts(found),
        *hanging_on_tuning(found),
        *edges_of_tuning(found),
        *_collapsed(found),
        *_unanswered(found),
    ]


def _answers(found: Found) -> Iterator[Finding]:
    """The verdicts on the claims that answer the study's question."""
    answering = found.plan.study.answer
    for verdict in found.verdicts:
        if verdict.claim.name in answering:
            said = claim_text(verdict.claim, found.labels)
            stands_in = " " + NO_TEST * (verdict.judged_on == NO_TEST_PART)
            text = f"{verdict.outcome.capitalize()}: {said}{_numbers(verdict)}{stands_in}".strip()
            yield Finding(text, (claim_source(verdict.claim),), verdict.outcome)


def _numbers(verdict: Verdict) -> str:
    """What the verdict rests on; of one that decides nothing, why."""
    reason = reason_text(verdict) if verdict.outcome in ("undecided", "not judged") else ""
    because = f" {reason[0].upper()}{reason[1:]}." if reason else ""
    if not verdict.n_seeds:
        return because
    return f" It held in {held_text(verdict)} trainings (mean {effect_text(verdict)}).{because}"


def _useless(found: Found) -> Iterator[Finding]:
    """Candidates that do no better than a constant answer."""
    constant = found.terms.constant
    if constant is not None:
        for name, accuracy in found.useless.items():
            yield Finding(
                f"{found.labels[name]} has learnt nothing in at least half of its trainings: they "
                f"do no better than always answering “{constant.answer}”, which scores "
                f"{_share(constant.scores['val_accuracy'])} (mean validation accuracy "
                f"{_share(accuracy)}).",
                (candidate_source(name),),
            )


def _collapsed(found: Found) -> Iterator[Finding]:
    """Trainings that diverged, and single ones that learnt nothing where the others did."""
    constant, finals = found.terms.constant, confirmed_finals(found.table)
    confirm, useless = found.confirm, found.useless
    diverged: dict[str, str] = {}
    collapsed: dict[str, str] = {}
    for name, label in found.labels.items():
        mine = confirm.loc[confirm["candidate"] == name]
        trained = mine["seed"].nunique()
        lost = mine.loc[mine["status"] == "diverged", "seed"].nunique()
        if lost:
            diverged[candidate_source(name)] = f"{label} {lost} of {trained}"
        if constant is not None and name not in useless:
            ends = finals.loc[finals["candidate"] == name, "val_accuracy"].astype(float)
            nothing = int((ends <= constant.scores["val_accuracy"]).sum())
            if nothing:
                collapsed[candidate_source(name)] = f"{label} {nothing} of {trained}"
    if diverged:
        yield Finding(f"Trainings that diverged: {', '.join(diverged.values())}.", (*diverged,))
    if collapsed and constant is not None:
        yield Finding(
            f"Trainings that collapsed, ending no better than always answering "
            f"“{constant.answer}”: {', '.join(collapsed.values())}.",
            (*collapsed,),
        )


def _unanswered(found: Found) -> Iterator[Finding]:
    """How many claims have no verdict here, and why, where there is one reason for several."""
    scales: dict[str, int] = {}
    for verdict in found.verdicts:
        if verdict.claim.scale is not None and not found.terms.cover(verdict.claim):
            words = verdict.claim.scale.describe()
            scales[words] = scales.get(words, 0) + 1
    for words, count in scales.items():
        which = "One claim is" if count == 1 else f"{count} claims are"
        yield Finding(f"{which} about {words}: shown below, and not judged at this scale.")


def _share(value: float) -> str:
    return format_value("val_accuracy", value)
