"""What every host says of itself: one question over ssh, and an answer that is looked at."""

import shlex
import subprocess
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from study.store.reading import Damaged, parse_json, read_record

PROJECT = "hw3-study"
VENV = "~/hw3-venv"  # made by cluster.yaml's setup commands
PATIENCE = 60.0  # seconds for a host's answer
SHOWN = 500  # characters of an error of a host's

# Runs under any Python 3 on the host; what needs the environment is asked of its own Python.
PROBE = r"""
import hashlib, json, os, pathlib, shutil, subprocess, time
found = {"time": time.time()}
venv = pathlib.Path("VENV").expanduser() / "bin/python"
if venv.exists():
    asked = "import json, platform; from importlib.metadata import version as v; " \
        "print(json.dumps([platform.python_version(), v('ray'), v('PROJECT')]))"
    answer = subprocess.run([venv, "-c", asked], capture_output=True, text=True)
    found["versions"] = json.loads(answer.stdout) if not answer.returncode else []
if shutil.which("nvidia-smi"):
    answer = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
    found["gpus"] = answer.stdout.count("GPU ")
token = pathlib.Path("~/.ray/auth_token").expanduser()
if token.exists():
    found["token"] = hashlib.sha256(token.read_bytes().strip()).hexdigest()
    found["token_mode"] = token.stat().st_mode & 0o777
results = RESULTS
if results:
    probe = pathlib.Path(results) / "MARK"
    try:
        found["sees"] = probe.exists()
        own = probe.with_name(probe.name + "-" + os.uname().nodename)
        own.touch()
        own.unlink()
        found["writes"] = True
    except OSError as error:
        found["writes"] = str(error)
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Facts:
    """What PROBE prints; None or empty for what is not there.

    Attributes:
        time: seconds of the host's clock.
        versions: of Python, Ray and the project in the host's environment; empty where that is
            incomplete, None where there is none.
        gpus: how many.
        token: its digest.
        token_mode: its permissions.
        sees: whether the host saw the mark in the results folder.
        writes: whether it can write there, or why not.
    """

    time: float
    versions: tuple[str, str, str] | tuple[()] | None = None
    gpus: int = 0
    token: str | None = None
    token_mode: int = 0
    sees: bool = False
    writes: bool | str = False


@dataclass(frozen=True)
class Answer:
    """What a host answered, or why it did not.

    Attributes:
        facts: None where it did not answer as asked.
        error: why; empty where it did.
        asked, answered: seconds of the clock here.
    """

    facts: Facts | None
    error: str
    asked: float
    answered: float


def hosts_of(config: Mapping[str, Any]) -> list[str]:
    """The addresses of head and workers, the head first."""
    provider = config["provider"]
    return [provider["head_ip"], *provider.get("worker_ips", [])]


def ask_hosts(config: Mapping[str, Any], results: str | None) -> dict[str, Answer]:
    """Every host's answer; the head first, for it leaves the mark that the others look for."""
    mark = f".seen-{uuid.uuid4().hex}"
    head, *workers = hosts_of(config)
    place = f"{results}/{mark}" if results else None
    if place:
        _ssh(config, head, f"touch {shlex.quote(place)}")
    try:
        with ThreadPoolExecutor(max_workers=16) as pool:
            asked = pool.map(lambda host: ask_host(config, host, results, mark), [head, *workers])
            return dict(zip([head, *workers], asked, strict=True))
    finally:
        if place:
            _ssh(config, head, f"rm -f {shlex.quote(place)}")


def ask_host(config: Mapping[str, Any], host: str, results: str | None, mark: str) -> Answer:
    """What the host says; whatever else it prints, or that it says nothing, is an error."""
    script = PROBE.replace("VENV", VENV).replace("PROJECT", PROJECT).replace("MARK", mark)
    script = script.replace("RESULTS", repr(results))
    asked = time.time()
    error, facts = "", None
    answer = _ssh(config, host, f"python3 -c {shlex.quote(script)}")
    if answer.returncode:
        said = answer.stderr.strip().splitlines()
        error = said[-1][:SHOWN] if said else f"exit code {answer.returncode}"
    else:
        try:
            facts = _read_facts(answer.stdout)
        except Damaged as damage:
            error = f"it did not answer as asked: what it printed {damage}"
    return Answer(facts, error, asked, time.time())


def _read_facts(printed: str) -> Facts:
    """The facts on the last line of what a host printed; a shell's greeting may come before."""
    lines = printed.strip().splitlines()
    if not lines:
        raise Damaged("is nothing")
    return read_record(Facts, parse_json(lines[-1]))


def _ssh(config: Mapping[str, Any], host: str, command: str) -> subprocess.CompletedProcess[str]:
    """What ssh answers; that it cannot be run, or takes longer than PATIENCE, is its failure."""
    auth = config["auth"]
    options = ["-oBatchMode=yes", "-oConnectTimeout=10", "-oStrictHostKeyChecking=accept-new"]
    if key := auth.get("ssh_private_key"):
        options += ["-i", str(Path(key).expanduser())]
    # After -- nothing of the file is taken for an option, which could run a command here.
    line = ["ssh", *options, "--", f"{auth['ssh_user']}@{host}", command]
    try:
        return subprocess.run(
            line,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(line, 255, "", f"no answer within {PATIENCE:.0f} s")
    except (OSError, ValueError) as error:  # ValueError of a null character
        reason = getattr(error, "strerror", None) or error
        return subprocess.CompletedProcess(line, 255, "", f"ssh cannot be run: {reason}")
