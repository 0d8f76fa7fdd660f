"""Whether `ray up`, which has no dry run, would work: checks the file, the token and every host.

Each host is asked once, over ssh, by a script that prints what it finds as JSON; everything else
compares these answers with this machine.
"""

import hashlib
import json
import math
import re
import shlex
import stat
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from study.spec.errors import StudyError

PROJECT = "hw3-study"
VENV = "~/hw3-venv"  # made by cluster.yaml's setup commands
SKEW = 2.0  # seconds that clocks may differ
PLACEHOLDER = re.compile(r"\b[A-Z]+_(?:ADDRESS|USER)\b")

# Runs under any Python 3 on the host; what needs the environment is asked of its own Python.
PROBE = r"""
import hashlib, json, os, pathlib, shutil, subprocess, time
found = {"time": time.time()}
venv = pathlib.Path("VENV").expanduser() / "bin/python"
if venv.exists():
    asked = "import json, platform; from importlib.metadata import version as v; " \
        "print(json.dumps([platform.python_version(), v('ray'), v('PROJECT')]))"
    answer = subprocess.run([venv, "-c", asked], capture_output=True, text=True)
    found["versions"] = json.loads(answer.stdout) if not answer.returncode else None
if shutil.which("nvidia-smi"):
    answer = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
    found["gpus"] = answer.stdout.count("GPU ")
token = pathlib.Path("~/.ray/auth_token").expanduser()
if token.exists():
    found["token"] = hashlib.sha256(token.read_bytes().strip()).hexdigest()
    found["token mode"] = token.stat().st_mode & 0o777
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

Level = Literal["ok", "note", "wrong"]


@dataclass(frozen=True)
class Line:
    """One check and its result; `fix` says what to do where it failed."""

    where: str
    what: str
    level: Level
    fact: str
    fix: str = ""


@dataclass(frozen=True)
class Answer:
    """What a host answered, or why it did not.

    Attributes:
        facts: as PROBE prints them.
        error: of ssh; empty where it answered.
        asked, answered: seconds of the clock here.
    """

    facts: Mapping[str, Any]
    error: str
    asked: float
    answered: float


def check_cluster(path: Path, results: str | None, console: Console) -> int:
    """Run every check and print a line for each; the exit code.

    Raises:
        StudyError: the file cannot be read.
    """
    config = load_config(path)
    lines = list(check_config(config))
    lines += check_token(Path.home() / ".ray/auth_token")
    if not any(line.level == "wrong" for line in lines):
        answers = ask_hosts(config, results)
        for host, answer in answers.items():
            lines += check_host(host, answer, token_digest(), results)
        lines += check_shared(answers, results)
    else:
        lines.append(Line("hosts", "all", "note", "not asked: fix the above first"))
    print_lines(lines, console)
    return int(any(line.level == "wrong" for line in lines))


def load_config(path: Path) -> dict[str, Any]:
    """The cluster's description.

    Raises:
        StudyError: there is none, or it is not YAML.
    """
    import yaml

    try:
        config = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise StudyError(f"{path} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise StudyError(
            f"{path} must hold a mapping, as cluster.yaml does; it holds something else"
        )
    return config


def check_config(config: Mapping[str, Any]) -> Iterator[Line]:
    """The file against Ray's schema, and the lines that are still to be edited."""
    import jsonschema
    import ray.autoscaler

    schema = json.loads((Path(ray.autoscaler.__file__).parent / "ray-schema.json").read_text())
    try:
        jsonschema.validate(config, schema)
        yield Line("file", "schema", "ok", "valid")
    except jsonschema.ValidationError as error:
        where = "/".join(str(part) for part in error.absolute_path) or "the whole"
        yield Line("file", "schema", "wrong", f"{where}: {error.message}", "correct that entry")
    left = sorted(set(PLACEHOLDER.findall(json.dumps(config))))
    if left:
        yield Line("file", "EDIT", "wrong", f"not set: {', '.join(left)}", "edit the marked lines")
    else:
        yield Line("file", "EDIT", "ok", "all lines are set")
    if config.get("provider", {}).get("type") != "local":
        yield Line(
            "file", "provider", "wrong", "not local", "this check is for your own hosts only"
        )


def check_token(path: Path) -> Iterator[Line]:
    """The token here, which `ray up` copies to the hosts."""
    if not path.exists():
        yield Line("here", "token", "wrong", f"no {path}", "ray get-auth-token --generate")
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        fix = f"chmod 600 {path}"
        yield Line("here", "token", "wrong", f"others may read it (mode {mode:o})", fix)
    else:
        yield Line("here", "token", "ok", "private")


def token_digest() -> str:
    """Of the token here; never the token itself."""
    token = (Path.home() / ".ray/auth_token").read_bytes().strip()
    return hashlib.sha256(token).hexdigest()


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
    script = PROBE.replace("VENV", VENV).replace("PROJECT", PROJECT).replace("MARK", mark)
    script = script.replace("RESULTS", repr(results))
    asked = time.time()
    answer = _ssh(config, host, f"python3 -c {shlex.quote(script)}")
    if answer.returncode:
        said = answer.stderr.strip().splitlines()
        return Answer(
            {}, said[-1] if said else f"exit code {answer.returncode}", asked, time.time()
        )
    return Answer(json.loads(answer.stdout.splitlines()[-1]), "", asked, time.time())


def _ssh(config: Mapping[str, Any], host: str, command: str) -> subprocess.CompletedProcess[str]:
    auth = config["auth"]
    options = ["-oBatchMode=yes", "-oConnectTimeout=10", "-oStrictHostKeyChecking=accept-new"]
    if key := auth.get("ssh_private_key"):
        options += ["-i", str(Path(key).expanduser())]
    target = f"{auth['ssh_user']}@{host}"
    return subprocess.run(
        ["ssh", *options, target, command], capture_output=True, text=True, check=False
    )


def check_host(host: str, answer: Answer, token: str, results: str | None) -> Iterator[Line]:
    """What one host said against what is here.

    Args:
        token: digest of the token here.
        results: the path that was tried, None for none.
    """
    if answer.error:
        fix = "log in by ssh with the user and key of the file"
        yield Line(host, "ssh", "wrong", answer.error, fix)
        return
    facts = answer.facts
    yield Line(host, "ssh", "ok", "can log in")
    yield _versions(host, facts)
    gpus = facts.get("gpus")
    yield Line(host, "GPUs", "ok" if gpus else "note", str(gpus or "none: trains on CPU cores"))
    yield _clock(host, answer)
    if "token" not in facts:
        yield Line(host, "token", "note", "not there yet: ray up copies it")
    elif facts["token"] != token:
        yield Line(host, "token", "wrong", "differs from the one here", "ray up copies this one")
    elif facts["token mode"] & 0o077:
        yield Line(host, "token", "wrong", "others may read it", "chmod 600 ~/.ray/auth_token")
    else:
        yield Line(host, "token", "ok", "the same as here, private")
    if results:
        if facts["writes"] is True:
            yield Line(host, "results", "ok", f"{results} is writable")
        else:
            fix = "mount it there, writable for the user"
            yield Line(host, "results", "wrong", str(facts["writes"]), fix)


def _versions(host: str, facts: Mapping[str, Any]) -> Line:
    here = [python_version(), metadata.version("ray"), metadata.version(PROJECT)]
    names = ("Python", "Ray", PROJECT)
    if "versions" not in facts:
        return Line(host, "versions", "note", "not installed yet: ray up does it")
    if facts["versions"] is None:
        return Line(host, "versions", "wrong", f"{VENV} is incomplete", f"rm -r {VENV}; ray up")
    others = [
        f"{name} {there}, here {own}"
        for name, there, own in zip(names, facts["versions"], here, strict=True)
        if there != own
    ]
    if others:
        return Line(
            host, "versions", "wrong", "; ".join(others), "install the same version on all hosts"
        )
    return Line(host, "versions", "ok", ", ".join(map(" ".join, zip(names, here, strict=True))))


def _clock(host: str, answer: Answer) -> Line:
    """The host read its clock at some moment between question and answer."""
    there = answer.facts["time"]
    skew = max(answer.asked - there, there - answer.answered, 0.0)
    if skew > SKEW:
        shown = f"{math.ceil(skew)} s off"
        return Line(host, "clock", "wrong", shown, "synchronise it: timedatectl set-ntp true")
    return Line(host, "clock", "ok", f"within {SKEW:g} s of this machine's")


def check_shared(answers: Mapping[str, Answer], results: str | None) -> Iterator[Line]:
    """Whether all hosts that answered saw the mark that the head left in the results folder."""
    if not results:
        yield Line("hosts", "results", "note", "not tested: give the path with --results")
        return
    blind = [host for host, a in answers.items() if not a.error and not a.facts["sees"]]
    if blind:
        fix = "mount the same file system at that path on every host, or use s3://…"
        yield Line("hosts", "results", "wrong", f"not the same folder on {', '.join(blind)}", fix)
    else:
        yield Line("hosts", "results", "ok", f"{results} is shared by all")


def print_lines(lines: list[Line], console: Console) -> None:
    signs = {"ok": "[green]✓[/green]", "note": "–", "wrong": "[red]✗[/red]"}
    table = Table.grid(padding=(0, 2))
    for line in lines:
        fact = f"{line.fact}. {line.fix}" if line.fix else line.fact
        table.add_row(signs[line.level], line.where, line.what, fact)
    console.print(table, highlight=False)
