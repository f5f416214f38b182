"""Ports for the servers of a stack, which are chosen before the servers listen there."""

import socket

from infrastructure.local import processes

FIRST_OF_CONNECTIONS = 32_768
"""The first port that Linux gives to an outgoing connection; other systems begin higher."""


def test_an_outgoing_connection_cannot_take_the_port_of_a_server_that_is_still_starting():
    assert all(processes.free_port() < FIRST_OF_CONNECTIONS for _ in range(50))


def test_a_port_on_which_somebody_listens_is_not_free(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        used = server.getsockname()[1]
        monkeypatch.setattr(processes, "_PORTS", range(used - 10, used + 10))

        assert used not in {processes.free_port() for _ in range(200)}
