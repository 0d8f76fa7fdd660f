"""Submit a study to a cluster as a Ray job, once, and follow its log."""

import asyncio
import hashlib
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import click

from study.cluster.upload import runtime_environment
from study.spec.errors import StudyError
from study.spec.secrets import mask
from study.store.folder import Folder, LocalFolder


def job_name(task: str, deciding: Mapping[str, str]) -> str:
    """The same for the same work, so that submitting it again finds it.

    Args:
        deciding: the options that decide what is trained, defaults among them.
    """
    digest = hashlib.sha256(json.dumps([task, deciding], sort_keys=True).encode()).hexdigest()
    return f"{task}-{digest[:12]}"


def check_results(results: Folder) -> None:
    """Refuse a results folder that only one host would have.

    Raises:
        StudyError: it is a path relative to a folder of the job's own.
    """
    if isinstance(results, LocalFolder) and not Path(str(results)).expanduser().is_absolute():
        raise StudyError(
            f"a submitted study needs --results that all hosts share; {results} is relative to a "
            "folder that is uploaded with the job. Give an absolute path on a shared file system, "
            "or a URI such as s3://bucket/folder."
        )


def submit(task: str, arguments: Sequence[str], deciding: Mapping[str, str], address: str) -> int:
    """Submit a task's command line, or find where it runs or ran; follow it to its end.

    Args:
        task: module of `study`, "task_c" for example.
        arguments: the task's own command line.
        deciding: what it means, see `job_name`.
        address: of the jobs API.

    Returns:
        The exit code: 0 where the job succeeded, 1 where it did not.

    Raises:
        StudyError: nothing answers at the address, it does not let us in, or there is too much to
            upload.
    """
    client = _client(address)
    job, status = _latest(client, job_name(task, deciding))
    if status is None:
        entrypoint = shlex.join(["python", "-m", f"study.{task}", *arguments, "--address", "auto"])
        with runtime_environment(Path.cwd()) as environment:
            client.submit_job(entrypoint=entrypoint, submission_id=job, runtime_env=environment)
        click.echo(f"submitted as {job}: {mask(entrypoint)}")
    else:
        click.echo(f"{job} was submitted before (status: {status.lower()}); this is its log")
    try:
        asyncio.run(_follow(client, job))
    except KeyboardInterrupt:
        click.echo(
            f"\n{job} keeps running. Follow it with the same command; stop it with:\n"
            f"  ray job stop --address {address} {job}",
            err=True,
        )
        return 130
    status = str(client.get_job_status(job).value)
    if status == "SUCCEEDED":
        return 0
    click.echo(
        f"error: {job} {status.lower()}. Every finished trial is recorded; fix what the log says, "
        "then run the same command again: it resumes.",
        err=True,
    )
    return 1


def _client(address: str) -> Any:
    if (Path.home() / ".ray/auth_token").exists():
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        import aiohttp  # noqa: F401 - what Ray's client lacks without the extra
        from ray.job_submission import JobSubmissionClient
    except ImportError as error:
        raise StudyError(
            "jobs are submitted through the extra `cluster`, which is not installed "
            f'({error}). Install it: pip install ".[cluster]"'
        ) from error
    try:
        return JobSubmissionClient(address)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise StudyError(
            f"no job can be submitted to {address}: {error}\nIs the cluster up, and its tunnel "
            "open? ray up cluster.yaml; in another terminal: ray dashboard cluster.yaml"
        ) from error


def _latest(client: Any, name: str) -> tuple[str, str | None]:
    """The job of that name that runs or has succeeded, and its state; else a name that is free.

    A name is never used twice: after a failure the next has a number.
    """
    known = {job.submission_id: str(job.status.value) for job in client.list_jobs()}
    for number in count(1):
        job = name if number == 1 else f"{name}-{number}"
        status = known.get(job)
        if status not in ("FAILED", "STOPPED"):
            return job, status
    raise AssertionError


async def _follow(client: Any, job: str) -> None:
    async for lines in client.tail_job_logs(job):
        click.echo(lines, nl=False)
