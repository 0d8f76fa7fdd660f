"""Nothing leaves the machine, nor a cluster's hosts: every packet and every question for a name is
seen where Ray runs."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cluster.test_hosts import Cluster, finish
from tests.hosts import PREFIX, PROJECT, Host, lab, missing, stop, wait_until

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.xdist_group("cluster"),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]
# Prints the destination of each IP packet that leaves through a network card, and answers the
# host's questions for names, which it prints too: there is no such name.
WATCH = """
import select, socket

def name_in(question):
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode())
        at += 1 + question[at]
    return ".".join(labels), question[12 : at + 5]

packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(("127.0.0.1", 53))
print("watching", flush=True)
while True:
    for source in select.select([packets, names], [], [])[0]:
        content, origin = source.recvfrom(65536)
        if source is names:
            name, asked = name_in(content)
            print("name", name, flush=True)
            none = b"\\x81\\x83\\0\\1" + bytes(6)
            source.sendto(content[:2] + none + asked, origin)
            continue
        card, protocol, kind = origin[:3]
        if card != "lo" and kind == socket.PACKET_OUTGOING and protocol in (0x0800, 0x86DD):
            if protocol == 0x86DD:
                to = socket.inet_ntop(socket.AF_INET6, content[24:40])
            else:
                to = socket.inet_ntop(socket.AF_INET, content[16:20])
            print("packet", to, flush=True)
"""
# A way out for whatever wants to leave, with nobody at its end.
WAY_OUT = """
ip link add out type veth peer name nowhere address 02:00:00:00:01:01
ip link set nowhere addrgenmode none up
ip link set out addrgenmode none up
ip addr add 192.168.7.2/24 dev out
ip neigh add 192.168.7.1 lladdr 02:00:00:00:01:01 dev out
ip route add default via 192.168.7.1
""".strip().replace("\n", " && ")
LOOPBACK = ("127.0.0.1:", "[::ffff:127.0.0.1]:", "[::1]:")
SMALL = "task_c --profile smoke --trials 1 --seeds 1"
# What stands for Slurm: one node, this one.
SLURM = """
printf '#!/bin/sh\\nhostname\\n' > ~/hw3-venv/bin/scontrol
printf '#!/bin/bash\\nwhile [[ $1 == --* ]]; do shift; done\\nexec "$@"\\n' > ~/hw3-venv/bin/srun
chmod +x ~/hw3-venv/bin/scontrol ~/hw3-venv/bin/srun
""".strip().replace("\n", " && ")
SLURM_RUN = (
    "HW3_VENV=~/hw3-venv SLURM_JOB_NODELIST=laptop SLURM_JOB_NUM_NODES=1 SLURM_CPUS_PER_TASK=1 "
    f"bash deploy/slurm.sh {SMALL} --epochs 1 --results ~/slurm"
)


@contextmanager
def watched(host: Host) -> Iterator[list[str]]:
    """What left the host, or was asked for, in the time of the context; known at its end."""
    (host.root / "home/watch.py").write_text(WATCH)
    watch = host.open("exec python watch.py")
    assert watch.stdout is not None and watch.stdout.readline() == "watching\n"
    seen: list[str] = []
    try:
        yield seen
    finally:
        host.run("pkill -f '[w]atch.py'")
        seen.extend(watch.communicate()[0].splitlines())


def beyond(seen: list[str], *hosts: str) -> set[str]:
    """What was seen but for packets to the lab's hosts and questions for their names, and for the
    kernel's own packets, which look for neighbours."""
    known = (f"packet {PREFIX}", "packet ff02::", *(f"name {host}" for host in hosts))
    return {line for line in seen if not line.startswith(known)}


@pytest.fixture
def computer() -> Iterator[Host]:
    with lab(()) as made:
        made.laptop.run(WAY_OUT)
        yield made.laptop


def test_the_watch_sees_what_leaves(computer):
    with watched(computer) as seen:
        computer.run(
            "python -c 'import socket; u = socket.socket(type=socket.SOCK_DGRAM); "
            'u.sendto(b"x", ("169.254.169.254", 80))\'; getent hosts example.org || true'
        )
    assert {"packet 169.254.169.254", "name example.org"} <= set(seen)


def test_a_run_on_one_machine_asks_nobody_and_listens_on_loopback_alone(computer):
    with watched(computer) as seen:
        study = computer.open(f"python -m study.{SMALL} --epochs 3000 --results ~/r", PROJECT)
        try:
            states = computer.root / "home/r/task_c/checkpoints"
            wait_until(lambda: study.poll() is not None or any(states.glob("*.pt")), 180)
            assert study.poll() is None, study.communicate()[0]
            listening = [line.split()[3] for line in computer.run("ss -ltnH").splitlines()]
        finally:
            computer.open("pkill -TERM -f '[s]tudy.task_c'").communicate()
            try:
                study.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                stop(study)
    assert beyond(seen) == set()
    assert listening
    assert [where for where in listening if not where.startswith(LOOPBACK)] == []


def test_a_run_on_slurms_nodes_asks_nobody(computer):
    computer.run(SLURM)
    with watched(computer) as seen:
        output = computer.run(SLURM_RUN, PROJECT, 300)
    assert "report: " in output
    assert beyond(seen, "laptop") == set()


def test_cluster_yamls_head_asks_nobody():
    with lab(("head",)) as made:
        cluster = Cluster(made)
        made.laptop.run("ray get-auth-token --generate && chmod 600 ~/.ray/auth_token")
        with watched(cluster.head) as seen:
            cluster.up()
            try:
                finish(cluster.submit("r", "--epochs 1 --trials 1 --seeds 1"))
            finally:
                cluster.close()
        assert beyond(seen, "head") == set()
