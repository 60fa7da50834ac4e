"""Models of others: fetched when asked for, checked by their hash, and never from afar in tests."""

import functools
import hashlib
import http.server
import threading

import pytest
from typer.testing import CliRunner

from presence.client import models as them
from presence.client.models import MODELS, fetch_model, kept_model, models
from presence.errors import PresenceError, UsageError

pytest.importorskip("pooch")


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A model that a server on this machine has, in place of the real one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "served"
    folder.mkdir()
    content = b"a model, or so it says"
    (folder / "face_landmarker.task").write_bytes(content)
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    model = them.Model(
        file="face_landmarker.task",
        address=f"http://127.0.0.1:{server.server_port}/face_landmarker.task",
        sha256=hashlib.sha256(content).hexdigest(),
        use="tests",
        licence="ours",
    )
    monkeypatch.setitem(MODELS, "face", model)
    yield folder / "face_landmarker.task"
    server.shutdown()
    server.server_close()
    thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_a_model_is_fetched_once_and_kept(served):
    assert kept_model("face") is None
    path = fetch_model("face")
    assert path.read_bytes() == served.read_bytes()
    assert kept_model("face") == path
    served.unlink()
    assert fetch_model("face") == path


def test_what_is_not_the_model_is_not_kept(served):
    served.write_bytes(b"something else")
    with pytest.raises(PresenceError, match="not the model that it should be"):
        fetch_model("face")
    assert kept_model("face") is None


def test_a_model_that_cannot_be_fetched_is_a_sentence_with_the_cure(served):
    served.unlink()
    with pytest.raises(PresenceError, match="by hand"):
        fetch_model("face")
    with pytest.raises(UsageError, match="choose from face"):
        fetch_model("voice")


def test_the_command_says_whose_it_is_and_where_it_is_kept(served):
    said = CliRunner().invoke(models, ["fetch", "face"])
    assert said.exit_code == 0
    assert "ours" in said.output and "kept as" in said.output
    assert str(kept_model("face")) in CliRunner().invoke(models, ["list"]).output


def test_every_model_has_a_hash_a_licence_and_a_safe_address():
    for model in MODELS.values():
        assert len(bytes.fromhex(model.sha256)) == 32
        assert model.licence and model.use
        assert model.address.startswith("https://") and "latest" not in model.address
