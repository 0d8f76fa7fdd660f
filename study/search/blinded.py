"""What a run that is under way may show: nothing by which its claims could be looked at.

A verdict's p holds for the looks that the plan named (`study.search.looks`). Whoever sees the
candidates' scores before, and then stops the run or gives it more seeds, has looked without its
being counted. So whatever is written while a run is under way asks here. It shows what the searches
have found, on which no claim is judged and which has no test scores; of the confirmation and the
timing it shows that trainings have begun, how far they are and that they ended, and no number that
they gave. When a run has ended all looks have been taken, and everything is shown.
"""

from study.search.choose import FinishedTrials
from study.search.trial import Stage


def may_show(stage: Stage) -> bool:
    """Whether numbers of the stage's trials may be shown while the run is under way."""
    return stage == "explore"


def shown_trials(trials: FinishedTrials) -> FinishedTrials:
    """Those of the finished trials whose numbers may be shown while the run is under way."""
    shown = [record for search in trials.plan.study.searches for record in trials.explored(search)]
    return FinishedTrials(trials.plan, {record.key: record for record in shown})
