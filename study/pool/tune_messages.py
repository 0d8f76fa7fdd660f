"""Jobs and reports on their way through Tune, one of whose trials may be several of the study's."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from study.pool.report import TrialReport
from study.search.trial import Job, job_from


def config_of(jobs: Sequence[Job]) -> dict[str, Any]:
    """The configuration of a trial of Tune's."""
    return {"jobs": [asdict(job) for job in jobs]}


def jobs_from(config: Mapping[str, Any]) -> list[Job]:
    """The jobs in a configuration of Tune's."""
    return [job_from(saved) for saved in config["jobs"]]


def result_of(reports: Sequence[TrialReport | None], is_over: bool) -> dict[str, Any]:
    """A result of Tune's.

    Args:
        reports: of each job, None where it was not trained.
        is_over: whether all jobs have ended by themselves.
    """
    told = [None if report is None else vars(report) for report in reports]
    return {"reports": told, "done": is_over}


def reports_from(result: Mapping[str, Any]) -> list[TrialReport | None]:
    """The reports in a result of Tune's, which has Tune's own entries as well."""
    return [None if told is None else TrialReport(**told) for told in result["reports"]]
