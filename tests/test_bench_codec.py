"""The codec's benchmark: that it measures what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bvh_writer import write_bvh
from smooth_motion import PERSON, SECOND, SmoothMotion

from presence.bench.clips import Clip, read_motions, sampled, vertices_mm
from presence.bench.codec import Extent, bench_codec
from presence.bench.coded import coded, decodable_after_joining, figures, settings_for
from presence.bench.judged import error_figures, over_clips
from presence.bench.losses import LOSSES, Compared, Live, Looped, Loss, Structure, simulate
from presence.bench.muscles import MuscleRig
from presence.bench.others import way_figures, ways
from presence.bench.result import at_least, at_most
from presence.bench.sizes import datagram_bytes, frame_bytes, sealed_bytes
from presence.bench.steady import golden_to_other, steadiness, still_movement_mm
from presence.bench.thinning import interpolated, tier
from presence.codec import CodecSettings, Decoder, Encoder, Frame, precision
from presence.errors import UsageError

INTERVAL = CodecSettings().golden_interval
NOTHING_LOST = Loss("none", 0.0)


def smooth_clip(seconds: float = 1.0, rate: int = 60, amplitude: float = 1.0) -> Clip:
    motion = SmoothMotion(3, amplitude)
    times = [k * SECOND // rate // 1000 * 1000 for k in range(round(seconds * rate))]
    return Clip("smooth", rate, PERSON, tuple(motion.at(at) for at in times))


@pytest.fixture(scope="module")
def whole():
    return coded(smooth_clip(4.0), CodecSettings())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one motion of a second and a half."""
    path = tmp_path_factory.mktemp("motion")
    samples = smooth_clip(1.5).samples
    text = write_bvh(
        PERSON,
        np.stack([sample.rotations for sample in samples]),
        np.stack([sample.root_position for sample in samples]),
    )
    (path / "person.bvh").write_text(text)
    return path


# ── clips and sizes ──────────────────────────────────────────────────────────────────────────


def test_a_motion_is_sampled_once_through(folder):
    motions = read_motions(folder, None)
    clip = sampled("person", motions["person"], 60, 100.0)
    ends = vertices_mm([clip.samples[0], clip.samples[-1]], clip.proportions)
    again = motions["person"].sample(clip.samples[-1].capture_ns + SECOND // 60)
    assert clip.seconds == pytest.approx(motions["person"].duration_s + 0.5, abs=0.02)
    # It ends where playing would turn round, not at the beginning.
    assert np.abs(ends[1] - ends[0]).max() > 10.0
    assert np.abs(vertices_mm([again], clip.proportions)[0] - ends[1]).max() < 1.0
    assert len(sampled("person", motions["person"], 60, 0.5).samples) == 30


def test_a_folder_without_motions_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"no \.bvh"):
        read_motions(tmp_path, None)


def test_the_body_alone_moves_as_before_with_a_still_face():
    clip = smooth_clip()
    body = clip.body_alone()
    assert np.ptp([s.face for s in clip.samples], axis=0).max() > 0.1
    assert np.ptp([s.face for s in body.samples], axis=0).max() == 0.0
    assert np.ptp([s.gaze_direction for s in body.samples], axis=0).max() == 0.0
    hand = [s.rotations[-1] for s in body.samples]
    assert np.array_equal(hand, [s.rotations[-1] for s in clip.samples])


def test_bytes_of_each_layer_add_up():
    dependent = Frame(1, 0, 0, core=bytes(30), detail=bytes(20), reference=False)
    golden = Frame(0, 0, 0, core=bytes(60), detail=bytes(40), reference=True)
    assert frame_bytes(dependent) == 50
    assert sealed_bytes(dependent) == 2 + 14 + 30 + 8 + 20 + 8
    assert sealed_bytes(golden) == 2 + 14 + 60 + 16 + 40 + 16
    assert sealed_bytes(replace(dependent, detail=b"")) == 2 + 14 + 30 + 8
    assert datagram_bytes(80) == 80 + 16 + 12 + 37 + 28
    assert datagram_bytes(81) == 84 + 16 + 12 + 37 + 28


def test_figures_are_of_the_frames_that_were_sent(whole):
    row = figures(whole)
    total = sum(len(frame.core) + len(frame.detail) for frame in whole.frames)
    assert row["frames_kbps"] == pytest.approx(8e-3 * total / whole.clip.seconds)
    assert row["golden_bytes"] > row["other_bytes"]
    assert row["core_bytes"] + row["detail_bytes"] == pytest.approx(row["bytes"])
    assert 0.0 < row["error_mm_p50"] < row["error_mm_p99"] <= row["error_mm_max"] <= 3.0


def test_the_mean_over_clips_takes_the_greatest_of_the_greatest():
    mean = over_clips([{"a": 1.0, "a_max": 5.0}, {"a": 3.0, "a_max": 2.0}], case="mean")
    assert mean == {"case": "mean", "a": 2.0, "a_max": 5.0}


def test_errors_are_those_that_were_made():
    clip = smooth_clip(0.2)
    moved = [
        replace(s, root_position=s.root_position + np.array([0, 3e-3, 4e-3]), face=s.face + 0.01)
        for s in clip.samples
    ]
    row = error_figures(moved, clip.samples, PERSON)
    assert row["error_mm_p50"] == pytest.approx(5.0)
    assert row["error_mm_max"] == pytest.approx(5.0)
    assert row["face_p99"] == pytest.approx(0.01)
    assert row["gaze_deg_max"] == 0.0


# ── steadiness ───────────────────────────────────────────────────────────────────────────────


def test_a_constant_error_is_steady_and_one_that_comes_with_goldens_is_seen(whole):
    def shifted(by_frame):
        shown = tuple(
            replace(s, root_position=s.root_position + np.array([0, 1e-3 * by_frame(k), 0]))
            for k, s in enumerate(whole.clip.samples)
        )
        return steadiness(replace(whole, shown=shown))

    constant = shifted(lambda k: 2.0)
    assert constant["change_mm_slow"] < 1e-9
    peaks = shifted(lambda k: 0.5 * k + (2.0 if k % INTERVAL == 0 else 0.0))
    assert peaks["change_mm_other"] == pytest.approx(0.5)
    assert peaks["change_mm_golden"] == pytest.approx(2.5)


def test_goldens_no_finer_than_other_frames_show_and_finer_ones_do_not(monkeypatch):
    clip = smooth_clip(5.0)
    finer = golden_to_other(clip, CodecSettings())
    monkeypatch.setattr(precision, "_GOLDEN_FINER", 0.0)
    assert 0.7 < finer < 1.0 < golden_to_other(clip, CodecSettings())


def test_the_motionless_do_not_move():
    assert still_movement_mm(smooth_clip(0.5), CodecSettings()) == 0.0


# ── thinning ─────────────────────────────────────────────────────────────────────────────────


def test_what_was_dropped_is_made_up_between_what_was_sent():
    clip = smooth_clip(1.0)
    times = [s.capture_ns for s in clip.samples]
    errors = []
    for every, ahead in ((2, 2), (3, 2), (3, 1)):
        shown = interpolated(clip.samples[::every], times, ahead)
        row = error_figures(shown, clip.samples[: len(shown)], PERSON)
        assert len(shown) == (len(times) - 1) // every * every + 1
        errors.append(row["error_mm_p95"])
    assert 0.0 < errors[0] < errors[1] < errors[2] < 5.0


def test_a_tier_counts_only_what_it_sends(whole):
    row = tier(whole, 3, 2)
    total = sum(map(frame_bytes, whole.frames[::3]))
    assert row["rate"] == 20.0
    assert row["delay_ms"] == pytest.approx(100.0)
    assert row["frames_kbps"] == pytest.approx(8e-3 * total / whole.clip.seconds)
    assert 0.0 < row["error_mm_missing_p95"] < 5.0


# ── loss ─────────────────────────────────────────────────────────────────────────────────────


def run(whole, loss, frames=3000, seed=1):
    maker = Looped(whole.frames, INTERVAL)
    return simulate(maker, Structure(whole.shown[0]), loss, rate=60, frames=frames, seed=seed)


def test_without_loss_everything_is_decoded_and_nothing_is_added(whole):
    heard = run(whole, NOTHING_LOST, frames=600)
    row = heard.figures()
    assert row["came_%"] == row["decodable_%"] == 100.0
    assert row["requests_per_s"] == row["repeats_per_s"] == row["repairs_per_s"] == 0.0
    assert row["frames_kbps"] == pytest.approx(figures(whole)["frames_kbps"], rel=0.01)


def test_with_loss_references_are_repeated_asked_for_and_counted(whole):
    row = run(whole, LOSSES[0]).figures()
    assert row["came_%"] == pytest.approx(95.0, abs=1.5)
    assert row["decodable_%"] > 99.0
    assert row["repeats_per_s"] > 3.0
    assert row["repairs_per_s"] > 0.05
    assert row["frames_kbps"] > 1.1 * figures(whole)["frames_kbps"]


def test_bursts_hurt_more(whole):
    single, bursts = run(whole, LOSSES[1]).figures(), run(whole, LOSSES[2]).figures()
    assert bursts["decodable_%"] < single["decodable_%"]
    assert bursts["came_%"] == pytest.approx(single["came_%"], abs=4.0)


def test_a_real_decoder_agrees_with_the_structure():
    clip = smooth_clip(1.0)
    shown = []
    decoder = Compared(Decoder(PERSON), Structure(clip.samples[0]))
    heard = simulate(
        Live(clip.samples, Encoder(PERSON)),
        decoder,
        LOSSES[2],
        rate=60,
        frames=300,
        seed=4,
        on_shown=lambda frame, sample: shown.append((frame.sequence, sample)),
    )
    assert decoder.disagreements == 0
    assert len(shown) == len(heard.decoded_ns) > 150
    for sequence, sample in shown[::20]:
        a, b = vertices_mm([sample, clip.samples[sequence % 60]], PERSON)
        assert np.linalg.norm(a - b, axis=-1).max() < 4.0


def test_a_late_joiner_needs_one_golden(whole):
    assert decodable_after_joining(whole) == 100.0


# ── others ───────────────────────────────────────────────────────────────────────────────────


def test_others_ways_err_as_their_steps_are_wide():
    clip = smooth_clip(1.0)
    floats, ten, eleven, muscles = (way_figures(way, clip) for way in ways(60))
    assert floats["bytes"] == 4 * (3 + 52 * 4 + 44 + 4)
    assert floats["error_mm_max"] < 0.01
    assert ten["bytes"] < eleven["bytes"] < floats["bytes"]
    assert ten["error_mm_p99"] == pytest.approx(2.0 * eleven["error_mm_p99"], rel=0.25)
    assert muscles["bytes"] == 206.0
    assert muscles["frames_kbps"] == pytest.approx(33.0, abs=0.1)


def test_muscles_do_what_a_hinge_can_and_no_more():
    clip = smooth_clip(0.5, amplitude=0.0)
    rig = MuscleRig(clip)
    rest = clip.samples[0].rotations
    assert np.abs(rig.through(rest) - rest).max() < 1e-3


# ── the whole ────────────────────────────────────────────────────────────────────────────────


def test_bars_say_what_is_met():
    assert at_least("x", 99.9, 99.9).ok
    assert not at_least("x", 99.8, 99.9).ok
    assert at_most("x", 1.0, 2.0, stretch=True).stretch


@pytest.mark.slow
def test_the_whole_benchmark_fills_its_tables(folder):
    extent = Extent(seconds=1.0, loss_frames=1000, seeds=1, decoded_frames=250, memory_frames=40)
    result = bench_codec(motion=folder, face=None, bounds_mm=(3.0, 5.0), extent=extent)
    tables = result.tables()
    assert [row["case"] for row in tables["sizes and errors"]] == [
        "body and hands: person",
        "body and hands: mean",
        "everything: person",
        "everything: mean",
    ]
    assert [row["case"] for row in tables["rate and error"]] == [
        "3 mm, 60 Hz",
        "5 mm, 60 Hz",
        "1 mm, 90 Hz",
    ]
    assert [row["rate"] for row in tables["thinned"]] == [30.0, 30.0, 20.0, 20.0]
    assert tables["as sent"][-1]["disagreements"] == 0
    assert len({bar.name for bar in result.bars if not bar.stretch}) == len(
        [bar for bar in result.bars if not bar.stretch]
    )
    assert settings_for(3.0).bound_m == 0.003
