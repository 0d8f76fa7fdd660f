"""The dry run before `ray up`, judged on made answers; `tests/test_hosts.py` asks real hosts."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from study.__main__ import main
from study.cluster.check import check_config, check_gpus, check_host, check_shared, check_token
from study.cluster.hosts import Answer, Facts

ROOT = Path(__file__).parents[2]
FACTS = Facts(time=1000.5, gpus=2, token="digest", token_mode=0o600, sees=True, writes=True)


def answered(**facts):
    return Answer(replace(FACTS, **facts), "", 1000.0, 1001.0)


def wrong(lines):
    return {(line.where, line.what): line for line in lines if line.level == "wrong"}


def test_a_host_as_it_should_be_has_nothing_wrong():
    assert not wrong(check_host("gpu1", answered(), "digest", "/shared"))
    assert not wrong(check_shared({"gpu1": answered(), "gpu2": answered()}, "/shared"))


@pytest.mark.parametrize(
    ("facts", "what", "said"),
    [
        ({"time": 990.0}, "clock", "10 s off"),
        ({"time": 1010.0}, "clock", "9 s off"),
        ({"token": "other"}, "token", "differs"),
        ({"token_mode": 0o644}, "token", "others may read it"),
        ({"writes": "Permission denied"}, "results", "Permission denied"),
        ({"versions": ("3.11.0", "2.59.0", "0.1.0")}, "versions", "Ray 2.59.0, here 2.6"),
        ({"versions": ()}, "versions", "incomplete"),
    ],
)
def test_what_is_wrong_with_a_host_is_said_with_its_fix(facts, what, said):
    found = wrong(check_host("gpu1", answered(**facts), "digest", "/shared"))
    assert list(found) == [("gpu1", what)]
    assert said in found["gpu1", what].fact and found["gpu1", what].fix


def test_a_clock_within_the_answers_time_is_right():
    assert not wrong(check_host("gpu1", answered(time=1003.0), "digest", None))


def test_what_ray_up_will_bring_is_a_note():
    lines = list(check_host("gpu1", answered(token=None), "digest", None))
    notes = {line.what for line in lines if line.level == "note"}
    assert {"token", "versions"} <= notes and not wrong(lines)


def test_a_host_that_lets_nobody_in_is_one_line():
    lines = list(check_host("gpu1", Answer(None, "Permission denied", 0, 1), "digest", None))
    assert [(line.what, line.fact) for line in lines] == [("ssh", "Permission denied")]


def test_a_host_with_another_folder_at_the_path_is_named():
    answers = {"gpu1": answered(), "gpu2": answered(sees=False)}
    (line,) = wrong(check_shared(answers, "/shared")).values()
    assert "gpu2" in line.fact and "gpu1" not in line.fact


@pytest.mark.parametrize(
    ("gpus", "said"),
    [
        ([4, 4], "8 GPUs on 2 hosts: 8 trials at a time"),
        ([0, 1], "1 GPU on 1 of 2 hosts: 1 trial at a time"),
        ([2], "2 GPUs: 2 trials at a time"),
        ([4, None], "4 GPUs: 4 trials at a time"),  # the other does not answer
        ([0, 0], None),
        ([None], None),
    ],
)
def test_one_line_says_how_many_trials_the_gpus_of_all_hosts_take(gpus, said):
    silent = Answer(None, "Permission denied", 0, 1)
    answers = {
        f"gpu{number}": silent if count is None else answered(gpus=count)
        for number, count in enumerate(gpus)
    }
    facts = [line.fact.partition(" with")[0] for line in check_gpus(answers)]
    assert facts == ([said] if said else [])


def test_the_file_as_it_comes_is_still_to_be_edited():
    config = yaml.safe_load((ROOT / "cluster.yaml").read_text())
    found = wrong(check_config(config))
    assert "HEAD_ADDRESS, SSH_USER, WORKER_ADDRESS" in found["file", "EDIT"].fact
    assert ("file", "schema") not in found
    assert ("file", "schema") in wrong(check_config({"provider": {"type": "local"}}))


@pytest.mark.parametrize(("mode", "right"), [(0o600, True), (0o644, False), (0o640, False)])
def test_a_token_must_be_private(tmp_path, mode, right):
    token = tmp_path / "auth_token"
    assert wrong(check_token(token))["here", "token"].fix == "ray get-auth-token --generate"
    token.write_text("secret")
    token.chmod(mode)
    assert bool(wrong(check_token(token))) is not right


def test_the_command_says_what_is_wrong_and_asks_no_host_before_it_is_mended(tmp_path):
    answer = CliRunner().invoke(
        main, ["cluster", "check", str(ROOT / "cluster.yaml")], env={"HOME": str(tmp_path)}
    )
    assert answer.exit_code == 1
    assert "HEAD_ADDRESS" in answer.output and "not asked" in answer.output
    answer = CliRunner().invoke(main, ["cluster", "check", str(tmp_path / "none.yaml")])
    assert answer.exit_code == 1 and "cannot be read" in answer.output


@pytest.fixture
def check_hosts(tmp_path):
    """Checks a cluster of one host, in a home with a token; what is printed."""
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray/auth_token").write_text("very-secret")
    os.chmod(tmp_path / ".ray/auth_token", 0o600)
    config = yaml.safe_load((ROOT / "cluster.yaml").read_text())
    config["provider"] |= {"head_ip": "127.0.0.1", "worker_ips": []}
    config["auth"] = {"ssh_user": "nobody", "ssh_private_key": str(tmp_path / "none")}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))

    def check(**environment):
        arguments = ["cluster", "check", str(tmp_path / "c.yaml"), "--results", "/shared"]
        env = {"HOME": str(tmp_path), "COLUMNS": "200", **environment}
        answer = CliRunner().invoke(main, arguments, env=env)
        assert answer.exit_code == 1
        assert answer.exception is None or isinstance(answer.exception, SystemExit)
        return answer.output

    return check


SAID = {
    "nothing": b"",
    "blank lines": b"\n\n",
    "a list": b"[]",
    "an empty object": b"{}",
    "a number": b"42",
    "a time that is none": b'{"time": NaN}',
    "markup": b'{"time": "[red]now[/red][/]"}',
    "broken markup": b"[/bold][red",
    "control characters": b'{"time": "\x1b[2J"}',
    "no text": b"\xff\xfe\x00",
    "a depth": b"[" * 100_000,
    "a mode that is none": b'{"time": 1, "token": "x", "token_mode": "0600"}',
    "versions that are none": b'{"time": 1, "versions": ["3"]}',
}


def put_ssh(folder, script):
    """Have a command `ssh` on the PATH of the environment that is returned."""
    (folder / "bin").mkdir()
    (folder / "bin/ssh").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "bin/ssh").chmod(0o755)
    return f"{folder}/bin:{os.environ['PATH']}"


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_a_host_that_does_not_answer_as_asked_is_one_line(check_hosts, tmp_path, said):
    (tmp_path / "said").write_bytes(said)
    printed = check_hosts(PATH=put_ssh(tmp_path, f"cat '{tmp_path}/said'"))
    (line,) = (line for line in printed.splitlines() if "127.0.0.1" in line)
    assert "did not answer as asked" in line
    assert "\x1b" not in printed


@pytest.mark.parametrize("said", ["[red]no[/red] entry[/]", "", r"\033[2Jno"])
def test_what_ssh_says_is_shown_as_it_is(check_hosts, tmp_path, said):
    path = put_ssh(tmp_path, f"printf '%b' '{said}' >&2; exit 255")
    printed = check_hosts(PATH=path)
    assert (said.replace(r"\033", r"\x1b") or "exit code 255") in printed
    assert "\x1b" not in printed


def test_the_gpus_of_all_hosts_come_after_what_each_has(check_hosts, tmp_path):
    facts = json.dumps({"time": 1000.5, "gpus": 4})
    printed = check_hosts(PATH=put_ssh(tmp_path, f"echo '{facts}'"))
    each, everywhere = (line for line in printed.splitlines() if "GPUs" in line)
    assert "127.0.0.1" in each
    assert "4 GPUs: 4 trials at a time with one GPU each, more with --gpus-per-trial" in everywhere


def test_without_ssh_every_host_is_one_line(check_hosts, tmp_path):
    assert "ssh cannot be run" in check_hosts(PATH=str(tmp_path))


def test_a_host_that_takes_too_long_is_one_line(check_hosts, tmp_path, monkeypatch):
    monkeypatch.setattr("study.cluster.hosts.PATIENCE", 0.2)
    assert "no answer within" in check_hosts(PATH=put_ssh(tmp_path, "exec sleep 60"))


def test_nothing_of_the_file_is_an_option_of_ssh(check_hosts, tmp_path):
    """And ssh reads nothing of what is typed."""
    script = f'while [ "$1" != -- ]; do shift; done; echo "$2" >> {tmp_path}/asked; cat >&2; exit 1'
    assert "exit code 1" in check_hosts(PATH=put_ssh(tmp_path, script))
    assert set((tmp_path / "asked").read_text().split()) == {"nobody@127.0.0.1"}


def test_an_endless_line_of_a_host_is_cut(check_hosts, tmp_path):
    script = "head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1"
    assert len(check_hosts(PATH=put_ssh(tmp_path, script))) < 10_000


BOMB = "a: &a [x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
UNREADABLE = {
    "no text": b"\xff\xfe\x00",
    "a depth": b"a: " + b"[" * 5000 + b"]" * 5000,
    "a circle": b"a: &a {b: *a}",
    "a bomb": BOMB.encode(),
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_is_no_description_is_one_error(tmp_path, content):
    (tmp_path / "c.yaml").write_bytes(content)
    answer = CliRunner().invoke(main, ["cluster", "check", str(tmp_path / "c.yaml")])
    assert answer.exit_code == 1 and answer.output.startswith("error: ")


@pytest.mark.parametrize(("section", "name"), [("provider", "head_ip"), ("auth", "ssh_user")])
def test_an_entry_that_is_needed_to_ask_a_host_is_missed(section, name):
    config = yaml.safe_load((ROOT / "cluster.yaml").read_text())
    del config[section][name]
    assert f"no {name}" in [line.fact for line in check_config(config)]


def test_nothing_of_a_token_is_printed(check_hosts):
    begun = time.monotonic()
    printed = check_hosts()
    assert "very-secret" not in printed and "ssh" in printed
    assert time.monotonic() - begun < 60
