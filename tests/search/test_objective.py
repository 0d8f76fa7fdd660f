"""What a search optimises, where that is not the validation loss."""

from dataclasses import replace

import optuna
import pytest

from hw3.metrics import METRICS, Metric
from study.search.code import metric_digest
from study.search.explore import Explorer
from study.search.objective import direction_of, rank_of, value_of
from study.search.optuna_trials import optuna_database, optuna_trial
from study.search.plan import load_plan, save_plan
from study.search.registration import study_digest
from study.search.trial import MEASURED
from study.spec.claim import Claim
from study.spec.errors import StudyError
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from tests.made import SETTING, STUDY, WIDTH_SEARCH, explored, plan_of

AUROC = replace(SETTING, objective="val_auroc")
F1 = replace(SETTING, objective="val_f1", measured=metric_digest("f1"))


def scored(number, channels, scores, setting=F1, status="complete"):
    """A record of the search by channels, with these F1 scores and AUROCs by epoch."""
    record = explored(
        WIDTH_SEARCH, number, {"channels": channels}, [0.5] * len(scores), status, setting
    )
    ingredients = setting.explore_ingredients(WIDTH_SEARCH, WIDTH_SEARCH.config(record.params))
    extra = [{"scores": {"f1": score}} for score in scores] if setting is F1 else [{}] * len(scores)
    rows = [
        row | {"val_auroc": score} | more
        for row, score, more in zip(record.rows, scores, extra, strict=True)
    ]
    return replace(record, ingredients=ingredients, rows=rows)


def test_a_search_for_the_loss_keeps_its_seed_and_keys():
    config = WIDTH_SEARCH.config({"channels": 32})
    seed = SETTING.explore_seed(WIDTH_SEARCH)
    assert replace(SETTING, sampler="tpe").explore_seed(WIDTH_SEARCH) == 7291834537555880086
    plain = SETTING.ingredients(WIDTH_SEARCH.family, config, seed)
    assert SETTING.explore_ingredients(WIDTH_SEARCH, config) == plain
    assert len({one.explore_seed(WIDTH_SEARCH) for one in (SETTING, AUROC, F1)}) == 3
    assert MEASURED not in AUROC.explore_ingredients(WIDTH_SEARCH, config)
    measured = F1.explore_ingredients(WIDTH_SEARCH, config)[MEASURED]
    assert measured == {"f1": metric_digest("f1")}
    assert F1.confirm_seeds(3) == SETTING.confirm_seeds(3)
    assert F1.confirm_ingredients("gap", {}, 1) == SETTING.confirm_ingredients("gap", {}, 1)


@pytest.mark.parametrize("setting", [AUROC, F1])
def test_a_search_that_maximises_resumes_where_it_was(setting):
    explorer = Explorer(WIDTH_SEARCH, setting, 6)
    records = []
    for score in (0.6, 0.9, None, 0.7):
        job = explorer.propose()
        assert job is not None
        record = scored(job.number, job.params["channels"], [0.5] * 7 + [score], setting)
        assert record.key == job.key
        explorer.finish(record)
        records.append(record)
    resumed = Explorer(WIDTH_SEARCH, setting, 6, records)
    next_one, again = explorer.propose(), resumed.propose()
    assert next_one is not None and again is not None and next_one.key == again.key


def test_the_database_says_which_way_is_better(tmp_path):
    records = [scored(0, 8, [0.5, 0.7]), scored(1, 16, [0.5, 0.8])]
    path = tmp_path / "optuna.db"
    path.write_bytes(optuna_database([(WIDTH_SEARCH, records)], "val_f1"))
    study = optuna.load_study(study_name="gap", storage=f"sqlite:///{path}")
    assert study.best_params == {"channels": 16}
    assert optuna_trial(WIDTH_SEARCH, records[0], "val_f1").value == 0.7


def test_a_metric_from_outside_says_which_way_is_better(monkeypatch):
    monkeypatch.setitem(METRICS, "cost", Metric("cost", len, higher_is_better=False, unit=""))
    assert direction_of("val_cost") == "minimize" and direction_of("val_f1") == "maximize"
    row = {"val_loss": 0.3, "scores": {"cost": 2.0}}
    assert value_of("val_cost", row) == 2.0 and value_of("val_loss", row) == 0.3
    assert value_of("val_f1", row) is None
    assert rank_of("val_cost", 1.0) < rank_of("val_cost", 2.0) < rank_of("val_cost", None)
    assert rank_of("val_f1", 0.9) < rank_of("val_f1", 0.8) < rank_of("val_f1", float("nan"))


def test_the_digest_of_a_metric_is_of_its_own_code():
    assert len({metric_digest(name) for name in METRICS}) == len(METRICS)


def test_records_keep_the_scores_and_a_plan_its_objective(tmp_path):
    store = RecordStore(LocalFolder(tmp_path))
    record = scored(0, 8, [0.5, None])
    store.write(record)
    assert store.find(record.key) == record
    plan = plan_of(setting=F1)
    save_plan(plan, LocalFolder(tmp_path / "made"))
    assert load_plan(STUDY, LocalFolder(tmp_path)).setting == F1
    save_plan(plan_of(setting=replace(F1, objective="val_f2")), LocalFolder(tmp_path / "made"))
    with pytest.raises(StudyError, match="'val_f2' as objective"):
        load_plan(STUDY, LocalFolder(tmp_path))


def test_claims_about_what_a_search_chooses_have_the_objective_in_their_digest():
    claim = Claim("wide", "gap", "val_accuracy", above=0.5)
    study = replace(STUDY, claims=(claim,))
    assert study_digest(study) != study_digest(replace(study, objective="val_auroc"))
    other = replace(study, claims=(replace(claim, candidate="small"),))
    assert study_digest(other) == study_digest(replace(other, objective="val_auroc"))
