"""Weights of trained models, a by-product of the records: one safetensors file for each training.

Nothing that is judged or reported depends on them. They are never pickled: a file of somebody
else's can hold wrong numbers, and no code.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal

from torch import Tensor

from study.spec.errors import StudyError
from study.store.folder import Folder
from study.store.reading import Damaged, parse_json

KeepWeights = Literal["best", "all", "none"]  # of the confirmed trainings of each candidate

SUFFIX = ".safetensors"
LENGTH = 8  # bytes of the number at the start of a file, that of its header's bytes
LABELS = "__metadata__"  # safetensors' entry of the header for text


class WeightsStore:
    """Files in `results`/weights, shared by all studies of that folder and named by the trainings'
    keys, as the records are."""

    def __init__(self, results: Folder):
        self.folder = results / "weights"

    def kept(self) -> set[str]:
        """Keys of the trainings whose weights are there; none where the folder cannot be read."""
        with suppress(OSError):
            return {name.removesuffix(SUFFIX) for name in self.folder.names(SUFFIX)}
        return set()

    def write(self, key: str, tensors: Mapping[str, Tensor], labels: Mapping[str, str]) -> None:
        """Write a model's state, whole or not at all, in the place of an earlier one.

        Args:
            labels: short texts about it, which can be read without the tensors.

        Raises:
            OSError: it could not be written.
        """
        from safetensors.torch import save

        # Copied: safetensors takes neither views of one memory nor other layouts.
        whole = {name: one.detach().cpu().clone().contiguous() for name, one in tensors.items()}
        self.folder.write(_name(key), save(whole, dict(labels)))

    def load(self, key: str) -> dict[str, Tensor]:
        """The tensors of a training's file, by their names in the model.

        Raises:
            StudyError: there is no such file, or it is damaged.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load

        try:
            return load(self._read(key))
        except SafetensorError as error:
            raise self._damaged(key, error) from error

    def labels(self, key: str) -> dict[str, str]:
        """The labels of a training's file.

        Raises:
            StudyError: there is no such file, or it is damaged.
        """
        content = self._read(key)
        end = LENGTH + int.from_bytes(content[:LENGTH], "little")
        try:
            header = parse_json(content[LENGTH:end])
        except Damaged as error:
            raise self._damaged(key, error) from error
        found = header.get(LABELS) if isinstance(header, dict) else None
        return found if isinstance(found, dict) else {}

    def delete(self, key: str) -> None:
        """Remove a training's file where there is one."""
        self.folder.delete(_name(key))

    def sweep(self) -> None:
        """Remove the temporary files of workers that died while they wrote."""
        with suppress(OSError):  # of which a worker will tell
            self.folder.sweep()

    def _read(self, key: str) -> bytes:
        content = self.folder.read(_name(key))
        if content is None:
            raise StudyError(f"{self.folder}/{_name(key)} is not there")
        return content

    def _damaged(self, key: str, error: Exception) -> StudyError:
        return StudyError(f"{self.folder}/{_name(key)} is damaged ({error}). Remove it")


def labels_of(study: str, kept: KeepWeights, ingredients: Mapping[str, object]) -> dict[str, str]:
    """What a file says of itself: for which study it was kept, by which rule, and what decided the
    training's numbers."""
    return {
        "study": study,
        "kept": kept,
        "ingredients": json.dumps(ingredients, sort_keys=True),
        "format": "pt",
    }


def _name(key: str) -> str:
    return f"{key}{SUFFIX}"
