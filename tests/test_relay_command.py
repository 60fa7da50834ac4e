"""``presence relay``: options, the configuration file, and sentences for what is wrong in them."""

import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from relay_people import KEY
from typer.testing import CliRunner

from presence.cli import app
from presence.errors import UsageError
from presence.relay import server
from presence.relay.admission import public_text

PUBLIC = public_text(KEY)


@pytest.fixture
def relay(monkeypatch):
    """Runs the command; gives the settings with which a relay would run, or raises why not."""
    monkeypatch.setattr("presence.relay.logs.set_up_logging", lambda settings: None)
    ran = []
    monkeypatch.setattr(server, "run_relay", lambda settings, announce: ran.append(settings))

    def command(*arguments):
        ran.clear()
        result = CliRunner().invoke(app, ["relay", *map(str, arguments)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return ran[0] if ran else re.sub(r"[\s│]+", " ", result.output)

    return command


def test_without_more_than_a_key_a_relay_is_what_most_want(relay):
    settings = relay("--host-key", PUBLIC)
    assert [key.public_bytes_raw() for key in settings.keys] == [
        KEY.public_key().public_bytes_raw()
    ]
    assert (settings.bind, settings.port, settings.workers) == (None, 8441, 1)
    assert settings.metrics is settings.certificate is settings.key is None
    assert (settings.log.form, settings.log.addresses) == ("text", False)


def test_a_file_says_the_same_by_the_same_names_and_the_command_line_goes_first(relay, tmp_path):
    file = tmp_path / "relay.toml"
    file.write_text(
        f"""
        host-key = ["{PUBLIC}", "{PUBLIC}"]
        port = 9000
        workers = 3
        drain = 30
        metrics = "[::1]:9441"
        log = "json"
        log-addresses = true
        certificate = "a.pem"
        key = "b.pem"
        rooms = 7
        room-people = 40
        people = 99
        joins = 2.5
        address-joins = 1.5
        address-connections = 3
        envelopes = 111
        kib = 12
        """
    )
    settings = relay("--config", file, "--port", 9001)
    assert len(settings.keys) == 2
    assert (settings.port, settings.workers, settings.drain_s) == (9001, 3, 30.0)
    assert settings.metrics == ("::1", 9441)
    assert (settings.log.form, settings.log.addresses) == ("json", True)
    assert (settings.certificate.name, settings.key.name) == ("a.pem", "b.pem")
    limits = settings.limits
    assert (limits.rooms, limits.capacity, limits.people) == (7, 40, 99)
    assert (limits.joins_per_s, limits.address_joins_per_s) == (2.5, 1.5)
    assert (limits.address_connections, limits.envelopes_per_s) == (3, 111.0)
    assert limits.kib_per_s == 12.0
    assert limits.bundles_per_s == 222.0


def test_the_keys_of_hosts_are_read_again_from_the_file_that_they_came_from(relay, tmp_path):
    file = tmp_path / "relay.toml"
    file.write_text(f'host-key = ["{PUBLIC}"]')
    other = public_text(Ed25519PrivateKey.generate())
    assert relay("--config", file, "--host-key", other).read_keys is None
    settings = relay("--config", file)
    file.write_text(f'host-key = ["{PUBLIC}", "{other}"]')
    assert len(settings.read_keys()) == 2
    file.write_text("host-key = []")
    with pytest.raises(UsageError, match="give --host-key"):
        settings.read_keys()
    file.write_text("host-keys = ")
    with pytest.raises(UsageError, match="no TOML"):
        settings.read_keys()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prot = 1", "sets 'prot', which a relay does not know; did you mean 'port'"),
        ("xyzzy = 1", "a relay does not know; it knows address-connections, .*workers"),
        ("[limits]\nrooms = 1", "'limits', which a relay does not know"),
        ("[rooms]\na = 1", "has a table 'rooms'"),
        ("config = 'another'", "'config', which a relay does not know"),
        ("port = ", "is no TOML"),
        (b"\xff\xfe", "no text in UTF-8"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_file_that_is_wrong_is_a_sentence(relay, tmp_path, text, sentence):
    file = tmp_path / "relay.toml"
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=sentence):
        relay("--config", file)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "give --host-key, that host's public key"),
        (["--host-key", "short"], "43 letters"),
        (["--host-key", PUBLIC, "--certificate", "a.pem"], "--certificate and --key belong"),
        (["--host-key", PUBLIC, "--log", "xml"], "--log is one of text, json"),
        (["--host-key", PUBLIC, "--log-level", "loud"], "--log-level is one of debug"),
        (["--host-key", PUBLIC, "--metrics", "home.example:1"], "names no place to listen"),
        (["--host-key", PUBLIC, "--metrics", "99999"], "names no place to listen"),
    ],
)
def test_what_cannot_be_is_a_sentence(relay, arguments, sentence):
    with pytest.raises(UsageError, match=sentence):
        relay(*arguments)


def test_a_value_of_another_kind_is_told_by_its_name(relay, tmp_path):
    file = tmp_path / "relay.toml"
    file.write_text(f'host-key = ["{PUBLIC}"]\nport = "many"')
    assert "'--port'" in relay("--config", file)


@pytest.mark.parametrize(
    ("text", "where"),
    [("9441", ("127.0.0.1", 9441)), ("192.0.2.7:1", ("192.0.2.7", 1)), (":0", ("127.0.0.1", 0))],
)
def test_metrics_are_for_this_machine_alone_unless_an_address_is_given(relay, text, where):
    assert relay("--host-key", PUBLIC, "--metrics", text).metrics == where


def test_no_workers_named_is_one_a_core(relay, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    assert relay("--host-key", PUBLIC, "--workers", 0).workers == 6


def test_help_tells_of_every_option(relay):
    text = relay("--help")
    for option in ("--host-key", "--config", "--workers", "--drain", "--metrics", "--certificate"):
        assert option in text
