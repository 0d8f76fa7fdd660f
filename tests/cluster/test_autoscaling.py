"""A cluster that grows: trials that wait ask for hosts, and idle hosts are given back.

The hosts are Ray's own stand-ins for those of a cloud; all of it runs on a computer of its own,
because Ray's stand-ins are many processes on one machine.
"""

import json

import pytest

from tests.hosts import PROJECT, lab, missing, stop, wait_until

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.xdist_group("cluster"),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]
# As Ray's stand-ins call it. By another name the autoscaler finds no head, and starts and ends one
# every few seconds.
HEAD = "ray.head.default"
CONFIG = {
    "cluster_name": "growing",
    "max_workers": 2,
    "idle_timeout_minutes": 0.1,
    "provider": {
        "type": "fake_multinode",
        "use_node_id_as_ip": True,
        "disable_node_updaters": True,
        "disable_launch_config_check": True,
    },
    "available_node_types": {
        HEAD: {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
        "worker": {"resources": {"CPU": 1}, "node_config": {}, "max_workers": 2},
    },
    "head_node_type": HEAD,
    "auth": {},
    "upscaling_speed": 1.0,
    "file_mounts": {},
    "file_mounts_sync_continuously": False,
} | {
    # Ray wants them all, though its stand-ins are set up by nothing.
    name: []
    for name in (
        "cluster_synced_files",
        "initialization_commands",
        "setup_commands",
        "head_setup_commands",
        "worker_setup_commands",
        "head_start_ray_commands",
        "worker_start_ray_commands",
        "rsync_exclude",
        "rsync_filter",
    )
}
START = (
    "RAY_FAKE_CLUSTER=1 RAY_enable_autoscaler_v2=0 AUTOSCALER_UPDATE_INTERVAL_S=1 "
    "ray start --head --num-cpus=0 --object-store-memory=200000000 "
    "--autoscaling-config=~/growing.json"
)


def test_hosts_come_when_trials_wait_and_go_when_they_are_idle():
    with lab(()) as made:
        computer = made.laptop
        (computer.root / "home/growing.json").write_text(json.dumps(CONFIG))
        computer.run(START)

        def workers():
            nodes = json.loads(computer.run("ray list nodes --format json 2>/dev/null"))
            return sum(n["state"] == "ALIVE" and not n["is_head_node"] for n in nodes)

        # Ray takes a core for a second or two to answer: it is asked once it has the processes.
        def raylets():
            return int(computer.run("pgrep -cx raylet")) - 1  # the head has one, too

        wait_until(lambda: workers() == 0, 60)  # the head is not known for one at once
        # Longer than hosts need to come on any machine: it is interrupted once they are there.
        command = "python -m tests.small_study --profile smoke --address auto --results ~/r"
        command += " --max-concurrent 2"
        study = computer.open(f"{command} --epochs 100000", PROJECT)
        try:
            wait_until(lambda: raylets() == 2 or study.poll() is not None, 300)
            wait_until(lambda: workers() == 2 or study.poll() is not None, 60)
            # Status 1: there is none, the study ended by itself. Not SIGINT, which is ignored
            # by whatever a shell started in the background.
            computer.open("pkill -TERM -f '[t]ests.small_study'").communicate()
            output, _ = study.communicate(timeout=60)
        finally:
            stop(study)
        assert study.returncode == 143, output
        assert "report: " in computer.run(f"{command} --epochs 1 --trials 1", PROJECT, 200)
        wait_until(lambda: raylets() == 0, 120)
        wait_until(lambda: workers() == 0, 60)
