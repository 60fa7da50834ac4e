import numpy as np
from PIL import Image

from presence.render.picture import read_picture, save_png
from presence.render.target import Target


def test_the_top_row_comes_first(gl):
    target = Target(gl, (5, 4))
    target.framebuffer.use()
    target.framebuffer.clear(0.0, 0.0, 1.0, 1.0)
    # OpenGL counts rows from the bottom.
    target.framebuffer.clear(1.0, 0.0, 0.0, 0.5, viewport=(0, 3, 5, 1))
    picture = read_picture(target)
    assert picture.shape == (4, 5, 3)
    assert picture[0, 2].tolist() == [255, 0, 0]
    assert picture[1, 2].tolist() == [0, 0, 255]
    assert read_picture(target, alpha=True)[0, 0].tolist() == [255, 0, 0, 128]
    target.release()


def test_a_png_holds_the_very_picture(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    save_png(picture, tmp_path / "new" / "picture.png")
    with Image.open(tmp_path / "new" / "picture.png") as read:
        np.testing.assert_array_equal(np.asarray(read), picture)
