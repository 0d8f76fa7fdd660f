"""`python -m study verify` on records of Task C."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from study import task_c
from study.__main__ import main
from study.cli.target import find_study
from study.cli.tasks import claims_of_others
from study.search.choose import FinishedTrials
from study.search.plan import save_plan
from study.search.registration import claim_digests, registration, study_digest
from study.store.folder import LocalFolder
from study.store.records import Record, RecordStore
from tests.golden import do
from tests.made import epoch_row, plan_of

STUDY = task_c.STUDY
DIGEST = study_digest(STUDY)
PLAN = plan_of(STUDY)


def verify(results, digest=DIGEST):
    return CliRunner().invoke(main, ["verify", "task_c", digest, "--results", str(results)])


@pytest.fixture
def results(tmp_path):
    save_plan(PLAN, LocalFolder(tmp_path) / STUDY.name)
    return tmp_path


def train(results, study):
    """Record a training of each baseline with the study's claims."""
    store = RecordStore(LocalFolder(results))
    for candidate in FinishedTrials(PLAN, {}).baselines:
        (job,) = candidate.jobs(PLAN.setting, 1)
        provenance = {
            **registration(plan_of(study), candidate.name),
            "finished": "2026-03-01T10:00:00+00:00",
        }
        store.write(Record(job.ingredients, "complete", [epoch_row(1, 0.5)], provenance=provenance))


def test_claims_that_stood_are_verified_with_the_time_of_the_first_training(results):
    train(results, STUDY)
    answer = verify(results)
    assert answer.exit_code == 0, answer.output
    said = " ".join(answer.output.split())
    assert said.startswith("verified") and DIGEST in said and "2026-03-01T10:00:00" in said


def test_another_digest_is_refused(results):
    train(results, STUDY)
    answer = verify(results, "0" * 16)
    assert answer.exit_code == 1
    assert DIGEST in answer.stderr and "0" * 16 in answer.stderr


def test_claims_that_came_late_are_refused_with_their_names(results):
    first, *others = STUDY.claims
    train(results, replace(STUDY, claims=(replace(first, below=0.99), *others)))
    answer = verify(results)
    assert answer.exit_code == 1
    assert f"{first.name}: changed after 1 training" in answer.stderr
    assert not any(other.name in answer.stderr for other in others)


def test_a_run_without_trainings_verifies_nothing(results, tmp_path):
    assert verify(results).exit_code == 1
    assert verify(tmp_path / "elsewhere").exit_code == 1


def test_what_the_digest_does_not_cover_follows(results):
    """The digest is of claims alone: the setting may have been chosen among several."""
    train(results, STUDY)
    save_plan(
        replace(PLAN, command="python -m study.task_c --seed 7"), LocalFolder(results) / "task_c"
    )
    assert "--seed 7" in " ".join(verify(results).output.split())


def test_a_study_with_a_mistake_is_refused_with_the_mistake(results, monkeypatch):
    wrong = replace(STUDY.claims[0], candidate="nobody")
    monkeypatch.setattr(task_c, "STUDY", replace(STUDY, claims=(wrong,)))
    answer = verify(results)
    assert answer.exit_code == 1 and "nobody" in answer.stderr


def test_a_task_whose_candidate_another_one_trained_first_is_verified(tmp_path):
    """Tasks share a results folder, and the ConvModel in it."""
    options = ["--profile", "smoke", "--workers", "inline", "--epochs", "1"]
    for name in ("task_c", "task_a"):
        do(replace(find_study(name), figures=()), "run", tmp_path, *options)
    digest = study_digest(find_study("task_a"))
    answer = CliRunner().invoke(main, ["verify", "task_a", digest, "--results", str(tmp_path)])
    assert answer.exit_code == 0 and answer.output.startswith("verified"), answer.output


def test_a_task_that_cannot_be_read_is_left_out_of_what_is_registered(monkeypatch):
    mistaken = replace(STUDY, baselines=())
    monkeypatch.setattr(task_c, "STUDY", mistaken)
    assert set(claims_of_others("task_a")) == {"task_b"}
    assert claims_of_others("task_a")["task_b"] == claim_digests(find_study("task_b"))
