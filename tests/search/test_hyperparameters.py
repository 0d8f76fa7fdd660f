"""Hyper-parameters of the recipe beside those of the model: in keys, choices and registration."""

from dataclasses import asdict, dataclass, replace

import pytest

from hw3.engine import Recipe, recipe_for
from hw3.models import FAMILIES
from hw3.models.config import bounded, check_bounds, one_of
from study.cli.check import check_study
from study.cli.estimate import training_seconds
from study.search.choose import FinishedTrials
from study.search.hyperparameters import split_values
from study.search.optuna_trials import is_point
from study.search.registered import confirmed_of
from study.search.registration import claim_digest, study_digest
from study.search.tried import describe_tried
from study.spec.baseline import Baseline, Match
from study.spec.claim import Claim
from study.spec.errors import StudyError
from study.spec.search import Search
from study.spec.space import Choice, Float
from study.store.records import Record, record_key
from study.table.members import Member
from study.table.rows import make_table
from tests.made import BUDGET, SETTING, STUDY, epoch_row, explored, plan_of

RATE_SEARCH = Search(
    "rate",
    "rate",
    "conv",
    space={"learning_rate": Float(1e-4, 1e-1, log=True)},
    fixed={"channels": 8, "weight_decay": 0.01},
)
SLOW = Baseline("slow", "slow", "conv", {"channels": 8, "learning_rate": 1e-4})
TASK = replace(STUDY, baselines=(*STUDY.baselines, SLOW), searches=(RATE_SEARCH,))


def key(values, family="conv", setting=SETTING):
    return record_key(setting.ingredients(family, values, 0))


def test_names_of_the_recipe_go_into_the_recipe():
    ingredients = SETTING.ingredients("conv", {"channels": 8, "optimiser": "sgd"}, 0)
    assert "optimiser" not in ingredients["config"]
    assert Recipe(**ingredients["recipe"]) == replace(SETTING.recipe, optimiser="sgd")


@pytest.mark.parametrize(
    "default",
    [
        {"learning_rate": 1e-3},
        {"optimiser": "adam"},
        {"weight_decay": 0},
        {"augment": False},
        {"step_size": recipe_for(8).step_size},
    ],
    ids=str,
)
def test_a_named_default_is_the_same_training(default):
    assert key(default) == key({})


def test_trainings_that_differ_in_the_recipe_have_other_keys():
    values = [{}, {"learning_rate": 0.01}, {"optimiser": "sgd"}, {"augment": True}]
    assert len({key(one) for one in values}) == len(values)


def test_fields_that_are_newer_than_a_record_leave_its_key_alone():
    ingredients = SETTING.ingredients("conv", {}, 0)
    assert set(ingredients["recipe"]) == {
        *("epochs", "batch_size", "learning_rate", "step_size", "gamma", "train_eval_every")
    }


@pytest.mark.parametrize("name", ["epochs", "train_eval_every", "depth"])
def test_an_unknown_name_is_refused_with_the_models_and_the_recipes(name):
    with pytest.raises(ValueError, match=f"{name} .*channels, hidden; .*batch_size, learning_rate"):
        SETTING.ingredients("gap", {name: 3}, 0)


@dataclass(frozen=True)
class OwnConfig:
    """A family that has a name of the recipe itself."""

    weight_decay: int = bounded(3, 1, 9)

    def __post_init__(self) -> None:
        check_bounds(self)


def test_a_familys_own_name_comes_before_the_recipes(monkeypatch):
    monkeypatch.setitem(FAMILIES, "own", replace(FAMILIES["gap"], config=OwnConfig))
    assert split_values("own", {"weight_decay": 5, "momentum": 0.5}) == (
        {"weight_decay": 5},
        {"momentum": 0.5},
    )


@pytest.mark.parametrize(
    ("config", "fact"),
    [
        ({"optimiser": "adagrad"}, "adam, adamw, sgd"),
        ({"batch_size": 1}, "from 2"),
        ({"lerning_rate": 0.1}, "learning_rate"),
    ],
)
def test_plan_finds_a_wrong_recipe(config, fact):
    study = replace(STUDY, searches=(), figures=(), baselines=(Baseline("b", "B", "conv", config),))
    with pytest.raises(StudyError, match=fact):
        check_study(study, BUDGET)


def rate_record(number, rate, loss, search=RATE_SEARCH):
    return explored(search, number, {"learning_rate": rate}, [loss] * 8)


def finished(*records, study=TASK):
    return FinishedTrials(plan_of(study), {one.key: one for one in records})


def test_a_search_over_the_recipe_chooses_and_confirms_it():
    records = [rate_record(0, 0.01, 0.5), rate_record(1, 0.001, 0.4)]
    trials = finished(*records)
    assert len(trials.explored(RATE_SEARCH)) == 2
    assert all(is_point(RATE_SEARCH, one) for one in records)
    assert not is_point(RATE_SEARCH, replace(records[0], params={"learning_rate": 0.02}))
    chosen = trials.chosen(RATE_SEARCH)
    assert chosen is not None
    (job,) = chosen.jobs(SETTING, 1)
    assert job.ingredients["recipe"] == records[1].ingredients["recipe"]
    assert job.ingredients["recipe"]["weight_decay"] == 0.01


def test_trials_of_another_recipe_belong_to_no_search():
    setting = replace(SETTING, recipe=replace(SETTING.recipe, batch_size=16))
    other = explored(RATE_SEARCH, 0, {"learning_rate": 0.01}, [0.5] * 8, setting=setting)
    assert not SETTING.belongs_to(RATE_SEARCH, other)
    assert setting.belongs_to(RATE_SEARCH, other)


def test_models_of_equal_scale_may_have_recipes_of_their_own():
    match = Match("slow", "parameters", ("channels",))
    sized = Baseline("gap", "GAP", "gap", {"weight_decay": 0.1}, match)
    trials = finished(study=replace(TASK, baselines=(SLOW, sized)))
    assert trials.baselines[1].config["weight_decay"] == 0.1


def test_time_is_estimated_by_the_candidates_batch_size(monkeypatch):
    monkeypatch.setattr("study.cli.estimate._matrix_product_rate", lambda _precision: 1e15)

    def seconds(batch_size):
        small = Baseline("small", "small", "conv", {"batch_size": batch_size})
        return training_seconds(plan_of(replace(STUDY, baselines=(small,), searches=())), 1)

    assert seconds(8) == pytest.approx(4 * seconds(32), rel=0.01)


def confirmed(name, values, setting=SETTING, seed=0):
    ingredients = setting.ingredients("conv", values, seed)
    provenance = {"study": TASK.name, "candidate": name, "number": None}
    return Record(ingredients, "complete", [epoch_row(1, 0.5)], provenance=provenance)


def test_a_training_is_of_the_baseline_whose_recipe_it_has():
    longer = replace(SETTING, recipe=recipe_for(30))
    plain, slow = confirmed("", {"channels": 8}), confirmed("", dict(SLOW.config))
    longer_slow = confirmed("", dict(SLOW.config), longer)
    could_choose = confirmed("", {"channels": 8, "weight_decay": 0.01, "learning_rate": 0.05})
    trials = finished(plain, slow, longer_slow, could_choose)
    assert {one.key for one in confirmed_of(trials, "small")} == {plain.key}
    assert {one.key for one in confirmed_of(trials, "slow")} == {slow.key, longer_slow.key}
    assert {one.key for one in confirmed_of(trials, "rate")} == {could_choose.key}


def test_another_recipe_is_another_configuration_to_a_reader():
    other = confirmed("small", {"channels": 8, "learning_rate": 0.05})
    assert "(configuration)" in " ".join(describe_tried(finished(other)))


def test_a_claims_digest_covers_the_recipe_of_its_candidates():
    claims = (Claim("c", "slow", "val_loss", "small", below=0.0),)
    changed = replace(SLOW, config={"channels": 8, "learning_rate": 2e-4})
    studies = [replace(TASK, claims=claims), replace(TASK, claims=claims)]
    studies[1] = replace(studies[1], baselines=(STUDY.baselines[0], changed))
    assert study_digest(studies[0]) != study_digest(studies[1])


def test_recipe_of_a_record_is_the_recipe_that_trained_it():
    ingredients = SETTING.ingredients("conv", {"label_smoothing": 0.1, "schedule": "cosine"}, 0)
    wanted = replace(SETTING.recipe, label_smoothing=0.1, schedule="cosine")
    assert asdict(Recipe(**ingredients["recipe"])) == asdict(wanted)


@dataclass(frozen=True)
class OldConfig:
    """A family before it got another hyper-parameter."""

    channels: int = bounded(32, 1, 4096)
    hidden: int = bounded(0, 0, 65536)

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class NewConfig(OldConfig):
    """The same, afterwards."""

    kind: str = one_of("plain", "fancy", added=True)


@pytest.fixture
def versions(monkeypatch):
    """Take the family "versions" as it was, or as it is."""

    def take(config):
        monkeypatch.setitem(FAMILIES, "versions", replace(FAMILIES["gap"], config=config))

    return take


KINDS = Search("kinds", "kinds", "versions", {"channels": Choice((4, 8))})
SETTING_OF_ANY = replace(SETTING, code={})


def test_a_hyper_parameter_that_is_added_leaves_keys_and_claims_as_they_were(versions):
    baseline = Baseline("small", "small", "versions", {"channels": 8})
    claims = (Claim("c", "small", "val_loss", below=0.5), Claim("k", "kinds", "val_loss", below=1))
    study = replace(STUDY, baselines=(baseline,), searches=(KINDS,), claims=claims)
    found = []
    for config in (OldConfig, NewConfig):
        versions(config)
        keys = key({"channels": 8}, "versions", SETTING_OF_ANY)
        found.append((keys, *(claim_digest(study, claim) for claim in claims)))
    assert found[0] == found[1]
    fancy = {"channels": 8, "kind": "fancy"}
    assert key(fancy, "versions", SETTING_OF_ANY) != found[0][0]
    changed = replace(study, baselines=(replace(baseline, config=fancy),))
    assert claim_digest(changed, claims[0]) != found[0][1]
    changed = replace(study, searches=(replace(KINDS, fixed={"kind": "fancy"}),))
    assert claim_digest(changed, claims[1]) != found[0][2]


def test_records_without_a_hyper_parameter_that_was_added_have_its_default(versions):
    """An earlier version's trials are still those of the search, and lead to the same choice."""
    versions(OldConfig)
    setting = SETTING_OF_ANY
    old = [
        explored(KINDS, 0, {"channels": 8}, [0.5] * 8, setting=setting),
        explored(KINDS, 1, {"channels": 4}, [0.4] * 8, setting=setting),
    ]
    job_of = [candidate_job(old, setting)]
    versions(NewConfig)
    job_of.append(candidate_job(old, setting))
    assert job_of[0].key == job_of[1].key
    assert all(is_point(KINDS, one) and setting.belongs_to(KINDS, one) for one in old)
    table = make_table(Member("explore", "kinds", "kinds", one) for one in old)
    assert set(table["config_kind"]) == {"plain"}


def candidate_job(records, setting):
    """The first training of what the search chooses."""
    study = replace(STUDY, baselines=(), searches=(KINDS,))
    trials = FinishedTrials(plan_of(study, setting), {one.key: one for one in records})
    chosen = trials.chosen(KINDS)
    assert chosen is not None
    return chosen.jobs(setting, 1)[0]


def test_a_search_may_vary_a_hyper_parameter_that_was_added(versions):
    versions(NewConfig)
    search = replace(KINDS, space={"kind": Choice(("plain", "fancy"))})
    records = [
        explored(search, number, {"kind": kind}, [0.5 - number / 10] * 8, setting=SETTING_OF_ANY)
        for number, kind in enumerate(("plain", "fancy"))
    ]
    assert all(is_point(search, one) for one in records)
    assert all(SETTING_OF_ANY.belongs_to(search, one) for one in records)
    assert not is_point(search, replace(records[0], params={"kind": "fancy"}))
