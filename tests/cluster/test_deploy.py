"""The ways to get a cluster, each against its schema; their command lines against the real ones."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import ray.autoscaler
import yaml

from study.__main__ import find_study
from study.cli.command import command
from study.cluster.check import PLACEHOLDER

ROOT = Path(__file__).parents[2]
CLUSTERS = ("cluster.yaml", "deploy/aws.yaml")
ALL = (*CLUSTERS, "deploy/kuberay.yaml", "deploy/slurm.sh")
SHELL = "deploy/slurm.sh"


def load(name):
    return yaml.safe_load((ROOT / name).read_text())


@pytest.mark.parametrize("name", CLUSTERS)
def test_a_cluster_fits_rays_schema(name):
    schema = Path(ray.autoscaler.__file__).parent / "ray-schema.json"
    jsonschema.validate(load(name), json.loads(schema.read_text()))


def test_the_rayjob_fits_its_resources_fields():
    schema = load("tests/rayjob_schema.yaml")
    job = load("deploy/kuberay.yaml")
    jsonschema.validate(job, schema)
    job["spec"]["shutdownAfterJobFinished"] = True  # one letter off
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(job, schema)


def test_the_rayjobs_head_reports_nothing():
    """Settings of the job come too late for it."""
    group = load("deploy/kuberay.yaml")["spec"]["rayClusterSpec"]["headGroupSpec"]
    (container,) = group["template"]["spec"]["containers"]
    assert {"name": "RAY_USAGE_STATS_ENABLED", "value": "0"} in container["env"]
    assert {"name": "RAY_USAGE_STATS_REPORT_URL", "value": ""} in container["env"]


def test_the_shell_script_is_sound():
    subprocess.run(["bash", "-n", ROOT / SHELL], check=True)
    subprocess.run([Path(sys.executable).with_name("shellcheck"), ROOT / SHELL], check=True)


@pytest.mark.parametrize("name", ALL)
def test_every_placeholder_is_marked_for_editing(name):
    lines = (ROOT / name).read_text().splitlines()
    words = r"\b(?:[A-Z]+_(?:ADDRESS|USER|ID|ARN)|BUCKET|IMAGE)\b"
    left = [line for line in lines if re.search(words, line) and not line.lstrip().startswith("#")]
    assert all("EDIT" in line for line in left)
    if name == "cluster.yaml":
        assert {"HEAD_ADDRESS", "WORKER_ADDRESS", "SSH_USER"} == set(
            PLACEHOLDER.findall((ROOT / name).read_text())
        )


@pytest.mark.parametrize("name", CLUSTERS)
def test_tokens_are_on_and_ports_on_loopback_or_off(name):
    config = load(name)
    head = " ".join(config["head_start_ray_commands"])
    worker = " ".join(config["worker_start_ray_commands"])
    assert "--dashboard-host=127.0.0.1" in head
    assert "AUTOSCALER_METRIC_PORT=-1 DASHBOARD_METRIC_PORT=-1" in head
    assert "RAY_USAGE_STATS_REPORT_URL= " in head
    for started in (head, worker):
        for setting in (
            "RAY_AUTH_MODE=token",
            "RAY_USAGE_STATS_ENABLED=0",
            "RAY_enable_metrics_collection=0",
        ):
            assert setting in started
    assert config["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"
    assert "chmod 600 ~/.ray/auth_token" in config["setup_commands"]


@pytest.mark.parametrize("name", CLUSTERS)
def test_only_what_is_installed_goes_to_the_hosts(name):
    """Ray reads every file of a mounted folder, also those that it then leaves out."""
    mounts = load(name)["file_mounts"]
    project = {host: here for host, here in mounts.items() if host.startswith("~/hw3-study")}
    assert set(project.values()) == {"hw3", "study", "pyproject.toml", "README.md"}
    assert all(host == f"~/hw3-study/{here}" for host, here in project.items())


def study_commands():
    """(file, task, its options) of each command line in the files and in the pages."""
    for name in (*ALL, "README.md", "docs/how-to/cluster.md"):
        text = (ROOT / name).read_text().replace("\\\n#", " ").replace("\\\n", " ")
        for task, options in re.findall(
            r"(?:python -m study\.|study submit |sbatch deploy/slurm\.sh )(task_[a-c])([^`\n]*)",
            text,
        ):
            if "…" not in options and "->" not in options:
                yield name, task, shlex.split(options.split(" > ")[0], comments=True)


@pytest.mark.parametrize(("name", "task", "options"), list(study_commands()))
def test_every_command_line_is_one_that_the_study_takes(name, task, options):
    here = [re.sub("^s3:/", "", option) for option in options if option not in ("--help", "-h")]
    command(find_study(task)).make_context(task, here)


def test_commands_were_found_in_every_file():
    assert {name for name, *_ in study_commands()} >= set(ALL)
