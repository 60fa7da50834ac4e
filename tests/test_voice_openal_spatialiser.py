"""OpenAL Soft, where it can go wrong by itself."""

import numpy as np
import pytest
from binaural import heard, splatter_db, tone

from presence.voice import openal, openal_spatialiser
from presence.voice.openal_spatialiser import OpenALSpatialiser
from presence.voice.spatial import Mixer

try:
    openal.load_openal()
except openal.OpenALMissingError as missing:
    pytest.skip(str(missing), allow_module_level=True)

PLACE = np.array([1.0, 0.0, -1.5])


def rendered(mixer):
    mixer.add(1, PLACE)
    sound = heard(mixer, tone(1.0))[9600:]
    mixer.close()
    return sound


def test_a_source_never_runs_out_because_silence_is_ahead_of_it():
    spatialiser = OpenALSpatialiser(room=False)
    assert splatter_db(rendered(Mixer(spatialiser))) < -80
    assert spatialiser.restarts == 0


def test_a_source_that_is_used_again_has_silence_ahead_of_it_too():
    spatialiser = OpenALSpatialiser(room=False)
    mixer = Mixer(spatialiser)
    for stream in (5, 6):
        mixer.add(stream, PLACE)
        heard(mixer, tone(0.2), stream=stream)
        mixer.remove(stream)
        for _ in range(3):
            mixer.render()
    assert len(spatialiser._sources) == 1
    assert splatter_db(rendered(mixer)) < -80
    assert spatialiser.restarts == 0


def test_without_silence_ahead_a_source_begins_anew_with_every_block(monkeypatch):
    # That is why there is some: if this no longer fails, it can go.
    monkeypatch.setattr(openal_spatialiser, "LEAD", 0)
    spatialiser = OpenALSpatialiser(room=False)
    assert splatter_db(rendered(Mixer(spatialiser))) > -40
    assert spatialiser.restarts > 40


def test_two_mixers_on_one_thread_do_not_hear_each_other():
    mixers = [Mixer(OpenALSpatialiser(room=False)) for _ in range(2)]
    for mixer in mixers:
        mixer.add(1, PLACE)
    for block in tone(0.2):
        mixers[0].write(1, block)
        assert np.abs(mixers[0].render()).max() > 0.01
        assert np.abs(mixers[1].render()).max() == 0.0
    for mixer in mixers:
        mixer.close()


def test_mixers_are_opened_and_closed_over_and_over():
    for _ in range(20):
        mixer = Mixer(OpenALSpatialiser())
        mixer.add(1, PLACE)
        mixer.render()
        mixer.close()
        mixer.close()


def test_a_library_that_is_not_there_is_said_with_its_package(monkeypatch):
    def nothing(name):
        raise OSError(name)

    monkeypatch.setattr(openal.ctypes, "CDLL", nothing)
    with pytest.raises(openal.OpenALMissingError, match="libopenal1"):
        openal.load_openal()


def test_a_library_that_is_too_old_is_said(monkeypatch):
    class Old:
        pass

    monkeypatch.setattr(openal.ctypes, "CDLL", lambda name: Old())
    with pytest.raises(openal.OpenALMissingError, match=r"1\.19"):
        openal.load_openal()
