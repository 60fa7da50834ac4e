"""Datagrams, many at a time, by either way that there is."""

import socket
import sys
import time

import pytest

from presence.relay.datagrams import (
    LEAVING_AT_ONCE,
    STRIDE,
    TAKEN_AT_ONCE,
    Datagrams,
    open_datagrams,
)

WAIT_S = 20.0


def single():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind(("127.0.0.1", 0))
    return Datagrams(sock)


def several():
    return open_datagrams(socket.AF_INET, 0)


@pytest.fixture(params=[single, several])
def port(request):
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def other():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(WAIT_S)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        yield sock


def take(port, count):
    """What came, once so many did: bytes and from where."""
    came = []
    ends = time.monotonic() + WAIT_S
    while len(came) < count and time.monotonic() < ends:
        for number in range(port.receive()):
            begin = number * STRIDE
            data = bytes(port.came[begin : begin + port.lengths[number]])
            came.append((data, port.key(number), port.way(number)))
    return came


def test_what_comes_is_taken_with_from_where(port, other):
    sent = [bytes([number]) * (1 + 17 * number) for number in range(TAKEN_AT_ONCE + 5)]
    for data in sent:
        other.sendto(data, ("127.0.0.1", port.port))
    came = take(port, len(sent))
    assert [data for data, _, _ in came] == sent
    assert len({key for _, key, _ in came}) == 1
    assert came[-1][2].address == other.getsockname()
    assert port.taken == len(sent)
    assert port.receive() == 0


def test_what_is_given_leaves_with_the_flush_and_before_that_nothing(port, other):
    other.sendto(b"hello", ("127.0.0.1", port.port))
    ((_, _, way),) = take(port, 1)
    first = []
    port.on_first = lambda: first.append(port.slot)
    for number in range(5):
        port.send(bytes([number]) * (1 + 200 * number), way)
    assert len(first) == 1
    other.setblocking(False)
    with pytest.raises(BlockingIOError):
        other.recv(2048)
    other.settimeout(WAIT_S)
    port.flush()
    assert [other.recv(2048) for _ in range(5)] == [bytes([n]) * (1 + 200 * n) for n in range(5)]
    assert (port.left, port.unsent, port.slot) == (5, 0, 0)


def test_when_all_places_are_taken_they_leave_by_themselves(port, other):
    other.sendto(b"hello", ("127.0.0.1", port.port))
    ((_, _, way),) = take(port, 1)
    for number in range(LEAVING_AT_ONCE + 1):
        port.send(number.to_bytes(2, "big"), way)
    assert port.slot == 1
    port.flush()
    got = [other.recv(2048) for _ in range(LEAVING_AT_ONCE + 1)]
    assert got == [number.to_bytes(2, "big") for number in range(LEAVING_AT_ONCE + 1)]


def test_one_that_cannot_be_sent_is_counted_and_the_others_leave(port, other):
    other.sendto(b"hello", ("127.0.0.1", port.port))
    ((_, _, way),) = take(port, 1)
    port.send(b"before", way)
    # Longer than any datagram may be.
    port.add(100_000, way) if isinstance(port, _many()) else port._to.append((1, _nowhere(port)))
    port.slot = max(port.slot, 2)
    port.send(b"after", way)
    port.flush()
    assert (other.recv(2048), other.recv(2048)) == (b"before", b"after")
    assert (port.left, port.unsent) == (2, 1)


def _many():
    if sys.platform != "linux":
        return ()
    from presence.relay.many_datagrams import ManyDatagrams

    return ManyDatagrams


def _nowhere(port):
    from presence.relay.datagrams import Way

    return Way(port, "nowhere", ("255.255.255.255", 9))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says where a datagram was sent to")
@pytest.mark.parametrize(
    ("family", "spoken_to", "asker"),
    [(socket.AF_INET, "127.0.0.2", "127.0.0.3"), (socket.AF_INET6, "::1", "::1")],
)
def test_an_answer_leaves_from_the_address_that_was_spoken_to(family, spoken_to, asker):
    port = open_datagrams(family, 0)
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((asker, 0))
        sock.settimeout(WAIT_S)
        sock.sendto(b"hello", (spoken_to, port.port))
        ((_, _, way),) = take(port, 1)
        assert way.address == sock.getsockname()[:2]
        port.send(b"yes", way)
        port.flush()
        data, source = sock.recvfrom(2048)
        assert (data, source[:2]) == (b"yes", (spoken_to, port.port))
    port.close()
