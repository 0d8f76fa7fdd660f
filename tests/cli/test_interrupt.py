"""Signals: each ends what runs, whatever Python was doing when it came."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from study.cli.interrupt import keyboard_interrupts

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os, signal, sys, time, weakref
from study.cli.interrupt import keyboard_interrupts

def send():
    os.kill(os.getpid(), signal.{name})

class Destroyed:
    def __del__(self):
        send()

class Collected:
    pass

def plain():
    send()

def weak():
    collected = Collected()
    reference = weakref.ref(collected, lambda _: send())
    del collected

def destructor():
    Destroyed()

def twice():
    destroyed = [Destroyed(), Destroyed()]
    destroyed.clear()

before = signal.getsignal(signal.{name})
try:
    with keyboard_interrupts() as received:
        {place}()
        time.sleep(60)
        sys.exit("lost")
except KeyboardInterrupt:
    assert set(received) == {{signal.{name}}}
assert signal.getsignal(signal.{name}) == before
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("place", ["plain", "weak", "destructor", "twice"])
def test_no_signal_is_lost(place, name):
    program = PROGRAM.format(place=place, name=name)
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_ignored_interruption_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with keyboard_interrupts() as received:
            os.kill(os.getpid(), signal.SIGINT)
        assert received == []
    finally:
        signal.signal(signal.SIGINT, before)
