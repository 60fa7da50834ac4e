import ipaddress

import pytest

from presence.host.address import reachable_address


def test_a_host_that_listens_on_one_address_is_reached_by_it():
    assert reachable_address("192.0.2.44") == "192.0.2.44"
    assert reachable_address("home.example") == "home.example"


@pytest.mark.parametrize("bind", ["0.0.0.0", "::"])
def test_a_host_that_listens_everywhere_is_reached_by_some_address_of_this_machine(bind):
    address = ipaddress.ip_address(reachable_address(bind))
    assert not address.is_unspecified
    assert address.version == ipaddress.ip_address(bind).version
