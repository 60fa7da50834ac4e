"""What ``presence doctor`` says of other programs: can what they track of a person come in?"""

from __future__ import annotations

import contextlib

from presence.client.finding import Finding, Verdict
from presence.client.settings import Settings
from presence.errors import UsageError
from presence.tracking.programs.inbox import Inbox, split_address


def check_programs(settings: Settings | None = None) -> Finding:
    """Are the ports free at which other programs are listened to, and where do these send to?

    Args:
        settings: its ``vmc`` and ``live_link`` are looked at; those of a call without options when
            None.
    """
    settings = settings or Settings(link="")
    heard, taken = [], []
    for what, option, address in (
        ("VMC", "--vmc", settings.vmc),
        ("Live Link Face", "--live-link", settings.live_link),
    ):
        try:
            # Only asked whether it can be had.
            with contextlib.closing(Inbox(*split_address(address, "127.0.0.1", 0), what)) as inbox:
                heard.append(f"{what} at {inbox.reached_at}")
        except UsageError as error:
            sentence, _, _ = str(error).partition(";")
            taken.append((sentence, option))
    if not taken:
        return Finding(Verdict.OK, f"would be heard: {'; '.join(heard)}")
    options = " and ".join(option for _, option in taken)
    return Finding(
        Verdict.WARN,
        "; ".join(sentence for sentence, _ in taken),
        f"close the program that has it, another call maybe, or give another port by {options}, "
        "and have the program that tracks you send there",
    )
