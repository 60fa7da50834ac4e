"""``presence bench lips``: whether a mouth that a voice moves does what its speaker's did."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from presence.bench.lip_judge import GROUPS, Counted, count, show
from presence.bench.result import BenchResult, at_least, at_most
from presence.bench.spoken import Spoken, has_flite, recite, say
from presence.voice.block import BLOCK, RATE, Samples
from presence.voice.lips import Lips

ENGLISH = (
    "The baby's bib fell behind the big brown piano. My brother-in-law has moved to Mumbai. "
    "Will you be able to pick up the parcel before five? Father parked the car by the farm. "
    "Two blue moons rose above the bamboo. A flock of geese flew over the frozen pond. "
    "She measured the shape of each shell she found. Hope alone won't open the old stove. "
    "Peter put a few more potatoes into the pot. We voted for the woman who spoke about peace. "
    "Please give them some time to breathe. It was a lovely evening, even without the fireworks."
)
GERMAN = (
    "Meine Mutter backt am Abend einen Apfelkuchen. Der Bäcker verkauft frische Brötchen. "
    "Kommst du morgen mit ins Museum? Opa repariert das alte Fahrrad. Das Wasser im Bach ist kalt. "
    "Im Sommer baden wir oft im Badesee. Pünktlich um fünf fuhr der Bus vom Bahnhof ab. "
    "Viele bunte Blumen blühen vor unserem Fenster. Möchtest du lieber Milch oder Tee?"
)
ITALIAN = (
    "La mamma prepara il pane e la zuppa di pomodoro. Domani mattina partiamo per Palermo. "
    "Il bambino beve un bicchiere di latte. Mi piacerebbe vedere il tuo nuovo appartamento. "
    "Abbiamo comprato un ombrello blu per la pioggia. Quando arriva il treno da Bologna? "
    "Il gatto dorme sopra la sedia vicino alla finestra. Buon compleanno, cara amica!"
)
OTHER_VOICES = ("Michel", "aunty", "Hugo", "Gene", "Andrea", "Lee", "miguel", "sandro")
"""Of espeak-ng; none of them was learned from."""
OTHER_RECORDED = "awb"
"""Of flite; not learned from, either."""
_LEVEL_DB = -26.0
_NOISE_DB = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Things said under like conditions."""

    what: str
    said: tuple[Spoken, ...]
    noise: bool = False


def cases(*, quick: bool) -> list[Case]:
    """What is judged."""
    voices = OTHER_VOICES[:2] if quick else OTHER_VOICES
    english = _said(ENGLISH, "en-us", voices)
    found = [
        Case("English", english),
        Case("English, noise at 20 dB", english, noise=True),
        Case("German", _said(GERMAN, "de", voices)),
        Case("Italian, not learned", _said(ITALIAN, "it", voices)),
    ]
    if has_flite():
        found.append(Case("recorded voice", (recite(ENGLISH, OTHER_RECORDED),)))
    return found


def _said(text: str, language: str, voices: Sequence[str]) -> tuple[Spoken, ...]:
    return tuple(say(text, f"{language}+{voice}") for voice in voices)


def as_heard(sound: Samples, *, noise: bool) -> Samples:
    """The sound at the level of a voice that was brought to level, with pink noise if wanted."""
    heard = sound.astype(np.float64)
    heard *= 10.0 ** (0.05 * _LEVEL_DB) / np.sqrt(np.mean(heard**2))
    if noise:
        draw = np.random.default_rng(7)
        # A power of two, for the sake of the transform.
        spectrum = np.fft.rfft(draw.standard_normal(1 << len(heard).bit_length()))
        hertz = np.arange(len(spectrum)) * (0.5 * RATE / (len(spectrum) - 1))
        pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(hertz, 50.0)))[: len(heard)]
        heard += pink / np.sqrt(np.mean(pink**2)) * 10.0 ** (0.05 * (_LEVEL_DB - _NOISE_DB))
    return np.clip(heard, -1.0, 1.0).astype(np.float32)


def recall_row(case: Case) -> dict[str, Any]:
    """How many of each kind of sound were found, in per cent, and how well the jaw kept time."""
    counts = [count(show(spoken, as_heard(spoken.sound, noise=case.noise))) for spoken in case.said]
    row: dict[str, Any] = {"table": "recall", "what": case.what, "voices": len(case.said)}
    for name in ("closures", "closures where there is none", *GROUPS):
        asked = sum(each.asked[name] for each in counts)
        row[_key(name)] = 100.0 * sum(each.found[name] for each in counts) / max(asked, 1)
    row["closures_asked"] = sum(each.asked["closures"] for each in counts)
    row.update(_jaw(counts))
    return row


def _key(name: str) -> str:
    return name.replace(" ", "_") + "_percent"


def _jaw(counts: Iterable[Counted]) -> dict[str, float]:
    late_ms = 1e3 * np.concatenate([each.jaw_s for each in counts])
    return {
        "jaw_opens_late_ms_p50": float(np.median(late_ms)),
        "jaw_error_ms_p50": float(np.median(np.abs(late_ms))),
        "jaw_error_ms_p95": float(np.percentile(np.abs(late_ms), 95)),
    }


def cost_row(sound: Samples, blocks: int) -> dict[str, Any]:
    """Milliseconds of one core for a block."""
    lips, costs = Lips(), []
    pieces = sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)
    for number in range(blocks + 20):
        begun = time.thread_time()
        lips.feed(pieces[number % len(pieces)])
        costs.append(time.thread_time() - begun)
    costs_ms = 1e3 * np.array(costs[20:])
    return {
        "table": "cost",
        "what": "one voice",
        "cpu_ms_p50": float(np.median(costs_ms)),
        "cpu_ms_p95": float(np.percentile(costs_ms, 95)),
    }


def bench_lips(*, quick: bool = False) -> BenchResult:
    """Measure.

    Args:
        quick: by two voices instead of eight.

    Raises:
        UsageError: there is no espeak-ng here.
    """
    judged = cases(quick=quick)
    rows = [recall_row(case) for case in judged]
    cost = cost_row(as_heard(judged[0].said[0].sound, noise=False), 200 if quick else 2000)
    plain = [row for row, case in zip(rows, judged, strict=True) if case.what != "recorded voice"]
    shut = min(row["closures_percent"] for row in plain)
    wrong = max(row["closures_where_there_is_none_percent"] for row in plain)
    return BenchResult(
        bench="lips",
        args={"quick": quick},
        rows=[*rows, cost],
        bars=[
            at_least("% of m, b and p at which the lips meet", shut, 60.0),
            at_most("% of other sounds at which they meet", wrong, 10.0),
            at_most("ms of CPU for 20 ms of a voice", cost["cpu_ms_p50"], 0.3),
        ],
    )
