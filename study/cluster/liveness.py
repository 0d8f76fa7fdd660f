"""Whether the Ray that this process uses is alive."""

import atexit
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import cast

import click

from study.cluster.orphans import end_own
from study.spec.errors import StudyError

CONNECTED_WITHIN, LOOKED_AFTER = 5.0, 1.0  # seconds
SIGNALS, SIGNALLED_EVERY = 3, 4.0  # times, seconds; a signal that comes at a bad moment is lost
SIGNAL = signal.SIGUSR2
ANSWERED_WITHIN, ENDED_WITHIN = 20.0, 5.0  # seconds
# How HTTP/2 begins, on which gRPC rests: each side sends its settings, which may be none.
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
NO_RAY = "what listens there is no Ray; its port is 6379 by default."
NO_CLUSTER = "ab" * 28  # in place of a cluster's number, which is random
Address = tuple[str, int] | str  # of TCP, or of a Unix socket


class RayDied(StudyError):
    """Ray's GCS server, or its raylet on this host, has died: nothing more can be asked of it."""

    def __init__(self, server: str):
        super().__init__(
            f"Ray's {server} has died: it was killed, or memory was short. Every record is whole. "
            "Run the same command again: it resumes."
        )


def check_answers(host: str, port: int) -> None:
    """Find out in seconds that no GCS server listens there; Ray itself tries for minutes.

    Raises:
        OSError: none does, or none answers.
    """
    with socket.create_connection((host, port), timeout=CONNECTED_WITHIN) as connection:
        if "RAY_USE_TLS" in os.environ:  # then a greeting has to wait
            return
        connection.settimeout(ANSWERED_WITHIN)
        connection.sendall(GREETING)
        answer = connection.recv(9)
        if answer[3:4] != GREETING[-6:-5]:
            raise ConnectionError(NO_RAY)


def check_is_gcs(address: str) -> None:
    """Find out in seconds that what speaks gRPC at HOST:PORT is no GCS server, or one that hangs.

    Ray itself asks for the cluster's number again and again, for ten minutes where nothing
    answers. Asked as a member of a cluster that does not exist, only a GCS server says so.

    Raises:
        OSError: it is none, or does not answer.
    """
    answers: list[Exception | None] = []
    asking = threading.Thread(target=lambda: answers.append(_ask_gcs(address)), daemon=True)
    asking.start()
    asking.join(ANSWERED_WITHIN)  # Ray's own timeouts begin anew where a connection is closed
    if not answers:
        raise TimeoutError(f"what listens there does not answer within {ANSWERED_WITHIN:.0f} s.")
    if answers[0] is not None:
        raise ConnectionError(NO_RAY) from answers[0]


def _ask_gcs(address: str) -> Exception | None:
    """What went wrong; None where a GCS server answered."""
    from ray._raylet import GcsClient  # pyright: ignore[reportAttributeAccessIssue] - compiled
    from ray.exceptions import AuthenticationError, RayError

    try:
        GcsClient(address=address, cluster_id=NO_CLUSTER).internal_kv_get(b"", None)
    except AuthenticationError:  # the number is wrong, or the token: joining it says so
        return None
    except (RayError, OSError, RuntimeError, ValueError) as error:
        return error
    return None


@contextmanager
def ends_with_ray(servers: dict[Address, str]) -> Iterator[None]:
    """Leave the context soon after one of Ray's servers has died.

    Left to itself, Ray goes on for up to a minute and then ends the process with nothing but a
    line of its own. Where the main thread waits inside Ray, which no signal interrupts, the
    process is ended here too, with the sentence. Only the main thread can use this.

    Raises:
        RayDied: one of them has.
    """
    over = threading.Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if not over.is_set():
            raise KeyboardInterrupt  # Ray's calls pass no other exception on

    before = signal.signal(SIGNAL, interrupt)
    watching = threading.Thread(target=_watch, args=(servers, over), daemon=True)
    watching.start()
    try:
        yield
    except BaseException:
        over.set()
        for address, name in servers.items():
            connection = _connect(address)
            if connection is None:
                _end_soon()
                raise RayDied(name) from None
            connection.close()
        raise
    finally:
        over.set()
        watching.join()
        signal.signal(SIGNAL, before)


def _watch(servers: dict[Address, str], over: threading.Event) -> None:
    """Interrupt the main thread when a server dies.

    A connection to each is held, which the operating system closes with the process: one that is
    only slow is not taken for dead.
    """
    held = {_connect(address): address for address in servers}
    while None not in held and not over.is_set():
        readable, _, _ = select.select(list(filter(None, held)), [], [], LOOKED_AFTER)
        for connection in filter(_is_closed, readable):
            over.wait(LOOKED_AFTER)
            connection.close()
            address = held.pop(connection)
            held[_connect(address)] = address
    for connection in filter(None, held):
        connection.close()
    signals = 0
    while not over.wait(SIGNALLED_EVERY if signals else 0.0):
        if signals == SIGNALS:
            click.echo(f"error: {RayDied(servers[held[None]])}", err=True)
            end_own()
            _end()
        # A signal wakes only the thread that it is sent to.
        signal.pthread_kill(cast("int", threading.main_thread().ident), SIGNAL)
        signals += 1


def _end_soon() -> None:
    """See to it that this process ends though Ray, when it is cleaned up, asks what has died."""
    end_own()
    atexit.register(_end)
    timer = threading.Timer(ENDED_WITHIN, _end)
    timer.daemon = True
    timer.start()


def _end() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def _connect(address: Address) -> socket.socket | None:
    """A connection, None where nobody listens; not open yet where that takes too long."""
    connection = socket.socket(_family(address))
    connection.settimeout(CONNECTED_WITHIN)
    try:
        connection.connect(address)
    except (ConnectionRefusedError, FileNotFoundError):
        connection.close()
        return None
    except OSError:
        return connection  # a network that is down comes back
    return connection


def _family(address: Address) -> socket.AddressFamily:
    if isinstance(address, str):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


def _is_closed(connection: socket.socket) -> bool:
    """Whether a connection from which something can be read is closed at the other end."""
    try:
        return not connection.recv(1 << 16)
    except OSError:
        return True
