import socket

import pytest

from presence.errors import HostError, UsageError
from presence.transport.listening import listen


def test_port_0_takes_a_free_port_that_can_be_connected_to_at_once():
    with listen("127.0.0.1", 0, "presence host") as listening:
        port = listening.getsockname()[1]
        assert port > 0
        with socket.create_connection(("127.0.0.1", port), timeout=1.0):
            pass


def test_a_port_that_is_taken_is_told_with_its_cure():
    with listen("127.0.0.1", 0, "presence host") as listening:
        port = listening.getsockname()[1]
        with pytest.raises(HostError, match=rf"port {port} is taken.*--port 0"):
            listen("127.0.0.1", port, "presence host")


def test_a_port_is_free_again_once_its_host_has_ended():
    with listen("127.0.0.1", 0, "presence host") as listening:
        port = listening.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port), timeout=1.0)
        served, _ = listening.accept()
        served.close()
        client.close()
    with listen("127.0.0.1", port, "presence host") as again:
        assert again.getsockname()[1] == port


def test_an_address_that_is_not_this_machines_is_told_with_its_cure():
    with pytest.raises(HostError, match=r"192\.0\.2\.1.*--bind"):
        listen("192.0.2.1", 0, "presence host")


def test_what_is_no_address_is_told_with_its_cure():
    with pytest.raises(UsageError, match="no address to listen on"):
        listen("not an address", 0, "presence host")
