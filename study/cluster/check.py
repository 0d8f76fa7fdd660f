"""Whether `ray up`, which has no dry run, would work: checks the file, the token and every host.

Each host is asked once (`study.cluster.hosts`); everything else compares these answers with this
machine.
"""

import hashlib
import json
import math
import re
import stat
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

from rich.console import Console

from hw3.text import count_of
from study.cluster.hosts import PROJECT, VENV, Answer, ask_hosts
from study.cluster.lines import Line, print_lines
from study.cluster.resources import describe_gpus
from study.spec.errors import StudyError

SKEW = 2.0  # seconds that clocks may differ
MAX_ENTRIES = 10_000  # of a cluster's description
NEEDED = (("provider", "head_ip"), ("auth", "ssh_user"))  # Ray's schema asks for neither
PLACEHOLDER = re.compile(r"\b[A-Z]+_(?:ADDRESS|USER)\b")


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
        lines += [*check_gpus(answers), *check_shared(answers, results)]
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
    except RecursionError:
        raise StudyError(f"{path} cannot be read: it is nested too deeply") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StudyError(f"{path} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise StudyError(
            f"{path} must hold a mapping, as cluster.yaml does; it holds something else"
        )
    _check_entries(path, config)
    return config


def _check_entries(path: Path, config: dict[str, Any]) -> None:
    """Refuse a description without end: aliases may make much of a little, or lead in a circle."""
    waiting, count = [config], 0
    while waiting:
        value = waiting.pop()
        nested = value.values() if isinstance(value, dict) else value
        waiting += [one for one in nested if isinstance(one, (dict, list))]
        count += len(value) + 1
        if count > MAX_ENTRIES:
            raise StudyError(f"{path} has more than {MAX_ENTRIES} entries, its aliases included")


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
    left = sorted(set(PLACEHOLDER.findall(json.dumps(config, default=str))))
    if left:
        yield Line("file", "EDIT", "wrong", f"not set: {', '.join(left)}", "edit the marked lines")
    else:
        yield Line("file", "EDIT", "ok", "all lines are set")
    provider = config.get("provider")
    if not isinstance(provider, dict) or provider.get("type") != "local":
        yield Line(
            "file", "provider", "wrong", "not local", "this check is for your own hosts only"
        )
    for section, name in NEEDED:
        entries = config.get(section)
        if not isinstance(entries, dict) or not entries.get(name):
            yield Line("file", section, "wrong", f"no {name}", "see cluster.yaml as it came")


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


def check_host(host: str, answer: Answer, token: str, results: str | None) -> Iterator[Line]:
    """What one host said against what is here.

    Args:
        token: digest of the token here.
        results: the path that was tried, None for none.
    """
    facts = answer.facts
    if facts is None:
        fix = "log in by ssh with the user and key of the file"
        yield Line(host, "ssh", "wrong", answer.error, fix)
        return
    yield Line(host, "ssh", "ok", "can log in")
    yield _versions(host, facts.versions)
    shown = str(facts.gpus or "none: trains on CPU cores")
    yield Line(host, "GPUs", "ok" if facts.gpus else "note", shown)
    yield _clock(host, facts.time, answer)
    if facts.token is None:
        yield Line(host, "token", "note", "not there yet: ray up copies it")
    elif facts.token != token:
        yield Line(host, "token", "wrong", "differs from the one here", "ray up copies this one")
    elif facts.token_mode & 0o077:
        yield Line(host, "token", "wrong", "others may read it", "chmod 600 ~/.ray/auth_token")
    else:
        yield Line(host, "token", "ok", "the same as here, private")
    if results:
        if facts.writes is True:
            yield Line(host, "results", "ok", f"{results} is writable")
        else:
            fix = "mount it there, writable for the user"
            yield Line(host, "results", "wrong", str(facts.writes), fix)


def _versions(host: str, there: tuple[str, ...] | None) -> Line:
    here = [python_version(), metadata.version("ray"), metadata.version(PROJECT)]
    names = ("Python", "Ray", PROJECT)
    if there is None:
        return Line(host, "versions", "note", "not installed yet: ray up does it")
    if not there:
        return Line(host, "versions", "wrong", f"{VENV} is incomplete", f"rm -r {VENV}; ray up")
    others = [
        f"{name} {other}, here {own}"
        for name, other, own in zip(names, there, here, strict=True)
        if other != own
    ]
    if others:
        return Line(
            host, "versions", "wrong", "; ".join(others), "install the same version on all hosts"
        )
    return Line(host, "versions", "ok", ", ".join(map(" ".join, zip(names, here, strict=True))))


def _clock(host: str, there: float, answer: Answer) -> Line:
    """The host read its clock at some moment between question and answer."""
    skew = max(answer.asked - there, there - answer.answered, 0.0)
    if skew > SKEW:
        shown = f"{math.ceil(skew)} s off"
        return Line(host, "clock", "wrong", shown, "synchronise it: timedatectl set-ntp true")
    return Line(host, "clock", "ok", f"within {SKEW:g} s of this machine's")


def check_gpus(answers: Mapping[str, Answer]) -> Iterator[Line]:
    """How many GPUs all hosts that answered have; nothing where they have none."""
    gpus = [answer.facts.gpus for answer in answers.values() if answer.facts is not None]
    if any(gpus):
        trials = f"{count_of(sum(gpus), 'trial')} at a time with one GPU each"
        fact = f"{describe_gpus(gpus)}: {trials}, more with --gpus-per-trial below 1"
        yield Line("hosts", "GPUs", "ok", fact)


def check_shared(answers: Mapping[str, Answer], results: str | None) -> Iterator[Line]:
    """Whether all hosts that answered saw the mark that the head left in the results folder."""
    if not results:
        yield Line("hosts", "results", "note", "not tested: give the path with --results")
        return
    sees = {host: a.facts.sees for host, a in answers.items() if a.facts is not None}
    blind = [host for host in sees if not sees[host]]
    if not sees:
        yield Line("hosts", "results", "note", "not tested: no host answered")
    elif blind:
        fix = "mount the same file system at that path on every host, or use s3://…"
        yield Line("hosts", "results", "wrong", f"not the same folder on {', '.join(blind)}", fix)
    else:
        yield Line("hosts", "results", "ok", f"{results} is shared by all")
