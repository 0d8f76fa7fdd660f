"""Submit a study to a cluster as a Ray job, once, and follow its log."""

import asyncio
import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from study.cluster.upload import runtime_environment
from study.spec.errors import StudyError
from study.spec.secrets import mask
from study.store.folder import Folder, LocalFolder

ANSWERED_WITHIN = 20.0  # seconds
SHOWN = 500  # characters of what Ray's client says


def job_name(study: str, deciding: Mapping[str, str]) -> str:
    """The same for the same work, so that submitting it again finds it.

    Args:
        study: its name.
        deciding: the options that decide what is trained, defaults among them.
    """
    digest = hashlib.sha256(json.dumps([study, deciding], sort_keys=True).encode()).hexdigest()
    return f"{study}-{digest[:12]}"


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


def check_passwords(arguments: Sequence[str]) -> None:
    """Refuse a command with a password: the cluster would keep it, and show it to whoever lists its
    jobs or processes.

    Raises:
        StudyError: an argument holds one.
    """
    masked = [mask(each) for each in arguments if mask(each) != each]
    if masked:
        raise StudyError(
            "a submitted study's command is shown to whoever lists the cluster's jobs, and "
            f"{', '.join(masked)} holds a password. Leave it out, and give it to the hosts, for "
            "example as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )


def submit(
    target: str, name: str, arguments: Sequence[str], deciding: Mapping[str, str], address: str
) -> int:
    """Submit a study's command line, or find where it runs or ran; follow it to its end.

    Args:
        target: what `python -m study run` is given, "task_c" for example.
        name: of the study.
        arguments: the study's own options.
        deciding: what it means, see `job_name`.
        address: of the jobs API.

    Returns:
        The exit code: 0 where the job succeeded, 1 where it did not.

    Raises:
        StudyError: nothing answers at the address, it does not let us in, or there is too much to
            upload.
    """
    client = _client(address)
    words = ["python", "-m", "study", "run", target, *arguments, "--address", "auto"]
    place = target.partition(":")[0]
    own = Path(place) if place.endswith(".py") else None
    job = _submit_once(client, address, job_name(name, deciding), shlex.join(words), own)
    try:
        with _answers(address):
            asyncio.run(_follow(client, job))
    except KeyboardInterrupt:
        click.echo(
            f"\n{job} keeps running. Follow it with the same command; stop it with:\n"
            f"  ray job stop --address {mask(address)} {job}",
            err=True,
        )
        return 130
    with _answers(address):
        status = str(client.get_job_status(job).value)
    if status == "SUCCEEDED":
        return 0
    click.echo(
        f"error: {job} {status.lower()}. Every finished trial is recorded; fix what the log says, "
        "then run the same command again: it resumes.",
        err=True,
    )
    return 1


def _submit_once(client: Any, address: str, name: str, entrypoint: str, own: Path | None) -> str:
    """Submit the job unless one of that name runs or has succeeded; its own name.

    Args:
        own: the file of a study of somebody's own.
    """
    with _answers(address):
        job, status = _latest(client, name)
    if status is None:
        with runtime_environment(Path.cwd(), own) as environment, _answers(address):
            client.submit_job(entrypoint=entrypoint, submission_id=job, runtime_env=environment)
        click.echo(f"submitted as {job}: {mask(entrypoint)}")
    else:
        click.echo(f"{job} was submitted before (status: {status.lower()}); this is its log")
    return job


@contextmanager
def _answers(address: str) -> Iterator[None]:
    """What Ray's client makes of an answer that is none, or of a connection that breaks off, in one
    sentence."""
    try:
        yield
    except StudyError:
        raise
    except Exception as error:
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise StudyError(
            f"the jobs API at {address} broke off, or does not answer as Ray's does: "
            f"{said[:SHOWN]}\nIs the tunnel open? ray dashboard cluster.yaml; then run the same "
            "command again: it finds a job that was submitted."
        ) from error


def _reach_directly(address: str) -> None:
    """Send nothing that is for this machine, a tunnel's end for example, through a proxy: code and
    the cluster's token would leave it.

    Raises:
        StudyError: the address is none of a jobs API.
    """
    if not address.startswith(("http://", "https://")):
        raise StudyError(
            f"the address of a cluster's jobs API begins with http:// or https://; got {address}. "
            "Leave out --address where the tunnel is open: ray dashboard cluster.yaml"
        )
    with suppress(ValueError):  # no address at all; the client says so
        host = urlsplit(address).hostname or ""
        if host == "localhost" or ip_address(host).is_loopback:
            others = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
            os.environ["no_proxy"] = f"{others},{host}" if others else host


def _client(address: str) -> Any:
    _reach_directly(address)
    if (Path.home() / ".ray/auth_token").exists():
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        import aiohttp  # noqa: F401 - what Ray's client lacks without the extra
        import requests
        from ray.job_submission import JobSubmissionClient
    except ImportError as error:
        raise StudyError(
            "jobs are submitted through the extra `cluster`, which is not installed "
            f'({error}). Install it: pip install ".[cluster]"'
        ) from error
    try:
        # Ray's client waits for ever.
        requests.get(f"{address.rstrip('/')}/api/version", timeout=ANSWERED_WITHIN)
        return JobSubmissionClient(address)
    except (OSError, RuntimeError, ValueError) as error:
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
