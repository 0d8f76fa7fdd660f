"""Separate hosts on one machine: each has its own network, processes, files and name, and an sshd.

A bridge joins them. A host sees the machine's files but for its own `/root`, `/tmp` and `/dev/shm`,
and `SHARED`, which all of them share. `~/hw3-venv` is there already, with the packages of the
Python that runs the tests, and pip is told to fetch nothing: the hosts have no way out. Root and
the Debian packages iproute2, openssh-server and rsync are needed.
"""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SHARED = Path("/mnt")
NEEDED = ("ip", "unshare", "nsenter", "sshd", "ssh", "ssh-keygen", "rsync")
SUBNET = "10.213.77"
BRIDGE = "hw3-bridge"
GATE = f"{SUBNET}.254"  # the machine's own address on the bridge

# What a host does when it is switched on. The base Python may lie under /root, which is replaced.
SWITCH_ON = """
set -e
hostname {name}
mkdir -p {folder}/root/packages {folder}/tmp
case {base} in /root/*) mkdir -p {folder}{base}; mount --bind {base} {folder}{base};; esac
mount --bind {packages} {folder}/root/packages
mount --rbind {folder}/root /root
mount -t tmpfs -o size=7g tmpfs /dev/shm
mount --bind {shared} {mnt}
mount --bind {folder}/tmp /tmp
exec {sshd} -D -e -f /root/sshd_config
"""

SSHD_SETTINGS = """
HostKey /root/host_key
AuthorizedKeysFile /root/authorized_keys
PidFile none
StrictModes no
UsePAM no
SetEnv PATH={base}/bin:/usr/local/bin:/usr/bin:/bin
"""


def missing() -> str:
    """Why no hosts can be made here; empty where they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root can make hosts of namespaces"
    lacking = [name for name in NEEDED if _program(name) is None]
    if lacking:
        return f"not installed: {', '.join(lacking)}"
    tried = subprocess.run(["unshare", "--mount", "--uts", "--net", "true"], capture_output=True)
    return "" if not tried.returncode else f"no namespaces: {tried.stderr.decode().strip()}"


# The last line turns isolation off, whatever it says: pip builds with what there is.
PIP_SETTINGS = """
[global]
no-index = true
no-build-isolation = false
"""


@dataclass
class Host:
    """One host; off until `switch_on`.

    Attributes:
        number: from 1; decides name and address.
        folder: holds its files, which survive that it is switched off.
        key: a private key that logs in as root.
        shared: the folder that all hosts see at SHARED.
    """

    number: int
    folder: Path
    key: Path
    shared: Path
    process: subprocess.Popen | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return f"host-{self.number}"

    @property
    def address(self) -> str:
        return f"{SUBNET}.{self.number}"

    @property
    def link(self) -> str:
        """The bridge's end of its cable."""
        return f"hw3-cable-{self.number}"

    def make(self) -> None:
        """Its network and its files."""
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", self.link, "type", "veth", "peer", "eth0", "netns", self.name)
        run("ip", "link", "set", self.link, "master", BRIDGE, "up")
        inside = ("ip", "-n", self.name)
        run(*inside, "addr", "add", f"{self.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            run(*inside, "link", "set", device, "up")
        # Ray takes for its own the address by which it would leave; nothing is let out there.
        run(*inside, "route", "add", "default", "via", GATE)
        home = self.folder / "root"
        (home / ".config/pip").mkdir(parents=True)
        (home / ".config/pip/pip.conf").write_text(PIP_SETTINGS)
        make_key(home / "host_key")
        shutil.copy(f"{self.key}.pub", home / "authorized_keys")
        (home / "sshd_config").write_text(SSHD_SETTINGS.format(base=sys.base_prefix))

    def switch_on(self) -> None:
        """Start it and wait until it lets us in."""
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        script = SWITCH_ON.format(
            name=self.name,
            folder=self.folder,
            base=sys.base_prefix,
            packages=sysconfig.get_path("purelib"),
            shared=self.shared,
            mnt=SHARED,
            sshd=_program("sshd"),
        )
        spaces = ("--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--uts")
        with (self.folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, "unshare", *spaces, "sh", "-c", script],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        deadline = time.monotonic() + 30
        while self.ssh("true", check=False).returncode:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"{self.name}: {(self.folder / 'log').read_text()}")
            time.sleep(0.2)

    def switch_off(self) -> None:
        """As if its plug were pulled: every process ends at once, nothing says good-bye."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def cut_network(self) -> None:
        run("ip", "link", "set", self.link, "down")

    def mend_network(self) -> None:
        run("ip", "link", "set", self.link, "up")

    def ssh(self, command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command on it as a user would from outside."""
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]
        options += ["ConnectTimeout=5", "BatchMode=yes"]
        login = ["ssh", "-i", str(self.key), *(f"-o{option}" for option in options)]
        return subprocess.run(
            [*login, f"root@{self.address}", command], capture_output=True, text=True, check=check
        )

    def put(self, name: str, content: str) -> None:
        """Write a file in its home."""
        (self.folder / "root" / name).write_text(content)

    def memory_used(self) -> int:
        """Bytes of shared memory in use: Ray's objects."""
        return 1024 * int(self.ssh("df --output=used /dev/shm | tail -1").stdout)

    def received(self) -> int:
        """Bytes that came over the network since it was made."""
        return int(self.ssh("cat /sys/class/net/eth0/statistics/rx_bytes").stdout)

    def trials(self) -> int:
        """How many trials it works at."""
        return self.ssh("ps -eo args", check=False).stdout.count("ResourceTrainable.train")

    def make_venv(self) -> None:
        """`~/hw3-venv` with the packages of this Python, as if they had been fetched."""
        self.ssh("python3 -m venv --without-pip ~/hw3-venv")
        venv = self.folder / "root/hw3-venv"
        (site,) = venv.glob("lib/*/site-packages")
        (site / "packages.pth").write_text("/root/packages\n")
        for name, module in (("pip", "pip._internal.cli.main"), ("ray", "ray.scripts.scripts")):
            script = venv / "bin" / name
            script.write_text(
                f"#!/root/hw3-venv/bin/python\nimport sys\nfrom {module} import main\n"
                "sys.exit(main())\n"
            )
            script.chmod(0o755)

    def remove(self) -> None:
        """Also what a run left that was killed."""
        self.switch_off()
        left = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True)
        for process in left.stdout.split():
            run("kill", "-KILL", process, check=False)
        run("ip", "link", "delete", self.link, check=False)
        run("ip", "netns", "delete", self.name, check=False)


@contextmanager
def made_hosts(count: int, folder: Path) -> Iterator[list[Host]]:
    """So many hosts, switched on, on one bridge; all traces are removed at the end.

    Args:
        folder: empty; holds their files.
    """
    key, shared = folder / "key", folder / "shared"
    shared.mkdir()
    Path("/run/sshd").mkdir(exist_ok=True)  # sshd wants it
    make_key(key)
    hosts = [Host(number, folder / f"host-{number}", key, shared) for number in range(1, count + 1)]
    _remove(hosts)
    try:
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "addr", "add", f"{GATE}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        for host in hosts:
            host.make()
            host.switch_on()
            host.make_venv()
        yield hosts
    finally:
        _remove(hosts)


def _remove(hosts: list[Host]) -> None:
    for host in hosts:
        host.remove()
    run("ip", "link", "delete", BRIDGE, check=False)


def make_key(path: Path) -> None:
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path))


def run(*command: str, check: bool = True) -> None:
    """Run a command of the machine's own, and say what it said if it fails."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if check and ended.returncode:
        raise RuntimeError(f"{' '.join(command)}: {ended.stderr.strip()}")


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
