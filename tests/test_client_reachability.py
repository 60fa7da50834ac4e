"""`presence doctor LINK`: the host, and the TURN server that it names."""

import pytest
from host_process import host_process
from typer.testing import CliRunner

from presence.cli import app
from presence.client import reachability
from presence.client.finding import Verdict
from presence.transport.turn_probe import Probed, Problem
from presence.wire.link import RoomLink, parse_link
from presence.wire.signalling import IceServer

TURN = IceServer(
    urls=("turn:turn.example:3478?transport=udp", "turn:turn.example:3478?transport=tcp"),
    username="u",
    credential="c",
)


def test_a_host_that_answers_and_a_turn_server_that_does_not_are_told_apart(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hush")
    # Nobody listens at the port of TCP's discard service.
    turn = ["--turn", "127.0.0.1:9", "--turn-secret-file", str(secret), "--turn-tls-port", "9"]
    with host_process(tmp_path, "--port", "0", *turn) as (_, link):
        told = CliRunner().invoke(app, ["doctor", str(link), "--json"])
    assert f"the room host at {link.origin} answers" in told.output
    assert "nothing listens at the TURN server's port, 127.0.0.1:9" in told.output
    assert told.exit_code == 1


def test_a_host_that_is_not_there_or_has_no_such_room_is_a_finding(tmp_path):
    with host_process(tmp_path, "--port", "0") as (_, link):
        found, servers = reachability.check_host(link)
        assert (found.verdict, servers) == (Verdict.OK, ())
        elsewhere = RoomLink("127.0.0.1", link.port, "elsewhere")
        found, _ = reachability.check_host(elsewhere)
        assert found.verdict is Verdict.FAIL
        assert "no such room" in found.sentence
    found, servers = reachability.check_host(link)
    assert found.verdict is Verdict.FAIL
    assert "there is no room host" in found.sentence
    assert servers == ()


def test_what_is_no_link_is_told():
    told = CliRunner().invoke(app, ["doctor", "nonsense"])
    assert "no room link" in str(told.exception)
    with pytest.raises(type(told.exception)):
        parse_link("nonsense")


@pytest.mark.parametrize(
    ("udp", "tcp", "verdict", "sentence"),
    [
        (None, None, Verdict.OK, "relays, by UDP, TCP"),
        (Problem.SILENT, None, Verdict.WARN, "is reached by TCP alone"),
        (Problem.CREDENTIALS, Problem.CREDENTIALS, Verdict.FAIL, "refuses the host's credentials"),
    ],
)
def test_each_way_to_the_turn_server_is_tried(monkeypatch, udp, tcp, verdict, sentence):
    async def ask(server):
        return Probed(server, {"UDP": udp, "TCP": tcp}[server.url.way])

    monkeypatch.setattr(reachability, "probe", ask)
    found = reachability.check_turn((TURN,))
    assert found.verdict is verdict
    assert sentence in found.sentence
    assert bool(found.cure) == (verdict is not Verdict.OK)


def test_a_host_without_a_turn_server_is_a_warning():
    assert reachability.check_turn(()).verdict is Verdict.WARN
