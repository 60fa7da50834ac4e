"""The file of a device's key."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from presence.client.device import default_device_file, device_key, device_name
from presence.client.doctor import Check, check_device, examine
from presence.client.finding import Verdict
from presence.errors import UsageError


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    file = tmp_path / "new" / "device.pem"
    key = device_key(file)
    assert device_key(file).private_bytes_raw() == key.private_bytes_raw()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]


def test_two_devices_have_two_keys(tmp_path):
    one, two = (device_key(tmp_path / name) for name in ("one", "two"))
    assert one.private_bytes_raw() != two.private_bytes_raw()


def test_who_begin_at_once_are_one_device(tmp_path):
    file = tmp_path / "device.pem"
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: device_key(file).private_bytes_raw(), range(16)))
    assert len(set(keys)) == 1


def test_it_is_kept_in_the_users_configuration(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_device_file() == tmp_path / "presence" / "device.pem"
    device_key()
    assert default_device_file().is_file()
    monkeypatch.setenv("XDG_CONFIG_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_device_file() == tmp_path / ".config" / "presence" / "device.pem"


def test_the_doctor_looks_at_the_key_and_makes_none(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert check_device().sentence.startswith("none yet")
    assert list(tmp_path.iterdir()) == []
    public = device_key().public_key().public_bytes_raw()
    assert device_name() == public[:4].hex()
    assert check_device().sentence.startswith(f"{device_name()}…")
    default_device_file().write_bytes(b"")
    (found,) = examine([Check("device key", check_device)])
    assert found.finding.verdict is Verdict.FAIL
    assert "damaged" in found.finding.sentence


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN", b"\xff" * 200])
def test_a_damaged_key_is_named_with_its_cure_and_left_alone(tmp_path, damage):
    file = tmp_path / "device.pem"
    device_key(file)
    file.write_bytes(damage)
    with pytest.raises(UsageError, match=r"device\.pem is damaged; put it back"):
        device_key(file)
    assert file.read_bytes() == damage


def test_a_key_of_another_kind_is_no_device_key(tmp_path):
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    file = tmp_path / "device.pem"
    other = X25519PrivateKey.generate()
    file.touch(0o600)
    file.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(UsageError, match="damaged"):
        device_key(file)


def test_a_key_that_others_can_read_is_refused_with_the_cure(tmp_path):
    file = tmp_path / "device.pem"
    device_key(file)
    file.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        device_key(file)


def test_what_is_no_file_is_named_with_its_cure(tmp_path):
    with pytest.raises(UsageError, match="name another file with --device"):
        device_key(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="--device"):
        device_key(tmp_path / "file" / "device.pem")


def test_a_link_without_its_secret_is_refused_before_anything_is_made(tmp_path):
    device = tmp_path / "device.pem"
    options = ("--view", "none", "--device", str(device))
    ran = subprocess.run(
        [sys.executable, "-m", "presence", "join", "http://127.0.0.1:9/r/room", *options],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "500"},
    )
    assert ran.returncode == 2
    assert "lacks the secret after its #" in ran.stderr
    assert not device.exists()
