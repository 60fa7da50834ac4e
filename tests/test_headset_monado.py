import threading
import time

import pytest

from presence.errors import HeadsetError
from presence.headset import installation, monado
from presence.headset.bundle import FORMAT, Bundle
from presence.headset.monado import main, prepare_monado


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PRESENCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(installation, "_SYSTEM_MANIFESTS", ())
    return tmp_path / "cache"


def build(partial, text="whole"):
    folder = partial / "bundle"
    folder.mkdir()
    (folder / "file").write_text(text)
    (folder / "bundle.json").write_text(
        f'{{"format": {FORMAT}, "packages": {{}}, "files": {{"file": {len(text)}}}}}'
    )
    return Bundle(folder)


def quiet(_text):
    pass


def test_it_is_prepared_once(cache, monkeypatch):
    built = []
    monkeypatch.setattr(
        monado, "_build", lambda partial, lock, say: built.append(1) or build(partial)
    )
    first = prepare_monado(quiet)
    assert prepare_monado(quiet) == first == installation.find_monado()
    assert len(built) == 1
    assert first.bundle.complete()


def test_it_is_prepared_again_when_asked_or_damaged(cache, monkeypatch):
    built = []
    monkeypatch.setattr(
        monado, "_build", lambda partial, lock, say: built.append(1) or build(partial)
    )
    prepared = prepare_monado(quiet)
    prepare_monado(quiet, again=True)
    assert len(built) == 2
    (prepared.bundle.folder / "file").unlink()
    assert installation.find_monado() is None
    assert prepare_monado(quiet).bundle.complete()
    assert len(built) == 3


def test_two_that_ask_at_once_do_the_work_once(cache, monkeypatch):
    built, begun, go = [], threading.Event(), threading.Event()

    def slow(partial, lock, say):
        built.append(1)
        begun.set()
        assert go.wait(10)
        return build(partial)

    monkeypatch.setattr(monado, "_build", slow)
    said, results = [], []
    first = threading.Thread(target=lambda: results.append(prepare_monado(quiet)))
    first.start()
    assert begun.wait(10)
    second = threading.Thread(target=lambda: results.append(prepare_monado(said.append)))
    second.start()
    deadline = time.monotonic() + 10
    while not said and time.monotonic() < deadline:
        time.sleep(0.01)
    go.set()
    first.join()
    second.join()
    assert len(built) == 1
    assert said == ["waiting for another process that is preparing it"]
    assert results[0] == results[1]


@pytest.mark.parametrize("cause", [KeyboardInterrupt, HeadsetError, OSError])
def test_an_interrupted_preparation_leaves_nothing_and_is_done_again(cache, monkeypatch, cause):
    def interrupted(partial, lock, say):
        build(partial)
        raise cause("stopped")

    monkeypatch.setattr(monado, "_build", interrupted)
    with pytest.raises(cause):
        prepare_monado(quiet)
    assert installation.find_monado() is None
    assert [path.suffix for path in cache.iterdir()] == [".lock"]
    monkeypatch.setattr(monado, "_build", lambda partial, lock, say: build(partial))
    assert prepare_monado(quiet).bundle.complete()


def test_what_a_killed_preparation_left_is_removed(cache, monkeypatch):
    leftover = cache / f"{installation.bundle_folder().name}.partial-abc" / "system"
    leftover.mkdir(parents=True)
    monkeypatch.setattr(monado, "_build", lambda partial, lock, say: build(partial))
    prepare_monado(quiet)
    assert not leftover.parent.exists()


def test_a_cache_that_cannot_be_made_is_said_in_words(tmp_path, cache, monkeypatch):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(HeadsetError, match="PRESENCE_CACHE"):
        prepare_monado(quiet)


def test_the_command_says_where_it_is(cache, monkeypatch, capsys):
    assert main(["path"]) == 1
    assert "prepare" in capsys.readouterr().err
    monkeypatch.setattr(
        monado, "_build", lambda partial, lock, say: say("building") or build(partial)
    )
    assert main(["prepare"]) == 0
    captured = capsys.readouterr()
    assert "building" in captured.err
    assert main(["path"]) == 0
    assert capsys.readouterr().out == captured.out != ""


def test_the_command_prints_errors_as_sentences(cache, capsys):
    assert main(["run", "true"]) == 1
    assert main(["prepare"]) == 1
    complaints = capsys.readouterr().err.splitlines()
    assert all(line.startswith("Monado: ") for line in complaints)
