import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.errors import LinkError
from presence.wire.ice_url import IceUrl, parse_ice_url, parse_server

hosts = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str) | st.just("turn.example")
ways = st.sampled_from([("stun", "udp"), ("turn", "udp"), ("turn", "tcp"), ("turns", "tcp")])


@given(hosts, st.integers(1, 65535), ways)
def test_an_address_that_was_written_is_read(host, port, way):
    url = IceUrl(way[0], host, port, way[1])
    assert parse_ice_url(str(url)) == url


def test_ports_and_transports_have_their_defaults():
    assert parse_ice_url("stun:turn.example") == IceUrl("stun", "turn.example", 3478)
    assert parse_ice_url("turn:turn.example") == IceUrl("turn", "turn.example", 3478, "udp")
    assert parse_ice_url("turns:[2001:db8::1]") == IceUrl("turns", "2001:db8::1", 5349, "tcp")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "turn:",
        "turn.example:3478",
        "http:turn.example",
        "turn:turn.example:0",
        "turn:turn.example:70000",
        "turn:2001:db8::1",
        "turn:turn.example?transport=sctp",
        "turns:turn.example?transport=udp",
        "stun:turn.example?transport=udp",
        "turn:me@turn.example",
    ],
)
def test_what_is_no_server_is_a_link_error(text):
    with pytest.raises(LinkError, match="no address of a STUN or TURN server"):
        parse_ice_url(text)


@given(st.text())
def test_any_text_is_a_server_or_a_link_error(text):
    for candidate in (text, f"turn:{text}"):
        try:
            assert parse_ice_url(candidate).host
        except LinkError:
            continue


def test_what_a_person_gives_for_a_server_is_understood():
    assert parse_server("turn.example", "--turn") == ("turn.example", None)
    assert parse_server("192.0.2.1:99", "--turn") == ("192.0.2.1", 99)
    assert parse_server("[2001:db8::1]:99", "--turn") == ("2001:db8::1", 99)
    for wrong in ("", "turn:turn.example", "2001:db8::1", "x:0", "x:70000", "x y"):
        with pytest.raises(LinkError, match=r"--turn .* is no server; give HOST"):
            parse_server(wrong, "--turn")
