import socket

import pytest

from presence.transport.own_address import has_address


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_address_is_had_by_whom_it_names_whatever_the_port(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listening:
        try:
            listening.bind((host, 0))
        except OSError:
            pytest.importorskip("no_such_module", reason="this machine has no IPv6")
        assert has_address(listening.getsockname())


@pytest.mark.parametrize("address", [("192.0.2.77", 80), ("2001:db8::77", 80, 0, 0)])
def test_an_address_for_documentation_is_nobodys(address):
    assert not has_address(address)
