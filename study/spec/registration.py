"""Which claims stood before the run: registered with its plan, and compared with the task file's.

This is the one place that decides what a reader is told about a claim that did not.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from study.spec.study import Claim


@dataclass(frozen=True)
class RegisteredClaim:
    """A claim as a run found it in the task file.

    Attributes:
        content: the claim's fields as JSON holds them, None for an open bound.
        first_seen: the time of the first run with this very content, ISO 8601.
        known: confirmation trainings of the study that were recorded by then; with 0 the claim
            was written before anybody could know.
    """

    content: Mapping[str, Any]
    first_seen: str
    known: int

    def is_of(self, claim: Claim) -> bool:
        """Whether the claim is what was registered, in every part that was."""
        now = _content(claim)
        return all(now.get(name) == value for name, value in self.content.items())


def registered_claim(saved: Mapping[str, Any]) -> RegisteredClaim:
    """The registered claim of a saved plan.

    Plans of version 0.1 hold the two sides of a claim as `left` and `right` and its bounds once
    more in its words; of these what decides the verdict is compared, the words are not.

    Raises:
        KeyError, TypeError: it is not a registered claim.
    """
    content = dict(saved["content"])
    if "left" in content:
        left, right = content["left"], content["right"] or {}
        kept = ("name", "above", "below", "ratio", "one_sided")
        content = {name: content[name] for name in kept} | {
            "candidate": left["point"],
            "metric": left["metric"],
            "epoch": left["epoch"],
            "versus": right.get("point"),
        }
    return RegisteredClaim(content, saved["first_seen"], saved["known"])


def register_claims(
    claims: Sequence[Claim], earlier: Sequence[RegisteredClaim], known: int, now: str
) -> tuple[RegisteredClaim, ...]:
    """What a run that starts now registers: the earlier claims, and as new those that are not
    among them.

    Claims that the task file no longer has stay registered, unless nothing was known yet: who
    drops a claim after the fact makes the correction for the others milder.

    Args:
        claims: the task file's.
        earlier: registered by the study's last run.
        known: confirmation trainings that earlier runs recorded.
        now: ISO 8601.
    """
    still = [one for one in earlier if known or any(one.is_of(claim) for claim in claims)]
    new = [claim for claim in claims if not any(one.is_of(claim) for one in still)]
    return (*still, *(RegisteredClaim(_content(claim), now, known) for claim in new))


def claim_notes(claims: Sequence[Claim], registered: Sequence[RegisteredClaim]) -> dict[str, str]:
    """What a reader must know about claims that did not stand before the run, by their names.

    Empty where every claim did.

    Args:
        claims: the task file's, now.
        registered: with the plan of the run that is reported.
    """
    names = [one.content["name"] for one in registered]
    notes = {}
    for claim in claims:
        same = next((one for one in registered if one.is_of(claim)), None)
        if not registered:
            notes[claim.name] = "not registered by the run, so nobody knows when it was written"
        elif same is None:
            done = "changed" if claim.name in names else "added"
            notes[claim.name] = f"{done} after the run began"
        elif same.known:
            notes[claim.name] = (
                f"first registered {same.first_seen}, when {same.known} confirmation trainings "
                "were recorded: not written before the run"
            )
    gone = [name for name in names if name not in {claim.name for claim in claims}]
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
