import json
from pathlib import Path

import jsonschema
import ray.autoscaler
import yaml

ROOT = Path(__file__).parents[1]
CONFIG = yaml.safe_load((ROOT / "cluster.yaml").read_text())


def test_cluster_yaml_fits_rays_schema():
    schema = Path(ray.autoscaler.__file__).parent / "ray-schema.json"
    jsonschema.validate(CONFIG, json.loads(schema.read_text()))


def test_every_placeholder_is_marked_for_editing():
    lines = (ROOT / "cluster.yaml").read_text().splitlines()
    for word in ("HEAD_ADDRESS", "WORKER_ADDRESS", "SSH_USER"):
        assert all("EDIT" in line for line in lines if word in line), word


def test_ports_stay_on_loopback_and_tokens_are_on():
    head = " ".join(CONFIG["head_start_ray_commands"])
    assert "--dashboard-host=127.0.0.1" in head
    for command in (head, " ".join(CONFIG["worker_start_ray_commands"])):
        assert "RAY_AUTH_MODE=token" in command
        assert "RAY_USAGE_STATS_ENABLED=0" in command
