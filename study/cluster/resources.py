"""What one trial gets of the machines that Ray has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hw3.text import count_of
from study.spec.errors import StudyError

SHARES = {1.0: "one GPU", 0.5: "half a GPU", 0.25: "a quarter of a GPU"}
NO_GPU = "this machine has no GPU: leave out --gpus-per-trial."


@dataclass(frozen=True)
class Resources:
    """What a trial is given, and of what.

    Attributes:
        cpus_per_trial: CPU cores per trial, a fraction or a whole number.
        gpus_per_trial: GPUs per trial: 0, a fraction below 1, or a whole number.
        concurrent: maximum number of concurrent trials.
        gpus: of all hosts, by how many each has; empty where that is not known.
    """

    cpus_per_trial: float
    gpus_per_trial: float
    concurrent: int
    gpus: tuple[int, ...] = ()

    @property
    def threads(self) -> int:
        """For the computations of a trial on CPU cores."""
        return max(1, int(self.cpus_per_trial))

    def per_trial(self) -> dict[str, float]:
        """As Tune takes it."""
        return {"cpu": self.cpus_per_trial, "gpu": self.gpus_per_trial}

    def describe(self) -> str:
        """How many trials run at a time, on which share of how many GPUs."""
        together = f"{count_of(self.concurrent, 'trial')} at a time"
        if not self.gpus_per_trial:
            return together
        share = SHARES.get(self.gpus_per_trial, f"{self.gpus_per_trial:g} GPUs")
        there = f" ({describe_gpus(self.gpus)})" if self.gpus else ""
        return f"{together}, {share} each{there}"


def describe_gpus(gpus: Sequence[int]) -> str:
    """How many GPUs there are, on how many hosts where there are several.

    Args:
        gpus: of each host.
    """
    having = sum(count > 0 for count in gpus)
    hosts = f"{having} of {len(gpus)}" if having < len(gpus) else str(having)
    where = f" on {hosts} hosts" if len(gpus) > 1 else ""
    return f"{count_of(sum(gpus), 'GPU')}{where}"


def trial_resources(
    nodes: Sequence[Mapping[str, float]],
    cpus_per_trial: float | None,
    gpus_per_trial: float | None,
    max_concurrent: int | None,
    grows: bool = False,
) -> Resources:
    """What each trial gets: what is asked for, else derived from what Ray has.

    By default a trial has one CPU core and, where there are GPUs, one of them. A trial must fit on
    one node.

    Args:
        nodes: resources of each node, `CPU` and `GPU` among them.
        grows: whether hosts may join that are not there yet: then `max_concurrent`, where it is
            given, holds whatever there is now, and trials that wait ask for the hosts.

    Raises:
        StudyError: a trial would need more than the largest node has.
    """
    gpus = max(node.get("GPU", 0.0) for node in nodes)
    gpu_share = gpus_per_trial if gpus_per_trial is not None else float(gpus >= 1)
    cpu_share = cpus_per_trial or 1.0
    if gpu_share > 1 and gpu_share != int(gpu_share):
        raise StudyError(
            f"--gpus-per-trial above 1 must be a whole number, got {gpu_share:g}; "
            f"choose {int(gpu_share)} or {int(gpu_share) + 1}."
        )
    on_hosts = tuple(int(node.get("GPU", 0.0)) for node in nodes)
    if grows and max_concurrent:
        return Resources(cpu_share, gpu_share, max_concurrent, on_hosts)
    hint = (
        " On a cluster that grows, --max-concurrent requests hosts, with --gpus-per-trial for GPUs."
        if grows
        else ""
    )
    if gpu_share and not gpus:
        nowhere = "no host of the cluster has a GPU: leave out --gpus-per-trial."
        raise StudyError(f"{nowhere}{hint}" if grows else NO_GPU)
    if gpu_share > gpus:
        raise StudyError(
            f"a trial cannot have more GPUs than the largest host: asked for {gpu_share:g}, the "
            f"largest host has {gpus:g}. Choose --gpus-per-trial from 0 to {gpus:g}.{hint}"
        )
    fitting = sum(_fitting(node, cpu_share, gpu_share) for node in nodes)
    if not fitting:
        cpus = max(node.get("CPU", 0.0) for node in nodes)
        choice = f" Choose --cpus-per-trial up to {cpus:g}." if cpus else ""
        raise StudyError(
            f"a trial cannot have more CPU cores than the largest host: asked for {cpu_share:g}, "
            f"the largest host has {cpus:g}.{choice}{hint}"
        )
    return Resources(cpu_share, gpu_share, min(max_concurrent or fitting, fitting), on_hosts)


def _fitting(node: Mapping[str, float], cpu_share: float, gpu_share: float) -> int:
    """Number of trials that run on the node at a time."""
    by_cpu = _times(cpu_share, node.get("CPU", 0.0))
    if not gpu_share:
        return by_cpu
    gpus = node.get("GPU", 0.0)
    # Ray gives a trial its share of one GPU: what is left over on several does not add up.
    by_gpu = int(gpus) * _times(gpu_share, 1.0) if gpu_share < 1 else _times(gpu_share, gpus)
    return min(by_cpu, by_gpu)


def _times(share: float, total: float) -> int:
    """How often the share fits into the total: ten times 0.1 into 1, though 1 // 0.1 is 9."""
    return int(total / share + 1e-6)
