"""Unpacking packages, with small programs in the place of apt and mmdebstrap."""

import os
import shutil
import sys

import pytest

from presence.errors import HeadsetError
from presence.headset import debian
from presence.headset.debian import unpack_packages

APT_GET = """
import sys
if sys.argv[1] == "indextargets":
    print("https://mirror.example/debian/ stable-updates main")
    print("https://mirror.example/security/ stable-security main")
    print("https://mirror.example/debian/ stable contrib")
    print("https://mirror.example/debian/ stable main")
"""
MMDEBSTRAP = """
import io, os, sys, tarfile
open(os.environ["ARGUMENTS"], "w").write("\\n".join(sys.argv[1:]))
def say(text): print(text, file=sys.stderr, flush=True)
say("I: running apt-get update...")
say("Get:1 https://mirror.example/debian trixie InRelease [140 kB]")
say("0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.")
say("Need to get 3 MB of archives.")
say("Get:1 https://mirror.example/debian trixie/main amd64 libc6 amd64 2.41-12 [2850 kB]")
say("Get:2 https://mirror.example/debian trixie/main amd64 monado-service amd64 25.0 [9 kB]")
say("I: extracting archives...")
archive = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")
for name in ("./usr/lib/wanted.so", "./usr/share/doc/unwanted"):
    entry = tarfile.TarInfo(name)
    entry.size, entry.uid = 4, 4711
    archive.addfile(entry, io.BytesIO(b"1234"))
archive.close()
"""
FAILS = """
import sys
print("W: GPG error: https://mirror.example trixie: no public key", file=sys.stderr)
print("E: The repository is not signed.", file=sys.stderr)
sys.exit(1)
"""


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Puts programs into an otherwise empty PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("tar",):
        (folder / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("ARGUMENTS", str(tmp_path / "arguments"))
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(debian, "_KEYRING", keyring)
    marker = tmp_path / "debian_version"
    marker.touch()
    monkeypatch.setattr(debian, "_DEBIAN", marker)

    def put(**named):
        for name, text in named.items():
            program = folder / name.replace("_", "-")
            program.write_text(f"#!{sys.executable} -IS\n{text}")
            program.chmod(0o755)

    put(apt_get=APT_GET, apt_config="print('')", mmdebstrap=MMDEBSTRAP)
    return put


def unpack(tmp_path, said=None):
    folder = tmp_path / "system"
    folder.mkdir()
    say = (lambda text: None) if said is None else said.append
    return unpack_packages("trixie", ["libc6", "monado-service"], ["./usr/lib/*"], folder, say)


def test_wanted_files_are_unpacked_and_versions_told(programs, tmp_path):
    said = []
    assert unpack(tmp_path, said) == {"libc6": "2.41-12", "monado-service": "25.0"}
    wanted = tmp_path / "system" / "usr" / "lib" / "wanted.so"
    assert wanted.read_bytes() == b"1234"
    assert wanted.stat().st_uid == os.getuid()
    assert not (tmp_path / "system" / "usr" / "share").exists()
    assert "downloading 3 MB in 2 packages" in said
    assert "downloaded 2 of 2 packages" in said


def test_the_archive_of_this_systems_apt_is_used_and_its_signature_required(programs, tmp_path):
    unpack(tmp_path)
    arguments = (tmp_path / "arguments").read_text().splitlines()
    keyring = tmp_path / "keyring.gpg"
    assert arguments[-3:] == [
        "trixie",
        "-",
        f"deb [signed-by={keyring}] https://mirror.example/debian/ trixie main",
    ]
    assert not [word for word in arguments if "Insecure" in word or "trusted" in word]
    assert "--include=libc6,monado-service" in arguments


def test_the_proxy_of_this_systems_apt_is_used(programs, tmp_path):
    programs(apt_config="print(\"PROXY='http://proxy.example:3142'\")")
    unpack(tmp_path)
    arguments = (tmp_path / "arguments").read_text()
    assert '--aptopt=Acquire::http::Proxy "http://proxy.example:3142"' in arguments


def test_a_failed_download_is_said_with_its_cause(programs, tmp_path):
    programs(mmdebstrap=FAILS)
    with pytest.raises(HeadsetError, match=r"not signed.*try again"):
        unpack(tmp_path)


def test_without_keys_nothing_is_downloaded(programs, tmp_path):
    (tmp_path / "keyring.gpg").unlink()
    with pytest.raises(HeadsetError, match="debian-archive-keyring"):
        unpack(tmp_path)
    assert not (tmp_path / "arguments").exists()


def test_without_mmdebstrap_another_user_is_told_what_to_install(programs, tmp_path, monkeypatch):
    (tmp_path / "bin" / "mmdebstrap").unlink()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(HeadsetError, match="sudo apt install mmdebstrap"):
        unpack(tmp_path)


def test_another_system_is_told_so(programs, tmp_path):
    (tmp_path / "debian_version").unlink()
    with pytest.raises(HeadsetError, match="Debian only"):
        unpack(tmp_path)


def test_a_system_without_a_mirror_is_told_so(programs, tmp_path):
    programs(apt_get="")
    with pytest.raises(HeadsetError, match="no Debian mirror"):
        unpack(tmp_path)
