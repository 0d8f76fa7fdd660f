"""Where numbers come from, in a checkout, in a submitted job, and elsewhere."""

import subprocess
from pathlib import Path

import pytest

from study.spec.errors import StudyError
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


def test_git_is_asked_about_the_folder_and_starts_no_program(tmp_path, monkeypatch):
    """Whatever repository a hook of git runs in, and whatever the folder's configuration says."""
    for name in ("here", "elsewhere"):
        subprocess.run(["git", "init", "-q", str(tmp_path / name)], check=True)
        (tmp_path / name / f"{name}.py").touch()
        subprocess.run(["git", "add", "."], cwd=tmp_path / name, check=True)
    watcher = tmp_path / "watcher"
    watcher.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    watcher.chmod(0o755)
    command = ["git", "config", "core.fsmonitor", str(watcher)]
    subprocess.run(command, cwd=tmp_path / "here", check=True)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere/.git"))
    assert provenance.tracked_files(tmp_path / "here") == [Path("here.py")]
    assert provenance._git("status", "--porcelain", folder=tmp_path / "here")
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("content", ["", "c0ffee", "[]", "{}", '{"commit": 3, "dirty": true}'])
def test_a_checkout_handed_on_that_is_none_is_one_error(monkeypatch, content):
    monkeypatch.setenv(provenance.HANDED_ON, content)
    with pytest.raises(StudyError, match=f"unset {provenance.HANDED_ON}"):
        provenance.checkout()
