"""How a verdict reads; the page, the Markdown and the terminal all use these words."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hw3.metrics import METRICS
from hw3.text import count_of
from study.judge import Outcome, Verdict
from study.report.claim_words import claim_text, tested_text
from study.spec.claim import Claim
from study.stats.power import MAX_SEEDS, seeds_needed
from study.stats.rule import Rule
from study.table.columns import metric_name
from study.table.constant import Constant
from study.table.formatting import NOTHING, find_column, format_range, format_value

# Told apart by shape and word, not by colour alone.
SYMBOLS: dict[Outcome, str] = {
    "supported": "✓",
    "refuted": "✗",
    "undecided": "?",
    "not judged": "–",
}
SMOKE_RUN = "a smoke run judges nothing and shows no effects"


def outcome_text(verdict: Verdict) -> str:
    """The outcome behind its symbol: "✓ supported"."""
    return f"{SYMBOLS[verdict.outcome]} {outcome_words(verdict)}"


def outcome_words(verdict: Verdict) -> str:
    """The outcome; that of a smoke run says that it is one."""
    return verdict.outcome if verdict.rule else f"{verdict.outcome} (smoke)"


def effect_text(verdict: Verdict) -> str:
    """The effect: a level with its unit, a difference with its sign, a ratio as "2.1×". A share
    that is none of right answers is named, so that it does not read as one: "+1.2 percentage
    points of AUROC"."""
    claim, effect = verdict.claim, verdict.effect
    if math.isnan(effect):
        return NOTHING
    if claim.ratio:
        return f"{effect:.3g}×"
    name = metric_name(claim.metric)
    named = find_column(claim.metric).unit == "share" and name not in ("", "accuracy")
    text = format_value(claim.metric, effect, difference=claim.versus is not None)
    of = " of" if claim.versus is not None else ""
    return f"{text}{of} {METRICS[name].label}" if named else text


def interval_text(verdict: Verdict) -> str:
    """The interval of the effect over seeds, without unit."""
    return _interval(verdict.claim, *verdict.interval)


def patients_text(verdict: Verdict) -> str:
    """The interval of the effect over new seeds and new patients, without unit."""
    return _interval(verdict.claim, *verdict.patients)


def untuned_text(verdict: Verdict) -> str:
    """What was found without the tuning, in short: "untuned: undecided, held in 6 of 10 (mean +0.4
    percentage points)"; empty where the claim is not about tuned candidates."""
    untuned = verdict.untuned
    if untuned is None or untuned.rule is None:
        return ""
    return f"untuned: {untuned.outcome}, {basis_text(untuned)}"


def basis_text(verdict: Verdict) -> str:
    """What an outcome rests on, in short; why there is none where nothing could be computed."""
    if not verdict.n_seeds:
        return reason_text(verdict)
    return f"held in {held_text(verdict)}, mean {effect_text(verdict)}"


def generalises_text(verdict: Verdict) -> str:
    """Whether the verdict holds for new patients as well; empty where nothing is known of it."""
    return {
        "yes": "generalises to new patients",
        "no": "on this data only: with new patients the mean lies on the other side",
        "not shown": "on this data: not shown for new patients",
        "": "",
    }[verdict.generalises]


def _interval(claim: Claim, low: float, high: float) -> str:
    if claim.ratio:
        return NOTHING if math.isnan(low) else f"{low:.3g} to {high:.3g}"
    return format_range(claim.metric, low, high, claim.versus is not None, with_unit=False)


def format_p(p: float) -> str:
    """Three decimals; a small p is never shown as zero."""
    if math.isnan(p):
        return NOTHING
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def held_text(verdict: Verdict) -> str:
    """In how many trainings the claim held: "10 of 10"."""
    return f"{verdict.held} of {verdict.n_seeds}" if verdict.n_seeds else NOTHING


def share_text(verdict: Verdict) -> str:
    """The interval of the share of all trainings in which it holds: "69 to 100 %"."""
    low, high = verdict.share
    return NOTHING if math.isnan(low) else f"{100 * low:.0f} to {100 * high:.0f} %"


def detail_text(verdict: Verdict) -> str:
    """What was found, on one line: replication, effect, intervals, p and reason."""
    reason = reason_text(verdict)
    if not verdict.n_seeds:
        return reason
    patients = patients_text(verdict)
    over_patients = "" if patients == NOTHING else f"; over new patients {patients}"
    p = format_p(verdict.p_holm)
    found = [
        f"held in {held_text(verdict)} trainings",
        f"mean {effect_text(verdict)} ({interval_text(verdict)}{over_patients})",
    ]
    if p != NOTHING:
        found.append(f"p {p if p.startswith('<') else f'= {p}'} after Holm")
    further = generalises_text(verdict), untuned_text(verdict), reason
    return "; ".join(filter(None, (", ".join(found), *further)))


def reason_text(verdict: Verdict) -> str:
    """What a reader must know about the outcome; empty where it speaks for itself."""
    return "; ".join(filter(None, (verdict.note, _reason(verdict))))


def _reason(verdict: Verdict) -> str:
    rule = verdict.rule
    if rule is None:
        return SMOKE_RUN
    if not verdict.n_seeds or (verdict.outcome == "not judged" and verdict.note):
        return ""
    if verdict.outcome == "not judged":
        needed = seeds_needed(rule)
        more = f"{needed} seeds are needed" if needed else f"not even {MAX_SEEDS:,} are enough"
        return f"{more} for {count_of(rule.n_claims, 'claim')}"
    return _why_undecided(verdict, rule) if verdict.outcome == "undecided" else ""


def _why_undecided(verdict: Verdict, rule: Rule) -> str:
    if verdict.next_look is not None:
        return f"judged again after {count_of(verdict.next_look, 'seed')}"
    if verdict.claim.one_sided and not verdict.held_mostly:
        return "it does not hold in most trainings, but a one-sided test cannot refute"
    reasons = [] if verdict.claim.about == "mean" else [_what_would_decide(verdict)]
    if verdict.p <= rule.alpha:
        alone = "supported" if verdict.held_mostly else "refuted"
        reasons.append(f"{alone} if it were the only claim, but not as one of {rule.n_claims}")
    return "; ".join(reasons)


def _what_would_decide(verdict: Verdict) -> str:
    needed = verdict.seeds_to_decide
    if needed is not None:
        return f"about {needed:,} seeds would decide, if it goes on holding in this share of them"
    if verdict.alpha_left <= 0:
        return "all looks of the study are taken: only a new one, with another --seed, can decide"
    return f"not even {MAX_SEEDS:,} seeds would decide, if it goes on holding in this share of them"


def count_verdicts(verdicts: Sequence[Verdict]) -> str:
    """How many claims got which verdict: "5 claims: 4 supported, 1 undecided."."""
    counts = Counter(verdict.outcome for verdict in verdicts)
    named = [f"{counts[outcome]} {outcome}" for outcome in SYMBOLS if counts[outcome]]
    return f"{count_of(len(verdicts), 'claim')}: {', '.join(named)}." if named else "No claims."


def constant_text(claims: Sequence[Claim], constant: Constant) -> str:
    """What a model that learnt nothing scores by the accuracies that claims are about; empty where
    none is about one."""
    said = constant.describe(dict.fromkeys(claim.metric for claim in claims))
    return f"{said.capitalize()}." if said else ""


def verdict_values(verdict: Verdict, labels: Mapping[str, str]) -> dict[str, Any]:
    """The verdict as JSON holds it; None for a number that cannot be computed and an open bound.

    Args:
        labels: of the candidates by name, `Study.labels`.
    """
    claim, untuned = verdict.claim, verdict.untuned
    return {
        "claim": claim.name,
        "text": claim_text(claim, labels),
        "tested": tested_text(claim, labels),
        "quote": claim.quote,
        "source": claim.source,
        "verdict": verdict.outcome,
        "held": verdict.held,
        "share_low": _finite(verdict.share[0]),
        "share_high": _finite(verdict.share[1]),
        "effect": _finite(verdict.effect),
        "ci_low": _finite(verdict.interval[0]),
        "ci_high": _finite(verdict.interval[1]),
        "patients_low": _finite(verdict.patients[0]),
        "patients_high": _finite(verdict.patients[1]),
        "generalises": verdict.generalises,
        "p": _finite(verdict.p),
        "p_holm": _finite(verdict.p_holm),
        "n_seeds": verdict.n_seeds,
        "margin": {"above": _finite(claim.above), "below": _finite(claim.below)},
        "one_sided": claim.one_sided,
        "about": claim.about,
        "scale": asdict(claim.scale) if claim.scale else None,
        "unit": verdict.unit,
        "judged_on": verdict.judged_on,
        "seeds_to_decide": verdict.seeds_to_decide,
        "next_look": verdict.next_look,
        "reason": reason_text(verdict),
        **({"untuned": verdict_values(untuned, labels)} if untuned else {}),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
