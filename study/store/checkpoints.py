"""Checkpoints of trials under way: the job of each, and its state after its last epoch.

A checkpoint is deleted when its trial's record is written.
"""

import copy
import hashlib
import io
import json
import pickle
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import torch

from hw3.files import UnusableFile
from study.store.folder import Folder
from study.store.reading import Damaged, read_or_set_aside, warn

T = TypeVar("T")

DIGEST = hashlib.sha256().digest_size
COST_SHARE = 0.025  # of a worker's time, at most, goes into checkpoints
# What a worker's first save may cost, before one was measured: on the slow side of a disk's.
SAVE_SECONDS, SAVE_RATE = 0.01, 200e6  # each save; bytes of state a second
# What torch.load raises on content that torch.save did not write.
UNREADABLE = (pickle.UnpicklingError, EOFError, RuntimeError, ValueError, TypeError, LookupError)


class CheckpointStore:
    """Files in a folder that belongs to one study, named by the trials' keys.

    `<key>.json` is the trial's job, `<key>.pt` its state, checksummed, and `<key>.previous.pt`
    the state before that, which is used where the newer one is not whole.
    """

    def __init__(self, folder: Folder):
        self.folder = folder

    def begin(self, key: str, job: dict[str, Any]) -> None:
        """Note that the trial is under way."""
        self.folder.write(f"{key}.json", json.dumps(job).encode())

    def jobs(self, read: Callable[[Any], T]) -> Iterator[T]:
        """The jobs of the trials under way, in the order of their keys; damaged ones are set aside
        with a warning.

        Args:
            read: makes the job of what `begin` was given; raises `study.store.reading.Damaged`.
        """
        consequence = "its trial begins anew"
        jobs = self.folder.each(
            ".json", lambda name: read_or_set_aside(self.folder, name, read, consequence)
        )
        return (job for job in jobs if job is not None)

    def save(self, key: str, state: dict[str, Any]) -> None:
        """Keep the state of a trial; at every moment a whole one is there.

        Not forced to the disk, which would cost as much again: a power failure may take the state,
        which the checksum notices, the death of processes may not.

        Args:
            state: tensors, numbers, strings, lists and dictionaries of them.
        """
        buffer = io.BytesIO()
        torch.save(_without_rest(state), buffer)
        content = buffer.getbuffer()  # not copied: it may be half a gigabyte
        newest, previous = _names(key)
        with suppress(FileNotFoundError):  # there is none yet
            self.folder.rename(newest, previous)
        self.folder.write(newest, hashlib.sha256(content).digest(), content, durable=False)

    def load(self, key: str) -> dict[str, Any] | None:
        """The newest whole state of the trial, None where there is none."""
        for name in _names(key):
            try:
                content = self.folder.read(name)
                if content is not None:
                    return _state(memoryview(content))  # not copied, either
            except (Damaged, UnusableFile) as error:
                warn(
                    f"checkpoint {self.folder}/{name} is damaged ({error}); the one before it is "
                    "used where there is one"
                )
        return None

    def delete(self, key: str) -> None:
        """Forget the trial; its job goes last, so that nothing is left without its name."""
        for name in (*_names(key), f"{key}.json"):
            self.folder.delete(name)

    def sweep(self) -> None:
        """Remove what no trial under way needs. No worker of this study may be running."""
        self.folder.sweep()
        kept = {name.removesuffix(".json") for name in self.folder.names(".json")}
        for name in self.folder.names(".pt"):
            if name.split(".")[0] not in kept:
                self.folder.delete(name)


class CheckpointKeeper:
    """One worker's way to the store: bounded in cost, and never the reason why a trial fails.

    Attributes:
        failure: why the store cannot be written to, None where it can. Whoever holds the keeper
            reports it: a study whose trials are lost with their workers must not look safe.
    """

    def __init__(self, store: CheckpointStore | None):
        self._store = store
        self._begun_at = time.monotonic()
        self._ready_at: float | None = None  # monotonic seconds; unknown before a state is seen
        self.failure: str | None = None

    def resume(self, key: str, job: dict[str, Any]) -> dict[str, Any] | None:
        """The trial's state where there is one; else the trial is noted as under way."""
        if self._store is None:
            return None
        try:
            state = self._store.load(key)
            if state is None:
                self._store.begin(key, job)
            return state
        except OSError as error:
            self._give_up(error)
            return None

    def save(self, states: Mapping[str, dict[str, Any]]) -> None:
        """Save the states of trials by key, unless saving would take more than COST_SHARE of this
        worker's time."""
        if self._store is None or not states:
            return
        started = time.monotonic()
        if self._ready_at is None:
            expected = len(states) * SAVE_SECONDS + _bytes(states) / SAVE_RATE
            self._ready_at = self._begun_at + expected / COST_SHARE
        if started < self._ready_at:
            return
        try:
            for key, state in states.items():
                self._store.save(key, state)
        except OSError as error:
            self._give_up(error)
        ended = time.monotonic()
        self._ready_at = ended + (ended - started) / COST_SHARE

    def _give_up(self, error: OSError) -> None:
        self._store = None
        self.failure = f"a checkpoint could not be written on {platform.node()}: {error}"


def _state(content: memoryview) -> dict[str, Any]:
    if hashlib.sha256(content[DIGEST:]).digest() != content[:DIGEST]:
        raise Damaged("its checksum differs")
    try:
        return torch.load(io.BytesIO(content[DIGEST:]), weights_only=True)
    except UNREADABLE as error:
        raise Damaged(f"{type(error).__name__}: {error}") from error


def _without_rest(state: Any) -> Any:
    """The state, with copies of tensors that are parts of larger ones, as those of trainings under
    way as one are: `torch.save` writes the whole of which a tensor is a part."""
    if isinstance(state, torch.Tensor):
        is_dense = state.layout is torch.strided
        is_part = is_dense and state.untyped_storage().nbytes() > state.nbytes
        return state.detach().clone() if is_part else state
    if isinstance(state, dict):
        whole = copy.copy(state)  # with what a module's state knows beside its tensors
        whole.update({name: _without_rest(value) for name, value in state.items()})
        return whole
    return [*map(_without_rest, state)] if isinstance(state, list) else state


def _bytes(state: Any) -> int:
    """Of all tensors in it."""
    if isinstance(state, torch.Tensor):
        return state.nbytes
    if isinstance(state, Mapping):
        return sum(map(_bytes, state.values()))
    return sum(map(_bytes, state)) if isinstance(state, (list, tuple)) else 0


def _names(key: str) -> tuple[str, str]:
    return f"{key}.pt", f"{key}.previous.pt"
