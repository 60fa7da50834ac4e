"""What the doctor says of other programs."""

import socket
from contextlib import closing

from presence.client.finding import Verdict
from presence.client.program_checks import check_programs
from presence.client.settings import Settings


def bound():
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind(("127.0.0.1", 0))
    return taken, taken.getsockname()[1]


def settings(vmc, live_link):
    return Settings(link="", vmc=f"127.0.0.1:{vmc}", live_link=f"127.0.0.1:{live_link}")


def test_where_programs_are_to_send_is_told_and_the_ports_are_left_free():
    (one, vmc), (two, phone) = bound(), bound()
    one.close()
    two.close()
    for _ in range(2):
        found = check_programs(settings(vmc, phone))
        assert found.verdict is Verdict.OK
        assert f"VMC at 127.0.0.1, port {vmc}" in found.sentence
        assert f"Live Link Face at 127.0.0.1, port {phone}" in found.sentence


def test_a_port_that_another_has_is_told_with_the_option_that_names_one():
    (one, vmc), (two, phone) = bound(), bound()
    two.close()
    with closing(one):
        found = check_programs(settings(vmc, phone))
    assert found.verdict is Verdict.WARN
    assert found.sentence == f"UDP port {vmc} is in use, so no VMC can come in"
    assert "by --vmc," in found.cure


def test_two_ports_that_others_have_are_told_together():
    (one, vmc), (two, phone) = bound(), bound()
    with closing(one), closing(two):
        found = check_programs(settings(vmc, phone))
    assert str(vmc) in found.sentence and str(phone) in found.sentence
    assert "--vmc and --live-link" in found.cure
