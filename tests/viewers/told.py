"""What a viewer of the made run is told of its trials."""

from study.pool.report import TrialReport
from study.search.trial import Job
from study.viewers.feed import Told
from tests.made import WIDTH_SEARCH, epoch_row
from tests.viewers.made_run import running_plan

PLAN = running_plan()
LOSSES = [0.9, 0.8, 0.7, 0.6]


def job_of(channels=6, number=4):
    """A trial that the made run has not finished."""
    config = WIDTH_SEARCH.config({"channels": channels})
    ingredients = PLAN.setting.explore_ingredients(WIDTH_SEARCH, config)
    return Job("explore", "gap", ingredients, {"channels": channels}, number=number)


def told(epochs, status="running", job=None):
    rows = [epoch_row(epoch, loss) for epoch, loss in enumerate(LOSSES[:epochs], 1)]
    kind = "running" if status == "stopped" else status
    return Told(job or job_of(), TrialReport(kind, rows), status)
