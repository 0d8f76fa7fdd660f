"""Jobs and reports on their way through Tune, one of whose trials may be several of the study's."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from study.pool.report import TrialReport
from study.search.trial import Job, job_from


def config_of(jobs: Sequence[Job]) -> dict[str, Any]:
    """The configuration of a trial of Tune's."""
    return {"jobs": {job.key: asdict(job) for job in jobs}}


def jobs_from(config: Mapping[str, Any]) -> dict[str, Job]:
    """The jobs in a configuration of Tune's, by key."""
    return {key: job_from(saved) for key, saved in config["jobs"].items()}


def forget_job(config: Mapping[str, Any], key: str) -> None:
    """Take a job that has ended out of a configuration, with which its trial may be tried again."""
    del config["jobs"][key]


def result_of(reports: Mapping[str, TrialReport], is_over: bool) -> dict[str, Any]:
    """A result of Tune's.

    Args:
        reports: of the jobs that were trained, by key.
        is_over: whether all jobs have ended by themselves.
    """
    # Pairs, since Tune makes one level of dictionaries in dictionaries.
    return {"reports": [(key, vars(told)) for key, told in reports.items()], "done": is_over}


def reports_from(result: Mapping[str, Any]) -> dict[str, TrialReport]:
    """The reports in a result of Tune's, which has Tune's own entries as well, by key."""
    return {key: TrialReport(**told) for key, told in result["reports"]}
