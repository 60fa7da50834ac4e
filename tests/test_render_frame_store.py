import numpy as np
import pytest

from presence.errors import RenderError
from presence.render.frame_store import FrameStore


def plain(red, green, blue, size=(32, 16)):
    return np.full((size[1], size[0], 3), (red, green, blue), dtype=np.uint8)


def test_frames_come_back_in_order_with_their_times(tmp_path):
    path = tmp_path / "calls" / "left-eye"
    with FrameStore(path, (32, 16)) as store:
        store.append(plain(255, 255, 255), 1_000_000_000_007)
        store.append(plain(0, 0, 0), 1_000_033_000_000)
        assert store.count == 2
    frames = list(FrameStore.read(path))
    assert [time for _, time in frames] == [1_000_000_000_007, 1_000_033_000_000]
    (white, _), (black, _) = frames
    assert white.shape == (24, 32)
    # BT.709 in the range that broadcast video keeps to: 16 to 235, colour about 128.
    assert np.unique(white[:16]).tolist() == [235] and np.unique(black[:16]).tolist() == [16]
    assert np.abs(white[16:].astype(int) - 128).max() <= 1


def test_red_is_red_by_bt709(tmp_path):
    with FrameStore(tmp_path / "frames", (32, 16)) as store:
        store.append(plain(255, 0, 0), 0)
    ((planes, _),) = FrameStore.read(tmp_path / "frames")
    # ITU-R BT.709: Y' = 16 + 219 × 0.2126.
    assert abs(int(planes[0, 0]) - 63) <= 1


def test_a_frame_cut_short_is_as_if_never_written(tmp_path):
    path = tmp_path / "frames"
    with FrameStore(path, (32, 16)) as store:
        for i in range(3):
            store.append(plain(0, 0, 0), i)
    path.write_bytes(path.read_bytes()[:-5])
    assert [time for _, time in FrameStore.read(path)] == [0, 1]


def test_odd_sizes_and_other_shapes_are_refused(tmp_path):
    with pytest.raises(ValueError, match="33×16"):
        FrameStore(tmp_path / "odd", (33, 16))
    with (
        FrameStore(tmp_path / "frames", (32, 16)) as store,
        pytest.raises(ValueError, match="32×16"),
    ):
        store.append(plain(0, 0, 0, size=(16, 32)), 0)


def test_what_holds_no_frames_is_named(tmp_path):
    (tmp_path / "other").write_bytes(b"something else altogether")
    with pytest.raises(RenderError, match="other does not hold frames"):
        list(FrameStore.read(tmp_path / "other"))
    with pytest.raises(RenderError, match="missing"):
        list(FrameStore.read(tmp_path / "missing"))
