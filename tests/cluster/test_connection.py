"""What is said where Ray does not answer or does not start; none of these tests has a Ray."""

import os
import socket
import subprocess
import threading
from contextlib import closing, nullcontext
from unittest.mock import Mock

import pytest
import ray
from ray._private import node, ray_constants, services, utils

from study.cli.executors import on_ray
from study.cli.options import Options
from study.cluster import liveness, local_ray
from study.cluster.ray import connect, wanted_address
from study.spec.errors import StudyError

SLOW_START = """The current node timed out during startup.
A second line."""


@pytest.fixture
def listener():
    with closing(socket.create_server(("", 0))) as listening:
        yield listening


def error_of(address):
    with pytest.raises(StudyError) as error, connect(address, verbose=False):
        pass
    return str(error.value)


def test_an_address_where_nobody_listens_is_one_error(listener):
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    listener.close()
    said = error_of(address)
    assert said.startswith(f"no Ray answers at {address}: ") and "ray up cluster.yaml" in said


@pytest.mark.parametrize("address", ["nobody.invalid:6379", "no-port", "http://host:8265", "auto"])
def test_an_address_that_is_none_is_one_error(address, monkeypatch):
    monkeypatch.setattr(services, "find_gcs_addresses", lambda *_: set())
    monkeypatch.setattr(services.ray._private.utils, "read_ray_address", lambda *_: None)
    assert error_of(address).startswith(f"no Ray answers at {address}: ")


def test_a_port_of_something_else_is_one_error_and_ray_is_not_tried(listener, monkeypatch):
    monkeypatch.setattr(ray, "init", lambda **_: pytest.fail("Ray tries for minutes"))

    def answer():
        with listener.accept()[0] as connection:
            connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
            connection.recv(64)

    threading.Thread(target=answer, daemon=True).start()
    assert "is no Ray" in error_of(f"127.0.0.1:{listener.getsockname()[1]}")


def test_a_port_that_never_answers_is_one_error(listener, monkeypatch):
    monkeypatch.setattr(liveness, "ANSWERED_WITHIN", 0.2)
    assert "timed out" in error_of(f"127.0.0.1:{listener.getsockname()[1]}")


def test_a_port_that_speaks_grpc_and_hangs_is_one_error_and_ray_is_not_tried(listener, monkeypatch):
    monkeypatch.setattr(ray, "init", lambda **_: pytest.fail("Ray tries for minutes"))
    monkeypatch.setattr(liveness, "ANSWERED_WITHIN", 0.5)
    over = threading.Event()
    monkeypatch.setattr(liveness, "_ask_gcs", lambda _address: over.wait())

    def greet():
        with listener.accept()[0] as connection:
            connection.sendall(liveness.GREETING[-9:])
            connection.recv(64)

    threading.Thread(target=greet, daemon=True).start()
    assert "does not answer within" in error_of(f"127.0.0.1:{listener.getsockname()[1]}")
    over.set()


@pytest.mark.parametrize("port", ["99999", "abc"])
def test_a_port_that_is_none_is_named_as_such(port):
    assert "HOST:PORT" in error_of(f"127.0.0.1:{port}")


def test_a_server_at_an_ipv6_address_is_watched():
    if not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
        address = ("::1", listening.getsockname()[1])
        connection = liveness._connect(address)
        assert connection is not None and connection.getpeername()[:2] == address
        connection.close()
    assert liveness._connect(address) is None


def test_a_ray_that_does_not_start_is_one_sentence_with_the_next_command(monkeypatch):
    def init(**_):
        raise Exception(SLOW_START)

    monkeypatch.setattr(ray, "init", init)
    said = error_of(None)
    assert "timed out during startup" in said and "second line" not in said
    assert "--workers inline" in said


def test_a_ray_that_does_not_let_us_in_in_time_is_one_error(monkeypatch):
    def init(**_):
        raise Exception(SLOW_START)

    monkeypatch.setattr("study.cluster.ray.check_answers", lambda *_: None)
    monkeypatch.setattr("study.cluster.ray.check_is_gcs", lambda _: None)
    monkeypatch.setattr(ray, "init", init)
    said = error_of("127.0.0.1:6379")
    assert said.startswith("no Ray answers at 127.0.0.1:6379: The current node timed out")


def test_ray_names_the_job_without_passwords_in_characters_that_it_takes(monkeypatch):
    names = []

    def init(**_):
        names.append(utils.get_entrypoint_name())
        raise Exception("enough")

    monkeypatch.setattr(utils, "get_entrypoint_name", lambda: "run s3://a:secret@b/\udcff")
    monkeypatch.setattr(ray, "init", init)
    error_of(None)
    assert names == [r"run s3://a:***@b/\udcff"]


def test_a_raylet_that_is_slow_to_start_is_waited_for(monkeypatch):
    answers = iter([RuntimeError("not yet"), RuntimeError("not yet"), {"alive": True}])

    def get_node(*_):
        answer = next(answers)
        if isinstance(answer, RuntimeError):
            raise answer
        return answer

    monkeypatch.setattr(services, "get_node", get_node)
    cluster = ray_constants.ENABLE_RAY_CLUSTER
    with local_ray.starts_alone():
        assert services.get_node("address", "node") == {"alive": True}
    assert services.get_node is get_node and cluster == ray_constants.ENABLE_RAY_CLUSTER
    monkeypatch.setattr(local_ray, "PATIENCE", 0.0)
    answers = iter([RuntimeError("not yet")] * 2)
    with local_ray.starts_alone(), pytest.raises(RuntimeError):
        services.get_node("address", "node")


@pytest.mark.parametrize(("kind", "name"), [("gcs_server", "GCS server"), ("raylet", "raylet")])
def test_a_server_that_dies_while_it_starts_is_not_waited_for(kind, name, monkeypatch):
    """Ray waits for its port for as long as for that of a slow one."""

    def wait(*_, timeout_ms):
        raise RuntimeError("no file yet")

    dead = subprocess.Popen(["true"])
    dead.wait()
    monkeypatch.setattr(services, "start_ray_process", lambda *_, **__: Mock(process=dead))
    monkeypatch.setattr(node, "wait_for_persisted_port", wait)
    with local_ray.starts_alone():
        services.start_ray_process(["true"], kind, fate_share=False)
        with pytest.raises(ChildProcessError, match=f"its {name} ended"):
            node.wait_for_persisted_port("folder", "node", "name", timeout_ms=60_000)


@pytest.mark.parametrize("value", ["", "local"])
def test_ray_is_started_here_where_no_address_is_wanted(monkeypatch, value):
    monkeypatch.setenv("RAY_ADDRESS", value)
    assert wanted_address(None) is None
    assert wanted_address("host:6379") == "host:6379"


def test_a_ray_at_the_address_of_the_environment_is_a_cluster_as_any_other(monkeypatch):
    """Its hosts may have other processors than this one, and it may grow."""
    monkeypatch.setenv("RAY_ADDRESS", "host:6379")
    joined = Mock(return_value=nullcontext([{"CPU": 2.0}]))
    monkeypatch.setattr("study.cluster.ray.connect", joined)
    monkeypatch.setattr("study.cluster.ray.on_a_worker", lambda *_: "of a worker")
    with on_ray(Options()) as executor:
        assert executor.numerics == "of a worker"
    joined.assert_called_once_with("host:6379", False)


def test_a_variable_that_ray_fails_at_is_named(monkeypatch):
    for name in [name for name in os.environ if name.startswith("RAY_")]:
        monkeypatch.delenv(name)  # earlier tests of this process may have set some
    monkeypatch.setenv("RAY_RUNTIME_ENV_HOOK", "no_such_module.hook")
    monkeypatch.setattr(ray, "init", Mock(side_effect=ImportError("No module")))
    assert "Is RAY_RUNTIME_ENV_HOOK set on purpose?" in error_of(None)
