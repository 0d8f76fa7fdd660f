"""Submission of a task as a job, against a stand-in for Ray's client; `test_hosts.py` has a real
one."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

import study.cluster.submit
from study.__main__ import main
from study.store.provenance import handed_on


class Jobs:
    """A cluster's jobs, each of which ends at once with the next of these states."""

    def __init__(self, *ends):
        self.ends, self.jobs, self.entrypoints = list(ends), {}, []

    def list_jobs(self):
        return [
            SimpleNamespace(submission_id=name, status=SimpleNamespace(value=status))
            for name, status in self.jobs.items()
        ]

    def submit_job(self, entrypoint, submission_id, runtime_env):
        assert submission_id not in self.jobs
        self.jobs[submission_id] = self.ends.pop(0)
        self.entrypoints.append((entrypoint, runtime_env))
        folder = Path(runtime_env["working_dir"])
        self.uploaded = {
            str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
        }

    def get_job_status(self, job):
        return SimpleNamespace(value=self.jobs[job])

    async def tail_job_logs(self, job):
        yield f"log of {job}\n"


@pytest.fixture
def submit(monkeypatch):
    def submit(jobs, *arguments):
        monkeypatch.setattr(study.cluster.submit, "_client", lambda address: jobs)
        return CliRunner().invoke(main, ["submit", *arguments])

    return submit


SMOKE = ("task_c", "--profile", "smoke", "--results", "/shared/r")


def test_the_same_work_is_submitted_once(submit):
    jobs = Jobs("SUCCEEDED")
    first, second = submit(jobs, *SMOKE), submit(jobs, *SMOKE)
    (name,) = jobs.jobs
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert f"submitted as {name}" in first.output and f"log of {name}" in first.output
    assert "was submitted before (status: succeeded)" in second.output
    ((entrypoint, environment),) = jobs.entrypoints
    assert entrypoint == f"python -m study run {' '.join(SMOKE)} --address auto"
    assert not Path(environment["working_dir"]).exists()
    assert environment["env_vars"] == handed_on()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a project in it, and with what must not leave the machine."""
    for name in ("study/__init__.py", "study/report/templates/page", "hw3/data.py", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in (".env", "id_rsa", "chest_xray/1.jpeg", "results/trials/1.json", "study/a.npy"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("private")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def track(folder, *names):
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "add", *names], cwd=folder, check=True)


CODE = {"study/__init__.py", "study/report/templates/page", "hw3/data.py"}


def test_what_git_tracks_is_uploaded_and_new_code_but_nothing_beside_it(submit, project):
    track(project, "README.md", "study", "hw3/data.py", ":!study/a.npy")
    (project / "study/task_d.py").touch()  # one's own, not added yet
    answer = submit(jobs := Jobs("SUCCEEDED"), *SMOKE)
    assert jobs.uploaded == CODE | {"README.md", "study/task_d.py"}
    assert "uploading 5 files" in answer.output


def test_what_a_tracked_link_leads_to_is_uploaded_only_if_it_is_tracked(submit, project):
    (project / "scans").symlink_to(project / "study/a.npy")
    (project / "study/task_e.py").symlink_to(project / ".env")
    (project / "README").symlink_to("README.md")
    track(project, "README.md", "README", "scans", "study/task_e.py")
    submit(jobs := Jobs("SUCCEEDED"), *SMOKE)
    assert jobs.uploaded == CODE | {"README.md", "README"}


def test_a_name_that_no_archive_takes_is_refused(submit, project):
    name = os.fsdecode(b"\xff.txt")
    (project / name).touch()
    track(project, name)
    answer = submit(jobs := Jobs(), *SMOKE)
    assert answer.exit_code == 1 and not jobs.jobs
    assert "must be UTF-8" in answer.output


@pytest.mark.parametrize("asked", ["list_jobs", "submit_job", "tail_job_logs", "get_job_status"])
def test_a_dashboard_that_lies_or_breaks_off_is_one_error(submit, project, monkeypatch, asked):
    def fail(*_, **__):
        raise TypeError("\x1b[2Jnot what was asked for\nand more of it")

    monkeypatch.setattr(jobs := Jobs("SUCCEEDED"), asked, fail)
    answer = submit(jobs, "--address", "http://me:password@127.0.0.1:8265", *SMOKE)
    assert answer.exit_code == 1 and isinstance(answer.exception, SystemExit)
    assert "broke off" in answer.output and "ray dashboard cluster.yaml" in answer.output
    assert "\x1b" not in answer.output and "password" not in answer.output


def test_a_dashboard_that_never_answers_is_one_error(monkeypatch):
    monkeypatch.setattr(study.cluster.submit, "ANSWERED_WITHIN", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        answer = CliRunner().invoke(main, ["submit", "--address", address, *SMOKE])
    assert answer.exit_code == 1 and "tunnel" in answer.output


def test_outside_a_checkout_only_the_packages_are_uploaded(submit, project):
    submit(jobs := Jobs("SUCCEEDED"), *SMOKE)
    assert jobs.uploaded == CODE


@pytest.fixture
def own_study(tmp_path, monkeypatch):
    """The working directory, with a study of somebody's own in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    name = f"own_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(
        "import dataclasses, study.task_c\n"
        f"STUDY = dataclasses.replace(study.task_c.STUDY, name={name!r})\n"
    )
    (tmp_path / "layers.py").touch()
    (tmp_path / "mylib").mkdir()
    for file in ("mylib/__init__.py", "mylib/blocks.py", "scans.npy", "secret.txt"):
        (tmp_path / file).touch()
    (tmp_path / "link.py").symlink_to("secret.txt")
    return f"{name}.py"


def test_a_study_of_ones_own_is_uploaded_with_the_modules_beside_it(submit, own_study):
    answer = submit(jobs := Jobs("SUCCEEDED"), own_study, *SMOKE[1:])
    assert answer.exit_code == 0, answer.output
    assert jobs.uploaded == {own_study, "layers.py", "mylib/__init__.py", "mylib/blocks.py"}
    ((entrypoint, _environment),) = jobs.entrypoints
    assert entrypoint.startswith(f"python -m study run {own_study} --profile smoke")
    assert next(iter(jobs.jobs)).startswith(Path(own_study).stem)


def test_a_study_outside_the_working_directory_is_refused(submit, own_study, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    answer = submit(jobs := Jobs(), f"../{own_study}", *SMOKE[1:])
    assert answer.exit_code == 1 and not jobs.jobs
    assert f"Submit it from there: cd {tmp_path}" in answer.output


def test_too_much_is_refused_with_the_largest_files(submit, project, monkeypatch):
    monkeypatch.setattr("study.cluster.upload.LIMIT", 2**20)
    (project / "scan.tif").write_bytes(bytes(2**20 + 1))
    track(project, "scan.tif")
    answer = submit(jobs := Jobs(), *SMOKE)
    assert answer.exit_code == 1 and not jobs.jobs
    assert "at most 1 MiB" in answer.output and "scan.tif (1.0 MiB)" in answer.output


def test_a_password_in_the_results_address_is_refused(submit):
    """The cluster would store it, and show it in its list of jobs and of processes."""
    answer = submit(jobs := Jobs("SUCCEEDED"), *SMOKE[:-1], "s3://key:secret@bucket/r")
    assert answer.exit_code == 1
    assert "secret@" not in answer.output and "s3://key:***@bucket/r" in answer.output
    assert "AWS_SECRET_ACCESS_KEY" in answer.output
    assert jobs.entrypoints == []


def test_a_store_that_only_the_cluster_reaches_is_left_to_it(submit, monkeypatch):
    def unreachable(uri):
        raise OSError(f"{uri}: could not connect")  # as pyarrow does, asked for a bucket's region

    monkeypatch.setattr("study.store.remote._filesystem_of", unreachable)
    answer = submit(Jobs("SUCCEEDED"), *SMOKE[:-1], "s3://bucket/r")
    assert answer.exit_code == 0
    assert "--results s3://bucket/r --address auto" in answer.output


def test_other_work_is_another_job_and_what_decides_nothing_is_not(submit):
    jobs = Jobs(*["SUCCEEDED"] * 3)
    submit(jobs, *SMOKE)
    submit(jobs, *SMOKE, "--verbose")
    assert len(jobs.jobs) == 1
    submit(jobs, *SMOKE, "--seeds", "3")
    submit(jobs, "task_a", *SMOKE[1:])
    assert len(jobs.jobs) == 3


def test_a_job_that_failed_is_submitted_again_under_the_next_name(submit):
    jobs = Jobs("FAILED", "STOPPED", "SUCCEEDED")
    answers = [submit(jobs, *SMOKE) for _ in range(3)]
    assert [answer.exit_code for answer in answers] == [1, 1, 0]
    assert "every finished trial is recorded" in answers[0].output.lower()
    first = next(iter(jobs.jobs))
    assert list(jobs.jobs) == [first, f"{first}-2", f"{first}-3"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("task_c", "--profile", "smoke"), 1, "all hosts share"),
        (("task_c", "--results", "runs/r"), 1, "all hosts share"),
        (("task_q", "--results", "/r"), 1, "got 'task_q'"),
        (("task_c", "--results", "/r", "--profle", "smoke"), 2, "--profile"),
    ],
)
def test_a_wrong_command_is_refused_before_anything_is_sent(submit, arguments, code, said):
    jobs = Jobs()
    answer = submit(jobs, *arguments)
    assert answer.exit_code == code and said in answer.output
    assert not jobs.jobs


def test_a_missing_extra_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)  # what the extra brings
    answer = CliRunner().invoke(main, ["submit", *SMOKE])
    assert answer.exit_code == 1
    assert answer.output.startswith("error: ") and 'pip install ".[cluster]"' in answer.output
    assert "tunnel" not in answer.output


def test_no_cluster_is_one_error_with_the_next_command():
    answer = CliRunner().invoke(main, ["submit", "--address", "http://127.0.0.1:9", *SMOKE])
    assert answer.exit_code == 1
    assert answer.output.startswith("error: ") and "ray up cluster.yaml" in answer.output


def test_nothing_for_this_machine_goes_through_a_proxy(monkeypatch):
    """It would get the code, and the token of the cluster."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("no_proxy", "intranet")  # taken back afterwards
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.setattr(study.cluster.submit, "ANSWERED_WITHIN", 1.0)
        answer = CliRunner().invoke(main, ["submit", "--address", "http://127.0.0.1:9", *SMOKE])
        assert "refused" in answer.output
        proxy.settimeout(0.1)
        with pytest.raises(TimeoutError):
            proxy.accept()
    assert os.environ["no_proxy"] == "intranet,127.0.0.1"


@pytest.mark.parametrize("address", ["", "auto", "127.0.0.1:6379", "ray://127.0.0.1:10001"])
def test_an_address_of_no_jobs_api_is_refused_without_asking_it(address):
    answer = CliRunner().invoke(main, ["submit", "--address", address, *SMOKE])
    assert answer.exit_code == 1
    assert "begins with http:// or https://" in answer.output
