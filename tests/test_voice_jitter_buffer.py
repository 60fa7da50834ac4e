"""One person's voice from packets that come as they may."""

import numpy as np
import pytest
from binaural import level_db, sharpest, tone
from hypothesis import given, settings
from hypothesis import strategies as st
from spoken import sentences

from presence.bench.hearing import gaps
from presence.bench.speaking import unpacked
from presence.bench.speech import Machines, carry
from presence.playout.clock_map import ClockMap
from presence.transport.lossy import Conditions
from presence.voice.block import BLOCK, PIECE
from presence.voice.heard import Heard
from presence.voice.jitter_buffer import BLOCK_NS, PIECE_NS, JitterBuffer
from presence.voice.opus import OpusSettings, VoiceEncoder
from presence.voice.tape import Kind

MS = 1_000_000
STEADY = OpusSettings(pauses=False)
PHASE_NS = 5 * MS


def packets_of(blocks, settings=STEADY):
    encoder = VoiceEncoder(settings)
    return [encoder.encode(block) for block in blocks]


def played(buffer, arrivals, blocks, *, lead_ns=0):
    """What is heard, two pieces to a block; arrivals: (ns, packet, sequence, capture ns)."""
    waiting = sorted(arrivals, key=lambda arrival: arrival[0])
    pieces = []
    for number in range(2 * blocks):
        now_ns = number * PIECE_NS + PHASE_NS
        while waiting and waiting[0][0] <= now_ns:
            at_ns, packet, sequence, capture_ns = waiting.pop(0)
            buffer.push(packet, sequence, capture_ns, at_ns)
        pieces.append(buffer.take(now_ns + lead_ns, now_ns))
    return [
        Heard(sound([one, two]), kinds([one, two]), one.capture_ns)
        for one, two in zip(pieces[::2], pieces[1::2], strict=True)
    ]


def punctual(packets, *, late_ns=lambda number: 0, lost=()):
    """Arrivals of packets as soon as their block is spoken, or so much later."""
    return [
        ((number + 1) * BLOCK_NS + late_ns(number), packet, number, number * BLOCK_NS)
        for number, packet in enumerate(packets)
        if number not in lost
    ]


def sound(heard):
    return np.concatenate([each.block for each in heard])


def kinds(heard):
    return np.concatenate([each.kinds for each in heard])


def test_nothing_is_silence():
    heard = JitterBuffer().take(BLOCK_NS, BLOCK_NS)
    assert not heard.block.any()
    assert heard.capture_ns is None


def test_what_comes_in_time_is_heard_whole_and_as_it_was_decoded():
    blocks = tone(3.0)
    heard = played(JitterBuffer(), punctual(packets_of(blocks)), 150)
    whole = unpacked(blocks, STEADY)
    last = heard[-1]
    assert (last.kinds == Kind.SENT).all()
    at = round(last.capture_ns * 48e-6)
    np.testing.assert_array_equal(last.block, whole[at : at + BLOCK])


def test_on_a_still_path_it_waits_no_longer_than_the_devices_beat_asks():
    for phase_ns in (1 * MS, 10 * MS, 19 * MS):
        carried = carry(tone(6.0), settings=STEADY, machines=Machines(phase_ns=phase_ns))
        assert np.percentile(carried.added_ms[200:], 95) < 13.0


def test_a_voice_may_come_in_the_wrong_order():
    packets = packets_of(tone(6.0))
    # Every other packet comes after the one that follows it.
    swapped = punctual(packets, late_ns=lambda number: 23 * MS * (number % 2))
    buffer = JitterBuffer()
    heard = played(buffer, swapped, 300)
    times = [each.capture_ns for each in heard[100:]]
    np.testing.assert_allclose(np.diff(times), BLOCK_NS, atol=1)
    assert not (kinds(heard[100:]) == Kind.CONCEALED).any()
    assert buffer.counts.late + buffer.counts.recovered <= buffer.counts.packets


def test_single_losses_are_recovered_once_they_are_known_of():
    buffer = JitterBuffer()
    heard = played(buffer, punctual(packets_of(tone(8.0)), lost=range(9, 400, 10)), 400)
    assert not (kinds(heard[100:]) == Kind.CONCEALED).any()
    assert buffer.counts.recovered > 30
    assert (kinds(heard[100:]) == Kind.RECOVERED).sum() > 25 * BLOCK


def test_no_edge_of_what_is_concealed_clicks():
    blocks = tone(8.0)
    lost = {n for n in range(400) if n % 23 in (5, 6, 7)}
    whole, broken = (
        played(JitterBuffer(), punctual(packets_of(blocks), lost=each), 400) for each in ((), lost)
    )
    assert Kind.CONCEALED in kinds(broken[60:])
    # From one sample to the next this tone goes by up to 0.008; a gap of zeros would jump by 0.3.
    assert sharpest(sound(broken[60:])) < 0.012
    assert sharpest(sound(whole[60:])) < 0.002


def test_where_nothing_comes_any_more_the_voice_fades_and_comes_back_without_a_click():
    blocks = tone(6.0)
    heard = played(JitterBuffer(), punctual(packets_of(blocks), lost=range(100, 160)), 300)
    levels = [level_db(each.block) for each in heard]
    steady = levels[90]
    assert levels[104] < steady
    assert max(levels[112:155]) < -100.0
    assert abs(levels[-50] - steady) < 0.5
    assert sharpest(sound(heard[60:])) < 0.012


def test_what_a_spike_of_delay_holds_up_is_heard_later_and_caught_up_with():
    late = {number: (60 - 20 * (number - 100)) * MS for number in range(100, 103)}
    buffer = JitterBuffer()
    arrivals = punctual(packets_of(tone(8.0)), late_ns=lambda number: late.get(number, 0))
    heard = played(buffer, arrivals, 400)
    assert buffer.counts.late + buffer.counts.skipped <= 1
    behind = [each * BLOCK_NS + PHASE_NS - heard[each].capture_ns for each in (95, 110, 399)]
    assert behind[1] > behind[0] + 20 * MS
    assert behind[2] < behind[0] + 21 * MS


def test_what_comes_much_too_late_is_skipped():
    late = {number: (600 - 20 * (number - 100)) * MS for number in range(100, 130)}
    buffer = JitterBuffer()
    arrivals = punctual(packets_of(tone(8.0)), late_ns=lambda number: late.get(number, 0))
    heard = played(buffer, arrivals, 400)
    assert buffer.counts.skipped > 10
    assert heard[200].capture_ns > 200 * BLOCK_NS - 200 * MS


def test_a_pause_is_no_loss():
    buffer = JitterBuffer()
    carried = carry(sentences(4), buffer)
    assert min(carried.packet_bytes) == 0
    counts = buffer.counts
    assert counts.concealed == counts.recovered == counts.late == 0
    assert None in carried.spoken_at


def test_the_wait_grows_with_jitter_and_shrinks_after_it():
    packets = packets_of(tone(36.0))
    random = np.random.default_rng(5)
    late = [int(abs(random.normal(0, 25 * MS))) * (200 < n < 700) for n in range(len(packets))]
    heard = played(JitterBuffer(), punctual(packets, late_ns=lambda n: late[n]), len(packets))
    behind = (
        np.array(
            [
                n * BLOCK_NS - each.capture_ns if each.capture_ns is not None else 0
                for n, each in enumerate(heard)
            ]
        )
        / MS
    )
    assert behind[650] > behind[190] + 30.0
    assert behind[-1] < behind[190] + 21.0


@pytest.mark.parametrize("ppm", [-1500.0, 1500.0])
def test_devices_that_run_apart_change_neither_delay_nor_sound(ppm):
    # In half a minute as far apart as 100 ppm make them in eight.
    blocks = tone(32.0)
    buffer = JitterBuffer()
    carried = carry(
        blocks, buffer, settings=STEADY, machines=Machines(microphone_ppm=ppm, phase_ns=9 * MS)
    )
    assert np.percentile(carried.added_ms[100:], 95) < 28.0
    counts = buffer.counts
    changed_ms = (counts.shortened_ns - counts.lengthened_ns) / MS
    # As it begins it waits for 40 to 50 ms, and later for up to 10.
    assert 30.0 < changed_ms - 32_000.0 * ppm / 1e6 < 50.0
    assert (kinds(carried.heard[200:-60]) == Kind.CONCEALED).mean() < 0.005
    assert sharpest(carried.sound[100 * BLOCK : -30 * BLOCK]) < 6.0 * sharpest(blocks.ravel())


def test_it_can_be_held_as_late_as_a_face_and_let_go():
    buffer = JitterBuffer()
    packets = packets_of(tone(12.0))
    arrivals = punctual(packets)
    now_ns = 0
    seen = []
    for number in range(1180):
        now_ns = number * PIECE_NS + PHASE_NS
        while arrivals and arrivals[0][0] <= now_ns:
            at_ns, packet, sequence, capture_ns = arrivals.pop(0)
            buffer.push(packet, sequence, capture_ns, at_ns)
        if number in (200, 700):
            buffer.follow(150 * MS if number == 200 else None)
        buffer.take(now_ns, now_ns)
        seen.append(buffer.behind_ns)
    assert seen[199] < 45 * MS
    assert abs(seen[699] - 150 * MS) < 4 * MS
    assert seen[-1] < 45 * MS


def test_what_it_says_of_its_delay_agrees_with_the_clock_that_it_shares():
    clock = ClockMap()
    buffer = JitterBuffer(clock=clock)
    lead_ns = 12 * MS
    heard = played(buffer, punctual(packets_of(tone(2.0))), 90, lead_ns=lead_ns)
    play_ns = 89 * BLOCK_NS + PHASE_NS + lead_ns
    # As a pose's: how far what is shown lies behind the fastest that could be.
    expected = clock.sender_at(play_ns) - heard[-1].capture_ns
    # Since then a second piece was heard, as late.
    assert abs(buffer.behind_ns - expected) < MS


def test_while_a_voice_is_only_made_up_it_is_neither_late_nor_soon():
    """Else a face would follow a voice that nobody hears for a tenth of a second."""
    packets = packets_of(tone(3.0))
    arrivals = punctual(packets[:100])
    buffer = JitterBuffer()
    played(buffer, arrivals, 98)
    before_ns = buffer.behind_ns
    behind = []
    for number in range(2 * 98, 2 * 112):
        now_ns = number * PIECE_NS + PHASE_NS
        buffer.take(now_ns, now_ns)
        behind.append(buffer.behind_ns)
    assert before_ns is not None
    assert behind[-10:] == [None] * 10
    assert all(abs(each - before_ns) < 12 * MS for each in behind if each is not None)


def test_copies_are_counted_and_change_nothing():
    packets = packets_of(tone(2.0))
    once, twice = JitterBuffer(), JitterBuffer()
    arrivals = punctual(packets)
    heard = played(once, arrivals, 90)
    again = played(twice, arrivals + [(at + MS, *rest) for at, *rest in arrivals], 90)
    np.testing.assert_array_equal(sound(heard), sound(again))
    assert twice.counts.copies > 80


def test_a_sender_whose_clock_was_set_anew_is_heard_again_soon():
    packets = packets_of(tone(8.0))
    arrivals = [
        (at, packet, sequence, capture + (sequence > 150) * 3_600_000 * MS)
        for at, packet, sequence, capture in punctual(packets)
    ]
    heard = played(JitterBuffer(), arrivals, 400)
    assert level_db(sound(heard[200:390])) > level_db(sound(heard[50:140])) - 0.5


def test_what_is_damaged_is_counted_and_concealed():
    packets = packets_of(tone(3.0))
    packets[70] = b"\x03nonsense"
    packets[90] = packets[90][:1] + b"\xff" * 90
    buffer = JitterBuffer()
    heard = played(buffer, punctual(packets), 140)
    assert buffer.counts.damaged >= 1
    assert np.isfinite(sound(heard)).all()


def test_however_much_comes_no_more_than_a_second_waits():
    packet = packets_of(tone(0.04))[0]
    buffer = JitterBuffer()
    for number in range(5000):
        buffer.push(packet, number, number * BLOCK_NS, 100 * MS)
    assert buffer.counts.skipped > 0
    assert buffer.take(200 * MS, 200 * MS).block.shape == (PIECE,)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.binary(max_size=60),
            st.one_of(st.integers(0, 80), st.integers(-(2**63), 2**63)),
            st.one_of(st.integers(0, 80).map(lambda n: n * BLOCK_NS), st.integers(-(2**70), 2**70)),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_whatever_comes_there_is_a_piece_for_every_beat(pushed):
    buffer = JitterBuffer()
    for number, (packet, sequence, capture_ns, beat) in enumerate(pushed):
        now_ns = number * 7 * MS
        buffer.push(packet, sequence, capture_ns, now_ns)
        if beat:
            heard = buffer.take(now_ns, now_ns)
            assert heard.block.shape == heard.kinds.shape == (PIECE,)
            assert np.abs(heard.block).max() <= 1.0


def test_on_a_bad_path_hardly_anything_is_missing_and_it_is_not_long():
    blocks = sentences(8)
    conditions = Conditions(loss=0.05, delay_ns=40 * MS, spread_ns=15 * MS)
    carried = carry(blocks, conditions=conditions, seed=3)
    assert gaps(carried, unpacked(blocks))["gaps_percent"] <= 0.5
    assert np.percentile(carried.added_ms, 95) <= 70.0
