"""Boosted trees against logistic regression on breast cancer: an engine that is not PyTorch's."""

from dataclasses import dataclass

from sklearn import datasets, preprocessing
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import SGDClassifier

from hw3.data import SOURCES, Source, splits_from_arrays
from hw3.engine import epoch_row, image_scores
from hw3.models import FAMILIES, Engine, Family
from study import Baseline, Claim, Float, Search, Study


@dataclass(frozen=True)
class Config:
    trees: bool = True
    rate: float = 0.1


def build(config, shape):
    if config.trees:
        return GradientBoostingClassifier(learning_rate=config.rate, subsample=0.5, warm_start=True)
    return SGDClassifier("log_loss", alpha=config.rate / 500, max_iter=1, tol=None, warm_start=True)


class Fit:
    def __init__(self, architecture, recipe, seed, numerics):
        self.model, self.epochs = build(architecture.config, architecture.shape), recipe.epochs
        self.model.set_params(random_state=seed % 2**32)

    def train(self, data):
        for epoch in range(1, self.epochs + 1):
            if isinstance(self.model, GradientBoostingClassifier):
                self.model.set_params(n_estimators=5 * epoch)
            self.model.fit(data.train.images, data.train.labels)
            yield epoch_row(epoch, self.model.decision_function, data)

    def score(self, part):
        logits = self.model.decision_function(part.images)
        return [image_scores(self.epochs, logits, part.labels)]


def load(location, image_size):
    cells, labels = datasets.load_breast_cancer(return_X_y=True)
    return splits_from_arrays(preprocessing.scale(cells), labels, ("malignant", "benign"))


SOURCES["breast_cancer"] = Source("Breast cancer (Wisconsin)", load=load)
ENGINE = Engine(Fit, Fit.train, Fit.score)
FAMILIES["tabular"] = Family("scikit-learn", Config, build, engine=ENGINE)
STUDY = Study(
    name="sklearn_models",
    title="Boosted trees against logistic regression",
    question="Do boosted trees recognise breast cancer better than logistic regression?",
    baselines=(Baseline("logistic", "logistic regression", "tabular", {"trees": False}),),
    searches=(Search("trees", "boosted trees", "tabular", {"rate": Float(0.01, 0.5, log=True)}),),
    claims=(Claim("trees_win", "trees", "test_accuracy", "logistic", above=0.0),),
    data="breast_cancer",
)
