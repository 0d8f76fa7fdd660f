"""A lab on this machine: a laptop and hosts of its cluster, apart as real ones are.

Each has its own network, processes, name, /tmp, /dev/shm and home folder, in Linux namespaces. The
switch between them is a bridge in the laptop's network namespace, so nothing of a lab is seen on
the machine itself, labs do not collide, and one is gone with its processes, however it ends.

Hosts have no internet. `cluster.yaml` finds there what an earlier run of it would have left: a
virtual environment with all packages, which are those of the Python that runs the tests.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAMS = ("ip", "ss", "unshare", "nsenter", "setpriv", "ssh", "ssh-keygen", "rsync")
SSHD = "/usr/sbin/sshd"
# Where a host sees what it is given; /mnt is a file system of its own.
HOME, SHARED, PROJECT = Path("/mnt/home"), Path("/mnt/shared"), Path("/mnt/project")
PACKAGES = Path("/mnt/packages")
PREFIX = "10.77.0."  # addresses, in networks that only the lab sees
SCRIPTS = {"ray": "ray.scripts.scripts", "pip": "pip._internal.cli.main"}
SCRIPT = """#!/mnt/home/hw3-venv/bin/python
import sys
from {module} import main
sys.exit(main())
"""
# The last line turns isolation off, whatever it says: pip builds with what there is.
PIP = """
[global]
no-index = true
no-build-isolation = false
"""
# One trial a host, since the machine's processors are few, and an object store that fits /dev/shm.
BASHRC = """
case $- in *i*) ;; *) return;; esac
export PATH={python}:/usr/sbin:/usr/bin:/sbin:/bin
export RAY_OVERRIDE_RESOURCES='{{"CPU": 1, "object_store_memory": 400000000}}'
"""
SSHD_CONFIG = """
HostKey /mnt/home/.ssh/host_key
AuthorizedKeysFile /mnt/home/.ssh/authorized_keys
PermitRootLogin prohibit-password
PidFile none
"""
# A folder is bound before what hides it: the lab's own may lie in /tmp.
BOOT = """
set -eu
hostname "$1"
root=$2
shift 2
mount -t tmpfs lab /mnt
for pair in "$@"; do
    source=${pair%%=*} target=${pair##*=}
    mkdir -p "$target"
    mount --bind "$source" "$target"
    case $target in /mnt/home|/mnt/shared) ;; *) mount -o remount,bind,ro "$target" ;; esac
done
for name in passwd hosts resolv.conf; do mount --bind "$root/$name" /etc/$name; done
mount --bind "$root/tmp" /tmp
mount -t tmpfs -o size=1g lab /dev/shm
mount -t tmpfs lab /run
mkdir /run/sshd
ip link set lo up
echo booted
exec 1>/dev/null 2>&1
while read -r _; do :; done
"""
# Python runs it when it starts; the code, when the module has been imported.
HOOK = """
import sys
from importlib.machinery import PathFinder

CODE = {code!r}

class Finder:
    def find_spec(self, name, path, target=None):
        if name != "{module}":
            return None
        spec = PathFinder.find_spec(name, path, target)
        load = spec.loader.exec_module
        def load_and_run(module):
            load(module)
            exec(CODE, {{"module": module}})
        spec.loader.exec_module = load_and_run
        return spec

sys.meta_path.insert(0, Finder())
"""


def missing() -> str:
    """Why there can be no lab here; empty if there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root on Linux can make hosts"
    absent = [name for name in PROGRAMS if not shutil.which(name)]
    absent += [SSHD] if not Path(SSHD).exists() else []
    if absent:
        return f"not installed (Debian: iproute2, openssh-server, rsync): {', '.join(absent)}"
    if importlib.util.find_spec("aiohttp_cors") is None:
        return "the extra is not installed: ray[default]"
    command = ["unshare", "--pid", "--fork", "--mount", "--mount-proc", "--net", "--uts", "--ipc"]
    command += ["sh", "-c", "mount -t tmpfs lab /mnt && ip link add lab type bridge"]
    answer = subprocess.run(command, capture_output=True, text=True)
    return f"namespaces are not permitted: {answer.stderr.strip()}" if answer.returncode else ""


class Host:
    """A computer that can be switched on and off; its home and /tmp outlast that.

    Attributes:
        address: in the lab's network.
        hardware: address of its network card, the same at every start: others remember it.
        root: the folder on this machine that holds its home and /tmp.
    """

    def __init__(self, name: str, number: int, root: Path, seen: dict[Path, Path]):
        self.name, self.address, self.root = name, f"{PREFIX}{number}", root
        self.hardware = f"02:00:00:00:00:{number:02x}"
        self._seen = {root / "home": HOME, **seen}
        self._process: subprocess.Popen | None = None

    def switch_on(self) -> None:
        """Boot: until then it has no network, and nothing runs on it."""
        apart = ["--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--net"]
        # The whole host ends with the process that made it, also where that is killed.
        command = ["setpriv", "--pdeathsig", "KILL", "unshare", *apart, "--uts", "--ipc"]
        command += ["bash", "-c", BOOT, "boot", self.name, str(self.root)]
        command += [f"{source}={target}" for source, target in self._seen.items()]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        assert answer == "booted\n", answer + self._process.stdout.read()

    def switch_off(self) -> None:
        """Power is gone: every process ends at once, nobody is told."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    @property
    def pid(self) -> int:
        """Of the host's first process, as this machine numbers it."""
        assert self._process is not None
        pid = self._process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())

    def command(self, *arguments: str) -> list[str]:
        """What runs these arguments on the host."""
        entered = ["--mount", "--uts", "--ipc", "--net", "--pid"]
        return ["nsenter", "--target", str(self.pid), *entered, *arguments]

    def open(self, line: str, folder: Path = HOME) -> subprocess.Popen[str]:
        """A shell's command line, as somebody at the host's keyboard types it."""
        path = "export PATH=~/hw3-venv/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return subprocess.Popen(
            self.command("bash", "-c", f"{path} && cd {folder} && {line}"),
            env={"HOME": str(HOME), "TERM": "dumb", "LANG": "C.UTF-8", "PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def install_project(self) -> None:
        """Give the host the packages of this project, as an installation does."""
        for name in ("hw3", "study"):
            shutil.copytree(ROOT / name, self._packages / name)

    def after_import(self, module: str, code: str) -> None:
        """Have every Python of the host run the code, where `module` is the imported module, once
        that has been imported."""
        name = f"after_{module.replace('.', '_')}"
        (self._packages / f"{name}.py").write_text(HOOK.format(module=module, code=code))
        (self._packages / f"{name}.pth").write_text(f"import {name}\n")

    @property
    def _packages(self) -> Path:
        return next((self.root / "home/hw3-venv").glob("lib/python*/site-packages"))

    def run(self, line: str, folder: Path = HOME, seconds: float = 120) -> str:
        """What the command line, which must not fail, writes."""
        shell = self.open(line, folder)
        output, _ = shell.communicate(timeout=seconds)
        assert shell.returncode == 0, f"{self.name}: {line}\n{output}"
        return output


def stop(shell: subprocess.Popen[str]) -> None:
    """End what `Host.open` began, with all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(shell.pid, signal.SIGKILL)
    shell.communicate()


class Lab:
    """A laptop, from which the cluster is used, and the cluster's hosts.

    Attributes:
        shared: the folder that every host sees as `SHARED`.
    """

    def __init__(self, folder: Path, names: Sequence[str]):
        self.shared = folder / "shared"
        seen = {self.shared: SHARED} | _packages()
        self.laptop = Host("laptop", 1, folder / "laptop", seen | {ROOT: PROJECT})
        self.hosts = [
            Host(name, 10 + number, folder / name, seen) for number, name in enumerate(names)
        ]
        self.shared.mkdir()
        everyone = (self.laptop, *self.hosts)
        names = "".join(f"{host.address} {host.name}\n" for host in everyone)
        for host in everyone:
            _furnish(host, names)
        key = self.laptop.root / "home/.ssh/id_ed25519"
        for host in self.hosts:
            shutil.copy(f"{key}.pub", host.root / "home/.ssh/authorized_keys")

    def start(self) -> None:
        self.laptop.switch_on()
        self._cable(f"ip link add lab address {self.laptop.hardware} type bridge")
        self._cable(f"ip addr add {self.laptop.address}/24 dev lab")
        self._cable("ip link set lab up")
        for host in self.hosts:
            self.power_on(host)

    def stop(self) -> None:
        for host in (*self.hosts, self.laptop):
            host.switch_off()

    def power_on(self, host: Host) -> None:
        host.switch_on()
        # The kernel takes a dead host's cable away a while after the host.
        self._cable(f"ip link delete {host.name}", must=False)
        cable = f"type veth peer name eth0 address {host.hardware} netns {host.pid}"
        self._cable(f"ip link add {host.name} {cable}")
        self._cable(f"ip link set {host.name} master lab up")
        host.run(
            f"ip addr add {host.address}/24 dev eth0 && ip link set eth0 up && "
            f"ip route add default via {self.laptop.address}"
        )
        host.run(f"{SSHD} -f {HOME}/sshd_config")

    def unplug(self, host: Host) -> None:
        """Take the host's cable out of the switch."""
        self._cable(f"ip link set {host.name} down")

    def plug_in(self, host: Host) -> None:
        self._cable(f"ip link set {host.name} up")

    def _cable(self, command: str, must: bool = True) -> None:
        enter = ["nsenter", "--target", str(self.laptop.pid), "--net"]
        quiet = None if must else subprocess.DEVNULL
        subprocess.run([*enter, *command.split()], check=must, stderr=quiet)


@contextmanager
def lab(names: Sequence[str]) -> Iterator[Lab]:
    """A lab whose hosts are on; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="hw3-lab-") as folder:
        made = Lab(Path(folder), names)
        try:
            made.start()
            yield made
        finally:
            made.stop()


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.1)


def _furnish(host: Host, names: str) -> None:
    """Home and /tmp of a new host, whose user is root with a home folder of its own."""
    home = host.root / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    (host.root / "tmp").mkdir(mode=0o1777)
    home.chmod(0o700)
    (host.root / "passwd").write_text(
        "".join(
            f"root:x:0:0:root:{HOME}:/bin/bash\n" if line.startswith("root:") else line
            for line in Path("/etc/passwd").read_text().splitlines(keepends=True)
        )
    )
    # Names are known or unknown at once: a name server that does not answer costs 20 s each time.
    (host.root / "hosts").write_text("127.0.0.1 localhost\n" + names)
    (host.root / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    for name in ("id_ed25519", "host_key"):
        make_key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / ".ssh" / name)]
        subprocess.run(make_key, check=True)
    (home / "sshd_config").write_text(SSHD_CONFIG)
    python = Path(sys.base_prefix) / "bin"
    (home / ".bashrc").write_text(BASHRC.format(python=python))
    (home / ".profile").write_text(". ~/.bashrc\n")
    (home / ".pip").mkdir()
    (home / ".pip/pip.conf").write_text(PIP)
    _make_environment(home / "hw3-venv")


def _make_environment(folder: Path) -> None:
    """A virtual environment with Ray and all else that the running Python has."""
    make = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(make, check=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "machine.pth").write_text("".join(f"{path}\n" for path in _packages().values()))
    for name, module in SCRIPTS.items():
        (folder / "bin" / name).write_text(SCRIPT.format(module=module))
        (folder / "bin" / name).chmod(0o755)


def _packages() -> dict[Path, Path]:
    """The folders in which the running Python finds packages, and where hosts see them."""
    folders = [Path(path) for path in sys.path if Path(path).name == "site-packages"]
    return {folder: PACKAGES / str(number) for number, folder in enumerate(folders)}
