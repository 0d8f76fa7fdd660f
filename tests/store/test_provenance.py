"""Where numbers come from, in a checkout, in a submitted job, and elsewhere."""

import subprocess
from pathlib import Path

import pytest

from study.store import provenance

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout")
def test_a_checkout_knows_its_commit():
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert provenance.checkout()["commit"] == head.stdout.strip()


def test_a_job_knows_the_checkout_that_it_was_submitted_from(monkeypatch):
    monkeypatch.setattr(provenance, "_git", lambda *arguments: "of somebody else's repository")
    monkeypatch.setenv(provenance.HANDED_ON, '{"commit": "c0ffee", "dirty": true}')
    assert provenance.checkout() == {"commit": "c0ffee", "dirty": True}


def test_elsewhere_the_commit_is_not_known(monkeypatch):
    monkeypatch.setattr(provenance, "_git", lambda *arguments: None)
    assert provenance.checkout() == {"commit": None, "dirty": None}
