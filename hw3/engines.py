"""What trains the models of each family: hw3's own engine, or the family's."""

from hw3.cost import model_cost
from hw3.engine import (
    restore_training,
    score_images,
    start_training,
    train_epochs,
    training_state,
)
from hw3.fused import train_fused
from hw3.models import FAMILIES, Engine

# Not in hw3.engine: what a model costs decides none of the numbers that it trains to, and the code
# of that package does (`study.search.code`).
ENGINE = Engine(
    start=start_training,
    train=train_epochs,
    score=score_images,
    state=training_state,
    restore=restore_training,
    cost=model_cost,
    train_together=train_fused,
)


def engine_of(family: str) -> Engine:
    """What trains the models of a family, a key of FAMILIES."""
    return FAMILIES[family].engine or ENGINE
