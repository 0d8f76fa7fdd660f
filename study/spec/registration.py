"""Which claims stood before the run: kept with its plan, and compared with the task file's."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from study.spec.study import Claim


@dataclass(frozen=True)
class KeptClaim:
    """A claim as a run found it in the task file.

    Attributes:
        content: the claim's fields as JSON knows them, None for an open bound.
        first_seen: the time of the first run with this very content, ISO 8601.
        known: confirmation trainings of the study that were recorded by then; with 0 the claim
            was written before anybody could know.
    """

    content: Mapping[str, Any]
    first_seen: str
    known: int


def keep_claims(
    claims: Sequence[Claim], earlier: Sequence[KeptClaim], known: int, now: str
) -> tuple[KeptClaim, ...]:
    """What a run that starts now keeps: what was kept of its claims, the others as new.

    Claims that the task file no longer has are kept as well, unless nothing was known yet: who
    drops a claim after the fact makes the correction for the others milder.

    Args:
        claims: the task file's.
        earlier: kept by the study's last run.
        known: confirmation trainings that earlier runs recorded.
        now: ISO 8601.
    """
    contents = [_content(claim) for claim in claims]
    still = [kept for kept in earlier if known or kept.content in contents]
    new = [content for content in contents if content not in [kept.content for kept in still]]
    return (*still, *(KeptClaim(content, now, known) for content in new))


def claim_notes(claims: Sequence[Claim], kept: Sequence[KeptClaim]) -> dict[str, str]:
    """What a reader must know of claims that did not stand before the run, by their names.

    The one place that decides it. Empty where every claim did.

    Args:
        claims: the task file's, now.
        kept: with the plan of the run that is reported.
    """
    by_name = {each.content["name"]: each for each in kept}
    notes = {}
    for claim in claims:
        content = _content(claim)
        same = next((each for each in kept if each.content == content), None)
        if not kept:
            notes[claim.name] = "not kept with the run's plan, so nobody knows when it was written"
        elif same is None:
            done = "changed" if claim.name in by_name else "added"
            notes[claim.name] = f"{done} after the run began"
        elif same.known:
            notes[claim.name] = (
                f"first seen {same.first_seen}, when {same.known} confirmation trainings were "
                "recorded: not written before the run"
            )
    gone = [name for name in by_name if name not in {claim.name for claim in claims}]
    return notes | dict.fromkeys(gone, "dropped after the run began")


def describe_notes(notes: Mapping[str, str]) -> str:
    """The notes in one sentence; empty where there is none."""
    said = "; ".join(f"{name}: {note}" for name, note in notes.items())
    return f"Not every claim stood before the run. {said}." if notes else ""


def _content(claim: Claim) -> dict[str, Any]:
    fields = asdict(claim)
    for bound in ("above", "below"):
        fields[bound] = fields[bound] if math.isfinite(fields[bound]) else None
    return fields
