from dataclasses import replace

import moderngl
import numpy as np
import pytest
from capsule_person import capsule_person
from gl_context import EYE_HEIGHT, eye, facing_viewer, person, picture_of

from presence.headset.frames import FieldOfView
from presence.pose.proportions import default_proportions
from presence.pose.rigid import Rigid
from presence.pose.skeleton import INDEX
from presence.render.eye import Eye, stereo_eyes
from presence.render.picture import read_picture
from presence.render.renderer import Background, Renderer, View
from presence.render.speaking_ring import CLEARANCE, speaking_rings
from presence.render.target import Target
from presence.scene.head import head_of
from presence.scene.posing import NOBODY, pose_stage
from presence.scene.stage import Stage
from presence.scene.triangle import triangle_avatar

AVATAR = capsule_person(default_proportions(1.7), segments=16, rings=12)
TALL = capsule_person(default_proportions(1.95), segments=12, rings=8)
UNSEEN = replace(AVATAR, mesh=replace(AVATAR.mesh, triangles=np.zeros((1, 3), dtype=np.uint32)))
"""The same person, of whom nothing is drawn: what is seen is the ring."""
REACH = 0.064
"""Of ``shaders/ring.vert``: metres from the middle of a ring seen close by to its end."""
TOP = float(head_of(AVATAR).points[:, 1].max())
ABOVE = TOP + CLEARANCE + REACH
"""Metres above the floor of the middle of AVATAR's ring, seen from close by."""


@pytest.fixture
def people_only(gl):
    renderer = Renderer(gl, background=Background.TRANSPARENT)
    yield renderer
    renderer.release()


def speaker(loudness, place=None, avatar=AVATAR, **how):
    return replace(person(avatar, place or facing_viewer(1.2), **how), speaking=loudness)


def rings_of(*people):
    return speaking_rings([head_of(each.avatar) for each in people], pose_stage(Stage(people)))


def over_head(renderer, *people, height=ABOVE, **how):
    """What is seen of 40 cm squared round the ring of somebody 1.2 m ahead, with alpha."""
    look = eye((0.0, height, 0.0), half=np.arctan2(0.2, 1.2))
    return picture_of(renderer, people, look, alpha=True, **how).astype(int)


def extent(picture, least=100):
    """How many rows and columns hold something at least that green; shadows are not."""
    green = picture[..., 1] >= least
    return np.array([np.ptp(np.flatnonzero(green.any(axis=axis))) + 1 for axis in (1, 0)])


def test_nobody_who_is_silent_has_a_ring():
    assert speaking_rings([], NOBODY).shape == (0, 5)
    assert rings_of(speaker(0.0), speaker(0.0, facing_viewer(2.0))).shape == (0, 5)
    assert rings_of(speaker(0.001)).shape == (0, 5), "too soft to be seen"


def test_whoever_speaks_has_a_ring_over_the_middle_of_the_head():
    silent, loud = speaker(0.0, facing_viewer(1.0, 0.9)), speaker(0.7, facing_viewer(1.5, 0.4))
    rows = rings_of(silent, loud)
    joint = AVATAR.proportions.rest_positions()[INDEX["head"]]
    expected = [0.4 - joint[0], TOP + CLEARANCE, -1.5 - joint[2], 0.7, 1.0]
    np.testing.assert_allclose(rows, [expected], atol=2e-3)


def test_rings_are_over_the_hair_of_whoever_is_scaled_to_their_wearer():
    wearer = default_proportions(1.4)
    someone = replace(speaker(1.0, avatar=TALL), proportions=wearer)
    posed = pose_stage(Stage([someone]))
    assert posed.scales[0] < 0.75
    head = posed.joints[0, INDEX["head"], 1]
    top = head_of(TALL).points[:, 1].max() - TALL.proportions.rest_positions()[INDEX["head"], 1]
    assert rings_of(someone)[0, 1] == pytest.approx(head + posed.scales[0] * top + CLEARANCE)


def test_rings_fade_with_their_people_and_are_no_louder_than_loud():
    assert rings_of(speaker(5.0, opacity=0.4))[0, 3:].tolist() == pytest.approx([1.0, 0.4])
    assert len(rings_of(speaker(1.0, opacity=0.0))) == 0


def test_silence_changes_no_pixel_and_speech_only_those_over_the_head(renderer):
    with_somebody = picture_of(renderer, [speaker(0.0)], size=(320, 320)).astype(int)
    seen = picture_of(renderer, [speaker(1.0)], size=(320, 320)).astype(int)
    rows, columns = np.nonzero(np.abs(seen - with_somebody).max(axis=-1) > 2)
    pixel = 1.2 / 160.0
    middle = 160 - (ABOVE - EYE_HEIGHT) / pixel
    assert rows.mean() == pytest.approx(middle, abs=2)
    assert columns.mean() == pytest.approx(159.5, abs=1)
    assert rows.max() < 160 - (TOP - EYE_HEIGHT) / pixel, "the head itself is as it was"
    assert np.ptp(columns) <= 2 * REACH / pixel + 2


def test_a_silent_stage_costs_no_draw_call(people_only, monkeypatch):
    calls = []
    drawn = moderngl.VertexArray.render
    monkeypatch.setattr(
        moderngl.VertexArray,
        "render",
        lambda array, *args, **kwargs: calls.append(array) or drawn(array, *args, **kwargs),
    )

    def calls_for(*people):
        calls.clear()
        over_head(people_only, *people)
        return len(calls)

    silent = calls_for(speaker(0.0), speaker(0.0, facing_viewer(2.0)))
    assert calls_for(speaker(0.5), speaker(0.0, facing_viewer(2.0))) == silent + 1
    assert calls_for(speaker(0.5), speaker(0.5, facing_viewer(2.0))) == silent + 1
    assert calls_for(speaker(0.0), speaker(0.0, facing_viewer(2.0))) == silent


def test_rings_grow_and_brighten_with_the_voice(people_only):
    pictures = [
        over_head(people_only, speaker(level, avatar=UNSEEN)) for level in (0.1, 0.2, 0.6, 1.0)
    ]
    covered = [picture[..., 3].sum() for picture in pictures]
    assert (np.diff(covered) > 0.15 * np.array(covered[:-1])).all()
    widths = [extent(picture, 60)[1] for picture in pictures[1:]]
    assert (np.diff(widths) >= 6).all()
    assert widths[-1] * 0.4 / 160 == pytest.approx(0.104, abs=0.006), "ten centimetres at most"
    brightest = [picture[..., 1].max() for picture in pictures]
    assert (np.diff(brightest) >= 8).all()


def test_a_ring_is_round_open_and_leaves_the_edge_of_its_square_clear(people_only):
    picture = over_head(people_only, speaker(1.0, avatar=UNSEEN))
    alpha = picture[..., 3]
    assert abs(np.diff(extent(picture))) <= 1
    middle = alpha[78:82, 78:82]
    assert 0 < middle.max() < 60, "glass"
    assert alpha.max() >= 250
    edge = round(REACH / 0.4 * 160)
    assert alpha[80 - edge : 82 - edge].max() <= 4
    assert not alpha[: 79 - edge].any()


def test_rings_of_headsets_are_premultiplied(people_only):
    for level, opacity in ((0.05, 1.0), (0.4, 1.0), (1.0, 0.5), (1.0, 1.0)):
        picture = over_head(people_only, speaker(level, opacity=opacity))
        assert picture[..., 3].max() > 10
        assert (picture[..., :3].max(axis=-1) <= picture[..., 3] + 1).all()


@pytest.mark.parametrize("opacity", [0.25, 0.6])
def test_rings_fade_as_their_people_do(people_only, opacity):
    whole = over_head(people_only, speaker(0.8, avatar=UNSEEN))
    faded = over_head(people_only, speaker(0.8, avatar=UNSEEN, opacity=opacity))
    np.testing.assert_allclose(faded, opacity * whole, atol=1.0)
    assert whole[..., 3].max() > 200


def test_a_head_before_a_ring_hides_it_and_a_head_behind_does_not(people_only):
    ring = over_head(people_only, speaker(1.0))[..., 3] > 200
    assert ring.sum() > 500
    height = ABOVE - AVATAR.proportions.height
    # Somebody as tall as the ring is high, and nearer or farther.
    giant = capsule_person(default_proportions(1.7 + height + 0.1), segments=16, rings=12)
    near, far = person(giant, facing_viewer(0.8)), person(giant, facing_viewer(1.8))
    alone = over_head(people_only, near)
    both = over_head(people_only, near, speaker(1.0))
    hidden = ring & (alone[..., 3] == 255)
    assert hidden.sum() > 0.9 * ring.sum()
    np.testing.assert_array_equal(both[hidden], alone[hidden])
    behind = over_head(people_only, far)
    before = over_head(people_only, far, speaker(1.0))
    assert np.abs(before - behind)[ring].max(axis=-1).min() > 15


def test_both_eyes_see_the_same_ring_at_one_place(people_only):
    head = Rigid.from_yaw(0.0, np.array([0.0, EYE_HEIGHT, 0.0]))
    half, size = 0.5, 640
    someone = speaker(1.0, facing_viewer(1.4, 0.3))
    foot = rings_of(someone)[0, :3]
    ways, widths = [], []
    for each in stereo_eyes(head, FieldOfView.symmetric(half)):
        look = Eye(each.own_place_from_eye, each.fov)
        alpha = picture_of(people_only, [someone], look, (size, size), alpha=True)[..., 3]
        alpha = alpha[: size // 2 - 60].astype(float)
        rows, columns = np.nonzero(alpha > 40)
        middle = np.array([columns.min() + columns.max(), rows.min() + rows.max()]) / 2 + 0.5
        ways.append((middle / size * 2 - 1) * np.tan(half))
        widths.append(np.ptp(columns))
    assert abs(widths[0] - widths[1]) <= 1
    assert abs(ways[0][1] - ways[1][1]) < 2 * np.tan(half) / size * 1.5, "no eye sees it higher"
    distance = 0.063 / (ways[0][0] - ways[1][0])
    assert distance == pytest.approx(-foot[2], rel=0.06)
    assert np.mean(ways, axis=0)[0] * -foot[2] == pytest.approx(foot[0], abs=0.005)


@pytest.mark.parametrize("pitch", [-1.5, -0.8, 0.8, 1.5, 0.5 * np.pi])
def test_rings_are_round_from_above_and_from_right_below(people_only, pitch):
    someone = speaker(1.0, avatar=UNSEEN)
    middle = rings_of(someone)[0, :3] + np.array([0.0, REACH, 0.0])
    towards = np.array([0.0, np.sin(pitch), -np.cos(pitch)])
    look = eye(middle - 0.45 * towards, half=0.25, pitch=pitch)
    picture = picture_of(people_only, [someone], look, alpha=True)
    assert abs(np.diff(extent(picture))) <= 1
    rows, columns = np.nonzero(picture[..., 1] >= 100)
    assert (rows.mean(), columns.mean()) == pytest.approx((79.5, 79.5), abs=1)


@pytest.mark.parametrize("distance", [2.0, 4.0, 7.0])
def test_far_rings_stay_whole_with_one_sample_a_pixel(people_only, distance):
    """A line thinner than a pixel would come and go along the ring."""
    someone = speaker(1.0, facing_viewer(distance), UNSEEN)
    foot = rings_of(someone)[0, :3]
    height = foot[1] + REACH * (-foot[2] / 1.2) ** 0.5
    look = eye((foot[0] + 0.003, height, 0.0), half=0.5)
    size = 256
    green = picture_of(people_only, [someone], look, size=(size, size), alpha=True)[..., 1]
    pixel = -foot[2] * np.tan(0.5) / (size / 2)
    radius = 0.046 * (-foot[2] / 1.2) ** 0.5 / pixel
    assert radius > 3
    # What lies between the pixels along the ring is made of the four round it.
    angles = np.linspace(0.0, 2 * np.pi, 64, endpoint=False)
    points = size / 2 - 0.5 + radius * np.stack([np.sin(angles), np.cos(angles)])
    whole = np.floor(points).astype(int)
    row, column = points - whole
    along = sum(
        green[whole[0] + down, whole[1] + right]
        * np.abs(1 - down - row)
        * np.abs(1 - right - column)
        for down in (0, 1)
        for right in (0, 1)
    )
    assert along.min() > 0.6 * along.max()
    assert along.max() > 100


def test_as_many_speak_as_like(people_only):
    """More than there was room for at first."""
    behind = Rigid.from_yaw(0.0, np.array([0.0, 0.0, 2.0]))
    crowd = [speaker(1.0, behind, triangle_avatar()) for _ in range(60)]
    alone = over_head(people_only, speaker(1.0))
    np.testing.assert_array_equal(over_head(people_only, *crowd, speaker(1.0)), alone)
    np.testing.assert_array_equal(over_head(people_only, speaker(1.0)), alone)


def test_warming_up_draws_a_ring(people_only):
    target = Target(people_only.ctx, (160, 160))
    people_only.warm_up([View(eye(), target)])
    seen = read_picture(target, alpha=True)
    target.release()
    measures = triangle_avatar().proportions
    over = (measures.height - measures.eye_height) * 80
    above = seen[: round(80 - over)]
    assert above.any(), "there is nothing else above the stand-in's head"
