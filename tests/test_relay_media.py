"""Which UDP ports a relay's workers have."""

import pytest

from presence.errors import UsageError
from presence.relay.media import Media


def test_each_worker_has_the_next_port_or_any_that_is_free():
    assert [Media(8441).of_worker(number) for number in (1, 2, 3)] == [8441, 8442, 8443]
    assert [Media().of_worker(number) for number in (1, 2)] == [0, 0]


def test_a_port_beyond_the_last_is_said_to_be_none():
    with pytest.raises(UsageError, match="worker 3"):
        Media(65_534).of_worker(3)
