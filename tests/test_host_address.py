import ipaddress
import socket

import pytest

from presence.errors import HostError, UsageError
from presence.host.address import listen, reachable_address


def test_port_0_takes_a_free_port_that_can_be_connected_to_at_once():
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        assert port > 0
        with socket.create_connection(("127.0.0.1", port), timeout=1.0):
            pass


def test_a_port_that_is_taken_is_told_with_its_cure():
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(HostError, match=rf"port {port} is taken.*--port 0"):
            listen("127.0.0.1", port)


def test_a_port_is_free_again_once_its_host_has_ended():
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port), timeout=1.0)
        served, _ = listening.accept()
        served.close()
        client.close()
    with listen("127.0.0.1", port) as again:
        assert again.getsockname()[1] == port


def test_an_address_that_is_not_this_machines_is_told_with_its_cure():
    with pytest.raises(HostError, match=r"192\.0\.2\.1.*--bind"):
        listen("192.0.2.1", 0)


def test_what_is_no_address_is_told_with_its_cure():
    with pytest.raises(UsageError, match="no address to listen on"):
        listen("not an address", 0)


def test_a_host_that_listens_on_one_address_is_reached_by_it():
    assert reachable_address("192.0.2.44") == "192.0.2.44"
    assert reachable_address("home.example") == "home.example"


@pytest.mark.parametrize("bind", ["0.0.0.0", "::"])
def test_a_host_that_listens_everywhere_is_reached_by_some_address_of_this_machine(bind):
    address = ipaddress.ip_address(reachable_address(bind))
    assert not address.is_unspecified
    assert address.version == ipaddress.ip_address(bind).version
