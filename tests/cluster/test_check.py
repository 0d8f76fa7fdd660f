"""The dry run before `ray up`, judged on made answers; `tests/test_hosts.py` asks real hosts."""

import os
import time
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from study.__main__ import main
from study.cluster.check import Answer, check_config, check_host, check_shared, check_token

ROOT = Path(__file__).parents[2]
FACTS = {
    "time": 1000.5,
    "gpus": 2,
    "token": "digest",
    "token mode": 0o600,
    "sees": True,
    "writes": True,
}


def answered(**facts):
    known = {name: value for name, value in (FACTS | facts).items() if value != "nothing"}
    return Answer(known, "", 1000.0, 1001.0)


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
        ({"token mode": 0o644}, "token", "others may read it"),
        ({"writes": "Permission denied"}, "results", "Permission denied"),
        ({"versions": ["3.11.0", "2.59.0", "0.1.0"]}, "versions", "Ray 2.59.0, here 2.6"),
        ({"versions": None}, "versions", "incomplete"),
    ],
)
def test_what_is_wrong_with_a_host_is_said_with_its_fix(facts, what, said):
    found = wrong(check_host("gpu1", answered(**facts), "digest", "/shared"))
    assert list(found) == [("gpu1", what)]
    assert said in found["gpu1", what].fact and found["gpu1", what].fix


def test_a_clock_within_the_answers_time_is_right():
    assert not wrong(check_host("gpu1", answered(time=1003.0), "digest", None))


def test_what_ray_up_will_bring_is_a_note():
    lines = list(check_host("gpu1", answered(token="nothing"), "digest", None))
    notes = {line.what for line in lines if line.level == "note"}
    assert {"token", "versions"} <= notes and not wrong(lines)


def test_a_host_that_lets_nobody_in_is_one_line():
    lines = list(check_host("gpu1", Answer({}, "Permission denied", 0, 1), "digest", None))
    assert [(line.what, line.fact) for line in lines] == [("ssh", "Permission denied")]


def test_a_host_with_another_folder_at_the_path_is_named():
    answers = {"gpu1": answered(), "gpu2": answered(sees=False)}
    (line,) = wrong(check_shared(answers, "/shared")).values()
    assert "gpu2" in line.fact and "gpu1" not in line.fact


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


def test_nothing_of_a_token_is_printed(tmp_path):
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray/auth_token").write_text("very-secret")
    os.chmod(tmp_path / ".ray/auth_token", 0o600)
    config = yaml.safe_load((ROOT / "cluster.yaml").read_text())
    config["provider"] |= {"head_ip": "127.0.0.1", "worker_ips": []}
    config["auth"] = {"ssh_user": "nobody", "ssh_private_key": str(tmp_path / "none")}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    begun = time.monotonic()
    answer = CliRunner().invoke(
        main, ["cluster", "check", str(tmp_path / "c.yaml")], env={"HOME": str(tmp_path)}
    )
    assert answer.exit_code == 1 and "very-secret" not in answer.output
    assert "ssh" in answer.output and time.monotonic() - begun < 60
