"""What one trial gets of the machines that Ray has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from study.spec.errors import StudyError

NO_GPU = "this machine has no GPU: leave out --gpus-per-trial."


@dataclass(frozen=True)
class Resources:
    """What a trial is given.

    Attributes:
        cpus_per_trial: CPU cores per trial, a fraction or a whole number.
        gpus_per_trial: GPUs per trial: 0, a fraction below 1, or a whole number.
        concurrent: maximum number of concurrent trials.
    """

    cpus_per_trial: float
    gpus_per_trial: float
    concurrent: int

    @property
    def threads(self) -> int:
        """For the computations of a trial on CPU cores."""
        return max(1, int(self.cpus_per_trial))

    def per_trial(self) -> dict[str, float]:
        """As Tune takes it."""
        return {"cpu": self.cpus_per_trial, "gpu": self.gpus_per_trial}


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
    if grows and max_concurrent:
        return Resources(cpu_share, gpu_share, max_concurrent)
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
    return Resources(cpu_share, gpu_share, min(max_concurrent or fitting, fitting))


def _fitting(node: Mapping[str, float], cpu_share: float, gpu_share: float) -> int:
    """Number of trials that run on the node at a time."""
    by_cpu = node.get("CPU", 0.0) // cpu_share
    return int(min(by_cpu, node.get("GPU", 0.0) // gpu_share) if gpu_share else by_cpu)
