from dataclasses import replace

import numpy as np
import pytest
from capsule_person import SHIRT, capsule_person
from gl_context import EYE_HEIGHT, eye, facing_viewer, person, picture_of

from presence.headset.frames import FieldOfView
from presence.pose.face import SHAPE_INDEX
from presence.pose.proportions import default_proportions
from presence.pose.quaternion import quat_from_axis_angle
from presence.pose.rigid import RIGHT, Rigid
from presence.pose.skeleton import BONE_COUNT, INDEX
from presence.render.eye import Eye, stereo_eyes
from presence.render.picture import read_picture
from presence.render.renderer import Background, Renderer, View
from presence.render.target import Target
from presence.scene.avatar import Mesh, Morph, Strand, Surface
from presence.scene.posing import pose_stage
from presence.scene.stage import Stage
from presence.scene.triangle import triangle_avatar

AVATAR = capsule_person(default_proportions(1.7), segments=8, rings=5)


@pytest.fixture
def people_only(gl):
    renderer = Renderer(gl, background=Background.TRANSPARENT)
    yield renderer
    renderer.release()


def silhouette(picture):
    """Where a picture with alpha shows somebody; shadows are darker and less solid."""
    return picture[..., 3] == 255


def skinned(mesh: Mesh, palette, face):
    """``(V, 3)`` what the shader should make of a mesh, vertex by vertex."""
    positions = mesh.positions.astype(np.float64)
    for morph in mesh.morphs:
        positions[morph.vertices] += face[morph.shape] * morph.offsets
    matrices = np.einsum("vk,vkij->vij", mesh.weights, palette[mesh.joints])
    return np.einsum("vij,vj->vi", matrices[:, :, :3], positions) + matrices[:, :, 3]


def test_vertices_are_skinned_as_the_palette_says(renderer):
    people = [
        person(AVATAR, facing_viewer(1.5, -0.5), face={"jawOpen": 0.7}),
        person(capsule_person(default_proportions(1.9), segments=6, rings=4), facing_viewer(2.0)),
        person(AVATAR, facing_viewer(1.5, 0.5)),
    ]
    picture_of(renderer, people, size=(16, 16))
    posed = pose_stage(Stage(people))
    for i, someone in enumerate(people):
        got = renderer.posed_vertices(i)
        expected = skinned(someone.avatar.mesh, posed.palettes[i], someone.sample.face)
        np.testing.assert_allclose(got[:, :3], expected, atol=1e-4)
        outward = np.linalg.norm(got[:, 3:6], axis=1)
        np.testing.assert_allclose(outward, outward[0], rtol=0.3)


def test_vertices_on_a_strand_go_where_it_swings_and_morphs_still_work(renderer):
    mesh = AVATAR.mesh
    joints = mesh.joints.copy()
    joints[:40, 0] = BONE_COUNT + np.arange(40) % 2
    tail = Strand("tail", INDEX["head"], np.array([[0, 0.1, 0.1], [0, -0.1, 0.1], [0, -0.1, 0.0]]))
    avatar = replace(AVATAR, mesh=replace(mesh, joints=joints), strands=(tail,))
    swings = quat_from_axis_angle(RIGHT, np.array([0.7, -0.4]))
    people = [
        person(AVATAR, facing_viewer(2.0)),
        replace(person(avatar, facing_viewer(1.5), face={"jawOpen": 0.7}), swings=swings),
    ]
    picture_of(renderer, people, size=(16, 16))
    posed = pose_stage(Stage(people))
    for i, someone in enumerate(people):
        expected = skinned(someone.avatar.mesh, posed.palettes[i], someone.sample.face)
        np.testing.assert_allclose(renderer.posed_vertices(i)[:, :3], expected, atol=1e-4)


def test_a_morph_moves_its_vertices_and_no_others(renderer):
    calm, speaking = person(AVATAR), person(AVATAR, face={"jawOpen": 1.0})
    # The jaw bone carries none of these vertices, so that all movement is the morph's.
    picture_of(renderer, [calm, speaking], size=(16, 16))
    morph = AVATAR.mesh.morphs[0]
    assert morph.shape == SHAPE_INDEX["jawOpen"]
    difference = (renderer.posed_vertices(1) - renderer.posed_vertices(0))[:, :3]
    moved = np.flatnonzero(np.abs(difference).max(axis=1) > 1e-5)
    np.testing.assert_array_equal(moved, np.sort(morph.vertices))
    np.testing.assert_allclose(difference[morph.vertices], morph.offsets, atol=1e-4)


def test_more_morphs_at_once_than_one_texel_holds_add_up(renderer):
    mesh = AVATAR.mesh
    vertices = np.array([3, 5, 8], dtype=np.int32)
    names = ["browInnerUp", "mouthPucker", "noseSneerLeft", "cheekPuff", "jawLeft"]
    morphs = tuple(
        Morph(
            SHAPE_INDEX[name],
            vertices[: 1 + i % 3],
            np.full((1 + i % 3, 3), 0.01 * (i + 1), dtype=np.float32),
            np.zeros((1 + i % 3, 3), dtype=np.float32),
        )
        for i, name in enumerate(names)
    )
    avatar = replace(AVATAR, mesh=replace(mesh, morphs=morphs))
    someone = person(avatar, face={name: 0.2 * (i + 1) for i, name in enumerate(names)})
    picture_of(renderer, [someone], size=(16, 16))
    expected = skinned(avatar.mesh, pose_stage(Stage([someone])).palettes[0], someone.sample.face)
    np.testing.assert_allclose(renderer.posed_vertices(0)[:, :3], expected, atol=1e-4)


def test_an_avatar_without_morphs_is_drawn(people_only):
    plain = replace(AVATAR, mesh=replace(AVATAR.mesh, morphs=()))
    picture = picture_of(people_only, [person(plain, face={"jawOpen": 1.0})], alpha=True)
    assert silhouette(picture).mean() > 0.05


def test_the_right_eye_sees_near_things_further_to_the_left(people_only):
    head = Rigid.from_yaw(0.0, np.array([0.0, EYE_HEIGHT, 0.0]))

    def middles(distance):
        return [
            np.argwhere(silhouette(picture_of(people_only, people, each, alpha=True)))[:, 1].mean()
            for people in [[person(AVATAR, facing_viewer(distance))]]
            for each in stereo_eyes(head, FieldOfView.symmetric(np.pi / 4))
        ]

    near, far = middles(1.0), middles(4.0)
    assert near[0] - near[1] == pytest.approx(0.063 / 1.0 * 80, rel=0.35)
    assert 0.0 < far[0] - far[1] < 0.5 * (near[0] - near[1])


def test_people_are_seen_where_they_are(people_only):
    picture = picture_of(people_only, [person(AVATAR, facing_viewer(2.0, 0.7))], alpha=True)
    rows, columns = np.nonzero(silhouette(picture))
    assert columns.min() > 80, "somebody to the right is in the right half"
    # From 1.6 m high, at 2 m: the crown 0.1 m above the horizon.
    assert rows.min() == pytest.approx(80 - 0.1 / 2.0 * 80, abs=3)


def test_nobody_behind_the_viewer_is_seen(people_only):
    behind = Rigid.from_yaw(0.0, np.array([0.0, 0.0, 2.0]))
    picture = picture_of(people_only, [person(AVATAR, behind)], alpha=True)
    assert not picture.any()


def test_leaving_somebody_out_of_view_changes_nothing_of_the_others(renderer):
    seen = person(AVATAR, facing_viewer(1.8, 0.2))
    behind = person(AVATAR, Rigid.from_yaw(0.0, np.array([0.0, 0.0, 3.0])))
    both = picture_of(renderer, [behind, seen, behind])
    np.testing.assert_array_equal(both, picture_of(renderer, [seen]))


@pytest.mark.parametrize("opacity", [0.25, 0.5, 0.8])
def test_as_much_of_somebody_is_drawn_as_they_are_opaque(people_only, opacity):
    whole = silhouette(picture_of(people_only, [person(AVATAR)], alpha=True))
    faded = silhouette(picture_of(people_only, [person(AVATAR, opacity=opacity)], alpha=True))
    assert not (faded & ~whole).any()
    assert faded.sum() / whole.sum() == pytest.approx(opacity, abs=0.06)


def test_who_has_faded_away_is_not_there(people_only):
    assert not picture_of(people_only, [person(AVATAR, opacity=0.0)], alpha=True).any()


def test_through_somebody_who_fades_others_are_seen(people_only):
    behind = person(AVATAR, facing_viewer(2.5))
    fading = person(AVATAR, facing_viewer(1.2), opacity=0.5)
    alone = silhouette(picture_of(people_only, [fading], alpha=True)).sum()
    both = silhouette(picture_of(people_only, [fading, behind], alpha=True)).sum()
    assert both > alone * 1.1


def test_the_room_is_bright_warm_and_has_a_floor(renderer):
    picture = picture_of(renderer, []).astype(int)
    wall, floor = picture[:60].mean(axis=(0, 1)), picture[-30:].mean(axis=(0, 1))
    assert wall.min() > 170, "light walls"
    assert 80 < floor.mean() < 180
    assert floor[0] > floor[2] + 25, "wood is warm"
    assert picture[-30:].std(axis=(0, 1)).min() > 4, "the floor has boards"
    rough = np.abs(np.diff(picture[:60], axis=0)).max()
    assert rough <= 3, "the wall has no edges"


def test_the_room_leaves_no_pixel_open(renderer):
    for yaw in np.linspace(0.0, 2 * np.pi, 5):
        for pitch in (-1.2, 0.0, 1.2):
            seen = picture_of(renderer, [], eye(yaw=yaw, pitch=pitch), size=(48, 48), alpha=True)
            assert (seen[..., 3] == 255).all()
            assert seen[..., :3].min() > 30


def test_colours_are_those_of_the_avatar(people_only):
    """Lit from the front, cloth keeps its hue."""
    picture = picture_of(people_only, [person(AVATAR)], eye((0.0, 1.2, -0.4), half=0.1), alpha=True)
    middle = picture[70:90, 70:90, :3].mean(axis=(0, 1)) / 255.0
    assert np.argsort(middle).tolist() == np.argsort(SHIRT).tolist()
    np.testing.assert_allclose(middle / middle.sum(), np.array(SHIRT) / sum(SHIRT), atol=0.06)


def test_eyes_look_where_the_gaze_goes(people_only):
    head = AVATAR.proportions.rest_positions()[INDEX["leftEye"]]
    close = eye((-head[0], head[1], -1.5 - head[2] + 0.25), half=0.06)

    def pupil(direction):
        gaze = np.array(direction) / np.linalg.norm(direction)
        someone = person(AVATAR, gaze_direction=gaze, gaze_distance=5.0)
        picture = picture_of(people_only, [someone], close, alpha=True)
        dark = (picture[..., :3].max(axis=-1) < 45) & silhouette(picture)
        assert dark.sum() > 30
        return np.argwhere(dark).mean(axis=0)

    ahead = pupil([0.0, 0.0, -1.0])
    assert pupil([-0.4, 0.0, -1.0])[1] > ahead[1] + 5, "their left is the viewer's right"
    assert pupil([0.0, 0.3, -1.0])[0] < ahead[0] - 5, "up"


def test_eyes_mirror_the_window_where_no_lid_hides_it(people_only):
    head = AVATAR.proportions.rest_positions()[INDEX["leftEye"]]
    close = eye((-head[0], head[1], -1.5 - head[2] + 0.25), half=0.06)
    picture = picture_of(people_only, [person(AVATAR)], close, alpha=True)
    rows, columns = np.nonzero(picture[..., :3].min(axis=-1) >= 225)
    assert 20 < len(rows) < 1500, "a spot, neither a point nor a glare"
    # Up and to the right of the middle, on the pupil's rim.
    assert 90 < columns.mean() < 130 and 40 < rows.mean() < 75


def hair_ball(place):
    """Dark hair all over a ball before the face, and nothing else."""
    mesh = capsule_person(AVATAR.proportions, segments=16, rings=16).mesh
    hair = (mesh.surfaces[mesh.triangles] == Surface.HAIR).all(axis=1)
    return person(replace(AVATAR, mesh=replace(mesh, triangles=mesh.triangles[hair])), place)


def test_hair_shines_in_a_band_that_goes_with_the_eye(people_only):
    def brightest_row(height):
        look = eye((0.0, height, 0.0), half=0.25, pitch=np.arctan2(1.67 - height, 1.0))
        picture = picture_of(people_only, [hair_ball(facing_viewer(1.0))], look, alpha=True)
        seen = silhouette(picture)
        column = np.flatnonzero(seen.sum(axis=0))[len(np.flatnonzero(seen.sum(axis=0))) * 3 // 5]
        rows = np.flatnonzero(seen[:, column])
        light = picture[rows, column, :3].astype(int).sum(axis=1)
        best = int(light.argmax())
        assert light[best] > 1.25 * light[len(rows) * 3 // 4], "lighter than the hair below it"
        return best / len(rows)

    assert brightest_row(2.4) != pytest.approx(brightest_row(1.2), abs=0.03)


def test_feet_on_the_floor_darken_it_and_feet_in_the_air_less(renderer):
    bare = picture_of(renderer, [], eye(pitch=-0.9)).astype(int)

    def shade(height):
        someone = person(triangle_avatar(), facing_viewer(1.0))
        root = someone.sample.root_position + np.array([0.0, height, 0.0])
        someone = replace(someone, sample=replace(someone.sample, root_position=root))
        return (bare - picture_of(renderer, [someone], eye(pitch=-0.9))).astype(float)

    standing, floating = shade(0.0), shade(0.5)
    assert standing.min() > -3, "a shadow never lightens"
    assert standing.max() > 60
    assert floating.sum() < 0.6 * standing.sum()


def test_a_shadow_darkens_what_a_headset_lets_through(people_only):
    someone = person(triangle_avatar(), facing_viewer(1.0))
    picture = picture_of(people_only, [someone], eye(pitch=-0.9), alpha=True)
    shadow = picture[..., 3] > 40
    assert 0.02 < shadow.mean() < 0.6
    assert (picture[..., :3].max(axis=-1) <= picture[..., 3]).all(), "alpha is premultiplied"


def test_one_target_side_by_side_shows_what_two_targets_show(renderer):
    gl = renderer.ctx
    stage = Stage([person(AVATAR, facing_viewer(1.3))])
    head = Rigid.from_yaw(0.0, np.array([0.0, EYE_HEIGHT, 0.0]))
    eyes = stereo_eyes(head, FieldOfView.symmetric(0.7))
    wide, *each = (Target(gl, size) for size in ((96, 48), (48, 48), (48, 48)))
    renderer.draw(stage, [View(seen, target) for seen, target in zip(eyes, each, strict=True)])
    apart = np.concatenate([read_picture(target) for target in each], axis=1)
    viewports = ((0, 0, 48, 48), (48, 0, 48, 48))
    renderer.draw(
        stage, [View(seen, wide, rect) for seen, rect in zip(eyes, viewports, strict=True)]
    )
    together = read_picture(wide)
    # The noise against banding differs from pixel to pixel.
    assert np.abs(together.astype(int) - apart).max() <= 2
    for target in (wide, *each):
        target.release()


def test_several_samples_smooth_the_edges(people_only):
    def grey(samples):
        picture = picture_of(people_only, [person(AVATAR)], alpha=True, samples=samples)
        # Shadows are partly clear as well, so look above the floor only.
        alpha = picture[:100, :, 3]
        return ((alpha > 0) & (alpha < 255)).sum()

    assert grey(0) == 0
    assert grey(4) > 30


def test_people_come_go_and_change_their_bodies(people_only):
    tall = capsule_person(default_proportions(2.0), segments=6, rings=4)
    first, second = facing_viewer(2.0, -0.6), facing_viewer(2.0, 0.6)
    pictures = {
        name: picture_of(people_only, people, alpha=True)
        for name, people in (
            ("nobody", []),
            ("one", [person(AVATAR, first)]),
            ("two", [person(AVATAR, first), person(AVATAR, second)]),
            ("changed", [person(tall, first), person(AVATAR, second)]),
            ("left", [person(AVATAR, second)]),
            ("one again", [person(AVATAR, first)]),
        )
    }
    assert not pictures["nobody"].any()
    np.testing.assert_array_equal(pictures["one"], pictures["one again"])
    halves = {
        name: silhouette(p).reshape(160, 2, 80).sum(axis=(0, 2)) for name, p in pictures.items()
    }
    assert halves["one"][1] == 0 and halves["left"][0] == 0
    assert halves["two"].tolist() == [halves["one"][0], halves["left"][1]]
    assert halves["changed"][0] > 1.1 * halves["two"][0]


def test_a_triangle_avatar_is_seen_before_the_face(people_only):
    avatar = triangle_avatar()
    face = eye((0.0, avatar.proportions.eye_height, -1.0), half=0.3)
    picture = picture_of(people_only, [person(avatar)], face, alpha=True)
    rows, columns = np.nonzero(silhouette(picture))
    assert len(rows) > 50
    assert columns.mean() == pytest.approx(80, abs=3)


def test_no_views_is_no_work(renderer):
    renderer.draw(Stage([person(AVATAR)]), [])


def test_an_off_centre_view_shows_its_part_of_the_picture(people_only):
    someone = [person(AVATAR)]
    whole = silhouette(picture_of(people_only, someone, size=(160, 160), alpha=True))
    seen = eye()
    right_half = Eye(seen.own_place_from_eye, FieldOfView(0.0, np.pi / 4, np.pi / 4, -np.pi / 4))
    part = silhouette(picture_of(people_only, someone, right_half, size=(80, 160), alpha=True))
    assert (part != whole[:, 80:]).mean() < 0.005


def test_the_head_shades_the_neck_and_not_itself(people_only):
    """The key light comes from above, so what lies under the chin gets less of it."""
    someone = person(AVATAR)
    picture_of(people_only, [someone], size=(16, 16))
    light = people_only.posed_vertices(0)[:, 6:]
    rest = AVATAR.mesh.positions
    head = AVATAR.proportions.rest_positions()[INDEX["head"]]
    of_head = AVATAR.mesh.joints[:, 0] == INDEX["head"]
    np.testing.assert_allclose(light[of_head, 0], 1.0)
    throat = ~of_head & (np.linalg.norm(rest - head, axis=1) < 0.06)
    assert light[throat, 0].min() < 0.6
    knees = (rest[:, 1] > 0.3) & (rest[:, 1] < 0.7)
    np.testing.assert_allclose(light[knees, 0], 1.0, atol=0.05)
    soles = rest[:, 1] < 0.05
    assert light[soles, 1].max() < 0.7 < light[knees, 1].min()


def test_warming_up_leaves_nothing_behind(people_only):
    target = Target(people_only.ctx, (64, 64))
    view = View(eye(), target)
    people_only.warm_up([view])
    assert read_picture(target, alpha=True).any(), "the stand-in was really drawn"
    people_only.draw(Stage(), [view])
    assert not read_picture(target, alpha=True).any()
    target.release()
