import av
import numpy as np
import pytest

from presence.clock import MILLISECOND, SECOND
from presence.render.frame_store import FrameStore
from presence.render.video import Sound, encode_video

SIZE = (96, 64)
TIMES_MS = (0, 33, 66, 133, 140, 400, 433)


def moving_bar(i):
    picture = np.full((SIZE[1], SIZE[0], 3), (180, 150, 120), dtype=np.uint8)
    picture[:, 8 * i : 8 * i + 8] = (30, 60, 200)
    return picture


def frames(times_ms=TIMES_MS, begin=5 * SECOND):
    return [(moving_bar(i), begin + ms * MILLISECOND) for i, ms in enumerate(times_ms)]


def decoded(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        shown = [(f.time, f.to_ndarray(format="rgb24")) for f in container.decode(stream)]
        return stream.codec_context, shown


def test_every_frame_is_shown_when_it_was(tmp_path):
    path = tmp_path / "out" / "call.mp4"
    told = []
    assert encode_video(frames(), path, progress=told.append) == len(TIMES_MS)
    assert told == list(range(1, len(TIMES_MS) + 1))
    codec, shown = decoded(path)
    assert codec.name == "h264" and codec.pix_fmt == "yuv420p"
    np.testing.assert_allclose([t for t, _ in shown], np.array(TIMES_MS) / 1000.0, atol=1e-4)


def test_the_pictures_survive(tmp_path):
    path = tmp_path / "call.mp4"
    encode_video(frames(), path)
    for i, (_, picture) in enumerate(decoded(path)[1]):
        error = np.abs(picture.astype(int) - moving_bar(i))
        assert np.median(error) <= 6
        bar = picture[:, 8 * i + 2 : 8 * i + 6].mean(axis=(0, 1))
        assert bar[2] > bar[0] + 100


def test_kept_frames_encode_like_the_pictures_themselves(tmp_path):
    with FrameStore(tmp_path / "frames", SIZE) as store:
        for picture, time_ns in frames():
            store.append(picture, time_ns)
    assert encode_video(FrameStore.read(tmp_path / "frames"), tmp_path / "kept.mp4") == 7
    encode_video(frames(), tmp_path / "direct.mp4")
    for (_, kept), (_, direct) in zip(
        decoded(tmp_path / "kept.mp4")[1], decoded(tmp_path / "direct.mp4")[1], strict=True
    ):
        assert np.abs(kept.astype(int) - direct).mean() < 2.0


def test_the_index_comes_first_so_that_playing_can_begin_at_once(tmp_path):
    encode_video(frames(), tmp_path / "call.mp4")
    data = (tmp_path / "call.mp4").read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


def test_a_frame_that_is_not_later_is_left_out(tmp_path):
    assert encode_video(frames((0, 33, 33, 20, 66)), tmp_path / "call.mp4") == 3
    assert len(decoded(tmp_path / "call.mp4")[1]) == 3


def test_no_frames_make_no_video(tmp_path):
    with pytest.raises(ValueError, match=r"no frames to make .*call\.mp4"):
        encode_video([], tmp_path / "call.mp4")
    assert not (tmp_path / "call.mp4").exists()


@pytest.mark.parametrize("lead_ms", [-300, 0, 700])
def test_what_was_heard_is_heard_when_it_was(tmp_path, lead_ms):
    """A click on the left, 400 ms after the first frame, by whatever clock the sound began."""
    times = tuple(range(0, 1000, 33))
    begin = 5 * SECOND
    samples = np.zeros((2 * 48_000, 2), dtype=np.float32)
    click = round((400 + lead_ms) * 48)
    samples[click : click + 480, 0] = 0.8 * np.sin(np.arange(480) * 0.4)
    sound = Sound(samples, 48_000, begin - lead_ms * MILLISECOND)
    path = tmp_path / "call.mp4"
    encode_video([(moving_bar(0), begin + t * MILLISECOND) for t in times], path, sound=sound)
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == len(times)
        heard = list(container.decode(container.streams.audio[0]))
    wave = np.concatenate([frame.to_ndarray() for frame in heard], axis=1)
    loud = np.flatnonzero(np.abs(wave[0]) > 0.2)
    at = heard[0].time + loud[0] / 48_000
    assert at == pytest.approx(0.4, abs=0.003)
    assert np.abs(wave[1]).max() < 0.05
    assert heard[0].time + wave.shape[1] / 48_000 == pytest.approx(0.99, abs=0.05)
