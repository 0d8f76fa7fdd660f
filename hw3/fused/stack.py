"""The weights, statistics and optimiser states of several trainings, stacked."""

import copy
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim import Optimizer

from hw3.engine.images import lay_out
from hw3.engine.training import Training
from hw3.fused.layers import for_stacking


class Stack:
    """Trainings as one model, whose every tensor has a dimension more: theirs.

    While they are stacked their own tensors are views of the stacked ones, so that each training is
    at every moment what it would be alone: it can be read, scored and saved.

    Args:
        trainings: that differ by seed alone, and have done equally many epochs.

    Attributes:
        trainings: as given.
        optimiser: of the stacked weights. Its steps are those of each training's own, since it
            computes each weight apart.
    """

    def __init__(self, trainings: Sequence[Training]):
        self.trainings = list(trainings)
        first = self.trainings[0]
        assert all(one.recipe == first.recipe for one in self.trainings)
        assert all(one.epoch == first.epoch for one in self.trainings)
        self._model = for_stacking(first.model)
        models = [one.model for one in self.trainings]
        self._weights = {
            name: _stack([model.get_parameter(name) for model in models]).requires_grad_()
            for name, _ in first.model.named_parameters()
        }
        self._statistics = {
            name: _stack([model.get_buffer(name) for model in models])
            for name, _ in first.model.named_buffers()
        }
        self.optimiser = self._stack_optimisers()
        for place, model in enumerate(models):
            _replace_tensors(model, {n: t.detach()[place] for n, t in self._weights.items()})
            _replace_tensors(model, {n: t[place] for n, t in self._statistics.items()})

    def compute(self, images: Tensor, masks: dict[str, Tensor], shared: bool = False) -> Tensor:
        """The logits of all models.

        Args:
            images: as a model takes them, each model's own, (models, N, ...); or (N, ...) where
                they are `shared`.
            masks: of `Masks.draw`, when training.

        Returns:
            (models, N, outputs).
        """

        def compute_one(tensors: dict[str, Tensor], images: Tensor) -> Tensor:
            return functional_call(self._model, tensors, (images,))

        tensors = self._weights | self._statistics | masks
        return torch.func.vmap(compute_one, in_dims=(0, None if shared else 0))(tensors, images)

    def mode(self, training: bool) -> None:
        """Set training or evaluation mode, as `torch.nn.Module.train` does."""
        self._model.train(training)

    def share_learning_rate(self) -> None:
        """Take the trainings' learning rate, which is the same for all, for the epoch to come."""
        # On a GPU the first one's tensor itself, which a captured graph reads at each step.
        self.optimiser.param_groups[0]["lr"] = self.trainings[0].optimiser.param_groups[0]["lr"]

    def share_optimiser_state(self) -> None:
        """Show each training its part of the optimiser's state, once there is one."""
        for place, training in enumerate(self.trainings):
            pairs = zip(_weights_of(training.optimiser), self._weights.values(), strict=True)
            for own, stacked in pairs:
                state = self.optimiser.state[stacked]
                training.optimiser.state[own] = {
                    name: value[place] if _is_of_entries(name, value) else value
                    for name, value in state.items()
                }

    def release(self) -> None:
        """Give each training tensors of its own again: it goes on alone, or has ended. The stack
        cannot be used after that."""
        for training in self.trainings:
            for tensors in (training.model.named_parameters(), training.model.named_buffers()):
                own = {name: tensor.detach().clone() for name, tensor in tensors}
                _replace_tensors(training.model, own)
            lay_out(training.model, training.numerics)
            for state in training.optimiser.state.values():
                state.update({n: v.clone() for n, v in state.items() if isinstance(v, Tensor)})

    def _stack_optimisers(self) -> Optimizer:
        optimisers = [one.optimiser for one in self.trainings]
        stacked = copy.deepcopy(optimisers[0])
        (group,) = stacked.param_groups
        group["params"] = list(self._weights.values())
        stacked.state = defaultdict(dict)
        own = zip(*map(_weights_of, optimisers), strict=True)
        for whole, parts in zip(group["params"], own, strict=True):
            states = [one.state[part] for one, part in zip(optimisers, parts, strict=True)]
            for name, value in states[0].items():
                if _is_of_entries(name, value):
                    value = _stack([state[name] for state in states])
                stacked.state[whole][name] = copy.deepcopy(value)
        return stacked


def _stack(tensors: Sequence[Tensor]) -> Tensor:
    return torch.stack([tensor.detach() for tensor in tensors])


def _weights_of(optimiser: Optimizer) -> list[Tensor]:
    (group,) = optimiser.param_groups
    return group["params"]


def _is_of_entries(name: str, value: Any) -> bool:
    """Whether a value of an optimiser's state has an entry for each of the weight's, as averages
    of gradients have; the number of steps has not. By name: a weight may be a single number."""
    return isinstance(value, Tensor) and name != "step"


def _replace_tensors(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Have the model's weights and statistics be these tensors, the same objects as before for
    those who hold the weights."""
    for name, tensor in tensors.items():
        owner_name, _, own_name = name.rpartition(".")
        owner = model.get_submodule(owner_name)
        if own_name in owner._parameters:
            owner.get_parameter(own_name).data = tensor
        else:
            owner._buffers[own_name] = tensor
