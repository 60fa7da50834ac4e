import logging

import pytest

from presence.host.kept_key import RELAY_KEY, RESUME_KEY, kept_key
from presence.resources import state_folder


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path):
    folder = tmp_path / "new" / "folder"
    key = kept_key(RESUME_KEY, folder)
    assert len(key) == 32
    assert kept_key(RESUME_KEY, folder) == key
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert kept_key(RESUME_KEY, tmp_path / "another") != key
    assert kept_key(RELAY_KEY, folder) != key


@pytest.mark.parametrize(
    ("name", "loss"),
    [(RESUME_KEY, "everybody gets a new number"), (RELAY_KEY, "does not know this host")],
)
def test_where_no_key_can_be_kept_the_host_runs_on_and_says_what_it_means(
    name, loss, tmp_path, caplog
):
    blocked = tmp_path / "file"
    blocked.touch()
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / name).write_bytes(b"short")
    for folder in (blocked / "folder", damaged):
        with caplog.at_level(logging.WARNING):
            assert len(kept_key(name, folder)) == 32
        assert loss in caplog.records[-1].getMessage()


def test_state_is_kept_where_the_environment_says(tmp_path):
    assert state_folder({"PRESENCE_STATE": "/a"}).as_posix() == "/a"
    assert state_folder({"XDG_STATE_HOME": "/b"}).as_posix() == "/b/presence"
    assert state_folder({"XDG_STATE_HOME": "b"}).as_posix().endswith("/.local/state/presence")
