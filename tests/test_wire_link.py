import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.errors import LinkError
from presence.wire.link import RoomLink, parse_link

token = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
hosts = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str) | st.just("home.example")


pins = st.from_regex(r"[A-Za-z0-9_-]{43}", fullmatch=True)


@given(
    st.builds(
        RoomLink,
        hosts,
        st.integers(1, 65535),
        token,
        token | st.just(""),
        st.booleans(),
        pins | st.just(""),
    )
)
def test_a_link_that_was_printed_is_understood(link):
    assert parse_link(str(link)) == link


def test_the_secret_stays_out_of_everything_that_is_sent_to_the_host():
    link = parse_link("https://home.example:8443/r/garden#hush")
    assert link.secret == "hush"
    assert link.signalling_url == "wss://home.example:8443/r/garden/signalling"
    assert link.origin == "https://home.example:8443"


def test_with_a_pin_participants_speak_tls_whatever_the_pages_come_by():
    link = parse_link(f"http://home.example:8440/r/garden#hush.{'p' * 43}")
    assert (link.secret, link.pin) == ("hush", "p" * 43)
    assert link.signalling_url == "wss://home.example:8440/r/garden/signalling"
    assert link.carrier_url == "wss://home.example:8440/r/garden/carrier"
    assert link.origin == "http://home.example:8440"
    assert parse_link(f"http://home.example/r/garden#.{'p' * 43}").secret == ""
    assert parse_link("http://home.example/r/garden#hush").carrier_url.startswith("ws://")


def test_a_link_as_people_paste_it_is_understood():
    link = parse_link("  HTTP://192.0.2.7:8443/r/garden/#hush\n")
    assert link == RoomLink("192.0.2.7", 8443, "garden", "hush")


def test_the_port_may_be_left_out():
    assert parse_link("http://home.example/r/garden").port == 80
    assert parse_link("https://home.example/r/garden").port == 443


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garden",
        "ftp://home.example/r/garden",
        "http:///r/garden",
        "http://home.example",
        "http://home.example/garden",
        "http://home.example/r/gar den",
        "http://home.example/r/garden?x=1",
        "http://home.example:99999/r/garden",
        "http://home.example:0/r/garden",
        "http://[::1/r/garden",
        "http://me@home.example/r/garden",
        "http://home.example/r/garden#hush hush",
        "http://home.example/r/garden#hush.",
        "http://home.example/r/garden#hush.short",
        "http://home.example/r/garden#hush.a.b",
        "http://ho\x1bme/r/garden",
    ],
)
def test_what_is_no_room_link_is_told_in_a_sentence(text):
    with pytest.raises(LinkError, match=r"link|host name|port"):
        parse_link(text)


@given(st.text())
def test_any_text_at_all_is_a_link_or_a_link_error(text):
    for candidate in (text, f"http://{text}", f"http://home.example/r/{text}"):
        try:
            parse_link(candidate)
        except LinkError:
            continue
