"""How much may be on its way over TCP."""

from presence.clock import MILLISECOND, SECOND
from presence.transport.window import FIRST_GUESS_NS, SLACK_NS, Window
from presence.wire.forwarded import COUNT_PERIOD

FRAME_NS = SECOND // 60


class Path:
    """What lies between: it delays, passes so many bytes a second, and keeps the rest."""

    def __init__(self, delay_ns, bytes_per_s=10**9):
        self.delay_ns = delay_ns
        self.bytes_per_s = bytes_per_s
        self.free_ns = 0
        self.counts = []
        self.total = 0
        self.longest_wait_ns = 0

    def send(self, size, now_ns):
        self.total += size
        begins_ns = max(now_ns, self.free_ns)
        self.longest_wait_ns = max(self.longest_wait_ns, begins_ns - now_ns)
        self.free_ns = begins_ns + size * SECOND // self.bytes_per_s
        self.counts.append((self.free_ns + 2 * self.delay_ns, self.total))

    def due(self, now_ns):
        due = [total for at_ns, total in self.counts if at_ns <= now_ns]
        self.counts = [one for one in self.counts if one[0] > now_ns]
        return due


def run(path, seconds, size=300):
    """Send a frame sixty times a second whenever the window lets; gives the share that left."""
    window, left, frames = Window(), 0, 0
    for tick in range(seconds * 600):
        now_ns = tick * FRAME_NS // 10
        for total in path.due(now_ns):
            window.counted(total, now_ns)
        if tick % 10 == 0:
            frames += 1
            if window.ready(now_ns):
                window.sent(size, now_ns)
                path.send(size, now_ns)
                left += 1
    return left / frames


def test_on_a_path_that_carries_it_everything_leaves_however_long_it_takes():
    for delay_ms in (1, 40, 300):
        path = Path(delay_ms * MILLISECOND)
        assert run(path, 20) > 0.97


def test_on_a_narrow_path_no_queue_grows():
    # 18 kB/s are sent where 8 pass.
    path = Path(40 * MILLISECOND, 8_000)
    share = run(path, 20)
    assert 0.3 < share < 0.5
    # Until a round trip was measured there is only a guess; from then on some frames wait.
    assert path.longest_wait_ns < FIRST_GUESS_NS + 3 * SLACK_NS


def test_when_nothing_comes_through_nothing_more_is_sent():
    window = Window()
    window.sent(300, 0)
    assert window.ready(FIRST_GUESS_NS)
    assert not window.ready(FIRST_GUESS_NS + SLACK_NS)
    window.counted(300, 5 * SECOND)
    assert window.ready(5 * SECOND)


def test_counts_that_are_old_wrapped_or_made_up_do_no_harm():
    window = Window()
    window.sent(300, 0)
    window.sent(300, FRAME_NS)
    for received in (0, 299, COUNT_PERIOD - 1, 601, 10**6):
        window.counted(received, 50 * MILLISECOND)
        assert window.round_trip_ns == FIRST_GUESS_NS
    window.counted(300, 50 * MILLISECOND)
    assert window.round_trip_ns == 50 * MILLISECOND


def test_the_count_wraps():
    window = Window()
    for number in range(5):
        window.sent(1 << 30, number)
    window.counted((5 << 30) % COUNT_PERIOD, 100)
    assert window.round_trip_ns == 96


def test_a_path_that_got_longer_is_believed_in_time():
    window, total = Window(), 0
    for tick in range(60 * 60):
        now_ns = tick * FRAME_NS
        trip_ns = 20 * MILLISECOND if now_ns < 10 * SECOND else 120 * MILLISECOND
        window.sent(300, now_ns)
        total += 300
        window.counted(total, now_ns + trip_ns)
    assert window.round_trip_ns == 120 * MILLISECOND
