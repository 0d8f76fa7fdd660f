"""What a claim says, as a digest: trainings are recorded with those of the claims that stood."""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import asdict

from study.spec.study import Claim

DIGITS = 16  # hexadecimal
WORDS = ("text", "quote", "source")  # fields that decide no verdict
ADDED = {"about": "trainings", "scale": None}  # by versions since 0.2: left out at their defaults


def claim_digest(claim: Claim) -> str:
    """16 hexadecimal digits of all fields of the claim that decide its verdict."""
    fields = {
        name: value
        for name, value in asdict(claim).items()
        if name not in WORDS and not (name in ADDED and value == ADDED[name])
    }
    for bound in ("above", "below"):
        fields[bound] = float(fields[bound]) if math.isfinite(fields[bound]) else None
    return _digest(json.dumps(fields, sort_keys=True))


def claim_digests(claims: Iterable[Claim]) -> dict[str, str]:
    """The digest of each claim by its name."""
    return {claim.name: claim_digest(claim) for claim in claims}


def study_digest(claims: Iterable[Claim]) -> str:
    """16 hexadecimal digits of a study's claims, whatever their order: published before a run, they
    show afterwards that no claim was changed, added or dropped."""
    return _digest(json.dumps(claim_digests(claims), sort_keys=True))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
