"""Learn what a mouth does from a voice: makes ``presence/voice/lip_model.json``.

    python scripts/train_lips.py [--output FILE] [--seconds N]

Two synthesizers say words in three languages, by many voices, fast and slow, and tell which sound
is when (espeak-ng, and flite, whose voices were learned from people's recordings; Debian packages
libespeak-ng1 and flite). What was said is made louder and quieter, coloured as microphones and
rooms colour, and mixed with noise. A small network with one hidden layer then learns to name the
sound from what is heard about it. No voice, sentence or language that ``presence bench lips``
judges by is among them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.signal import lfilter, resample_poly

from presence.bench.phonemes import moments
from presence.bench.spoken import Phone, Spoken, recite, say
from presence.pose.arrays import Floats, Ints
from presence.voice.block import BLOCK, RATE, Samples
from presence.voice.lip_features import CEPSTRA, HOP, LipFeatures
from presence.voice.lip_model import INPUTS, OFFSETS, UNIT, model_of
from presence.voice.mouth_sounds import SOUND_COUNT, MouthSound

ENGLISH = """
about above baby back bad bag balloon bank bath beach beautiful because bed beef before believe
below better between big birthday black blue boat body book both bottle bought boy bread breakfast
bring brother brown bubble build busy butter buy cake camera camp can't careful cheap cheese chair
child chocolate choose church city clean climb clothes coffee come computer cool could cousin cup
dad dance dark daughter deep different dinner dog door double down dream drive early earth easy
eight empty enough every evening eyes face family far farm fast father feel few fifty fine finger
fire first fish five floor flower food foot forest forever four friend from front fruit full funny
game garden gave give glove go good grandma great green group half hammer happy have he hear heavy
help here home hope hour house how hundred husband idea important inside jam job join joke judge
jump just keep kitchen knife know lamb lamp large laugh leaf leave left lemon letter life light
little live long love lovely lunch machine make mama many map maybe me measure meet member middle
milk minute money month moon more morning most mother mountain mouth move much music my name nephew
never new next nice night nobody noise number ocean of often old only open orange other our over
paper park party people pepper perfect phone photo piano picture place play please pocket point
poor possible problem promise proof proud public pull purple push put queen question quick rabbit
rain remember right river road roof room rough sad safe same save school sea see seven shape sharp
she sheep shirt shoe shop should show simple sing sister sleep slow small smile smooth snow soap
some son soon soup special speak spoon stop story strawberry street strong summer supper sure sweet
swim table take teach telephone thank that the them these thing think this those thought through
thumb time to today together tomorrow too tooth town toy tree true try Tuesday tube turn twelve two
umbrella uncle under until up us use usual vacation valley van vegetable very video village visit
voice wait walk warm wash water way we weather web week well what wheel when where which while white
who why wife window winter wish with woman wonderful wood word work would wrong yellow yes
yesterday you young zebra zero
"""

GERMAN = """
aber abend alle alles apfel arbeit auf auge aus baby bald ball bauch baum beide bein bekommen besser
besuch bett bevor bild bin bitte blau bleiben blume boden boot brauchen braun brief bringen brot
bruder brücke buch bunt butter dach damals danke das dein deutsch dich dorf draußen du dunkel dürfen
ei eins eltern ende erde essen euch fahren fallen familie farbe fast feier fenster ferien fertig
feuer finden fisch flasche fliegen frage frau freude freund früh frühling fünf für fuß gabel garten
geben gefallen gehen gelb gemüse genau gestern gib glauben glück groß großmutter gut haben hallo
hand haus heim helfen herbst heute hier himmel hof hoffen hören hund ich immer ja jahr jeder jetzt
jung junge kaffee kalt kamm kartoffel katze kaufen kein kind klein kochen kommen können kopf krank
kuchen kuh kurz lachen lampe lang laufen leben leider lernen lesen licht lieben links löffel luft
machen mädchen mama mann maus mehr mein mensch messer milch minute mit mittag möbel möchte mögen
mond morgen müde mund musik müssen mutter nachbar nacht nah name nase neben nehmen neu nicht nie
noch nur oben oder offen oft ohne oma onkel opa ort papa papier park pause pfanne pfeffer pferd
pflanze pilz platz probe puppe rechts reden regen reise rot rufen ruhig sache sagen salat schaffen
schiff schlafen schnee schnell schön schreiben schuh schule schwester sechs see sehen seife seit
sieben singen sohn sommer sonne spaß spielen sprechen stadt stark stehen stimme straße stück stuhl
suchen suppe süß tag tante tasche tief tisch tochter tor traum treffen treppe trinken tür über uhr
und unten unter urlaub vater verstehen viel vielleicht vier vogel voll von vor vorbei wagen wald
wand wann warm warum was wasser weg weihnachten wein weiß welt wenig werfen wetter wichtig wie
wieder winter wir wissen woche wohnen wolke wollen wort wunderbar zahn zehn zeit zimmer zu zucker
zug zusammen zwei zwischen zwölf
"""

FRENCH = """
abeille ami amour ananas arbre après argent aujourd'hui autre avant avec avion bateau beau beaucoup
bébé belle beurre bien bientôt blanc bleu boire bois bon bonjour bouche boue boulanger bras bravo
bruit brun bureau café campagne ceux chambre champ chanson chapeau chat chaud chemin cheval cheveux
chez chien chocolat chose ciel cinq cœur combien comme content copain coup cousin crème cuisine
dans debout demain demi depuis dessous deux devant dimanche dire dix dormir doux eau école écrire
église elle encore enfant ensemble entre été étoile eux faim faire famille femme fenêtre feu feuille
film fille fils fleur fois forêt fou fromage fruit gâteau gens grand gris groupe habit herbe heure
heureux hier hiver homme huit image important jamais jambe jardin jaune je jeune joli jour jupe lait
lampe langue lapin légume lettre lieu lire lit livre loin lumière lundi lune main maintenant maison
maman manger marché mari matin mauvais même mer merci mère mes miel mieux moins mois monde montagne
mot mouche mouton musique neige neuf nez noir nom nous nouveau nuit œuf oiseau oncle orange oui où
ouvrir pain papa papillon parc parfois parler pas peau pêche petit peu peur photo pied pierre place
plage plein pleuvoir plus poche poire poisson pomme pont porte possible pour pourquoi pouvoir
premier prendre près printemps puis quand quatre quoi rêve rien rire rivière robe rond rose rouge
route rue sable sage salle samedi savoir sel semaine sept si six sœur soir soleil sommeil souvent
sucre sur table tante tard tasse temps tête toi toujours tout train travail trois trop trouver tu
un usine vache vent ventre verre vert veux viande vide vie vieux village ville vin vite vivre voici
voir voisin voiture vous voyage vrai yeux
"""

WORDS = {"en-us": ENGLISH, "en": ENGLISH, "de": GERMAN, "fr": FRENCH}
VARIANTS = ("", "m1", "m3", "m5", "m7", "f1", "Annie", "linda", "Andy", "Denis", "max", "steph")
RECORDED = ("slt", "rms", "kal16")
"""Of flite."""
RECORDED_SHARE = 0.5
LONGER_SHARE = 0.25
"""Of pauses."""
HIDDEN = 64
EPOCHS, BATCH, STEP, DECAY = 12, 512, 2e-3, 1e-4
JITTER = 0.3
"""Added to what is learned from, in standard deviations: other voices sound otherwise."""
AVERAGED = 16
"""Pieces from which it is learned what a voice's cepstra are on average."""
SETTLING_S = 1.0
"""Of each piece, which is heard but not learned from: by then the loudest is known."""
EDGE_S = 0.012
"""Moments this near to where one sound becomes another are not learned from."""


def some_words(words: list[str], draw: np.random.Generator) -> str:
    """Words in no order, in phrases of two to nine."""
    chosen = list(draw.choice(words, size=draw.integers(24, 36)))
    said, i = [], 0
    while i < len(chosen):
        count = int(draw.integers(2, 10))
        said.append(" ".join(chosen[i : i + count]).capitalize())
        i += count
    return ". ".join(said) + "."


def something_said(draw: np.random.Generator) -> Spoken:
    """Half a minute or less, by anybody."""
    if draw.random() < RECORDED_SHARE:
        text = some_words(ENGLISH.split(), draw)
        return recite(text, str(draw.choice(RECORDED)), stretch=float(draw.uniform(0.8, 1.25)))
    language = str(draw.choice(list(WORDS)))
    variant = str(draw.choice(VARIANTS))
    return say(
        some_words(WORDS[language].split(), draw),
        f"{language}+{variant}" if variant else language,
        words_a_minute=int(draw.integers(125, 205)),
        pitch=int(draw.integers(25, 76)),
    )


def of_another_size(spoken: Spoken, draw: np.random.Generator) -> Spoken:
    """The same, by a larger or smaller person: played faster or slower, all resonances move."""
    percent = int(draw.integers(82, 121))
    sound = np.asarray(resample_poly(spoken.sound, 100, percent), dtype=np.float32)
    scale = 100.0 / percent
    return Spoken(
        sound, tuple(Phone(p.start * scale, p.end * scale, p.symbol) for p in spoken.phones)
    )


def with_silences(spoken: Spoken, draw: np.random.Generator) -> Spoken:
    """The same, with some of its pauses longer: who converses is silent for half of the time."""
    pieces, phones, added, at = [], [], 0.0, 0
    for phone in spoken.phones:
        longer = 0.0
        if not phone.symbol and draw.random() < LONGER_SHARE:
            longer = float(draw.uniform(0.2, 3.0))
            middle = round(0.5 * (phone.start + phone.end) * RATE)
            pieces += [spoken.sound[at:middle], np.zeros(round(longer * RATE), dtype=np.float32)]
            at = middle
        phones.append(Phone(phone.start + added, phone.end + added + longer, phone.symbol))
        added += longer
    return Spoken(np.concatenate([*pieces, spoken.sound[at:]]), tuple(phones))


def noise(count: int, draw: np.random.Generator) -> Floats:
    """Noise of any colour, that comes and goes a little; its mean square is 1."""
    white = draw.standard_normal(count)
    pole = draw.uniform(0.0, 0.97)
    coloured = lfilter([1.0], [1.0, -pole], white)
    turns = np.arange(count) * draw.uniform(1.0, 12.0) / RATE + draw.uniform(0.0, 6.0)
    coloured *= 1.0 + 0.5 * np.sin(turns)
    return coloured / np.sqrt(np.mean(coloured**2))


def as_heard(sound: Samples, draw: np.random.Generator) -> Samples:
    """The sound as some microphone in some room gives it."""
    # A gentle tilt, a bump somewhere, and a few early reflections.
    tilt = draw.uniform(-0.5, 0.5)
    heard = lfilter([1.0, -tilt], [1.0], sound.astype(np.float64))
    centre, width, lift = draw.uniform(300, 6000), draw.uniform(0.5, 2.0), draw.uniform(-8, 8)
    heard = peaking(heard, centre, width, lift)
    if draw.random() < 0.6:
        for _ in range(8):
            delay = int(draw.uniform(0.002, 0.04) * RATE)
            much = draw.uniform(-0.3, 0.3) * 10 ** (-delay / RATE / 0.03)
            heard[delay:] += much * heard[:-delay]
    level = np.sqrt(np.mean(heard**2))
    loudness = 10 ** (draw.uniform(-42, -16) / 20)
    snr = draw.choice([60.0, draw.uniform(30, 50), draw.uniform(12, 30)])
    heard = heard / level + noise(len(heard), draw) * 10 ** (-snr / 20)
    return np.clip(heard * loudness, -1.0, 1.0).astype(np.float32)


def peaking(sound: Floats, centre: float, width: float, lift: float) -> Floats:
    """A peaking equaliser (R. Bristow-Johnson's cookbook)."""
    a = 10 ** (lift / 40)
    omega = 2 * np.pi * centre / RATE
    alpha = np.sin(omega) / 2 * width
    over = [1 + alpha * a, -2 * np.cos(omega), 1 - alpha * a]
    under = [1 + alpha / a, -2 * np.cos(omega), 1 - alpha / a]
    return np.asarray(lfilter(over, under, sound))


def labels(spoken: Spoken, count: int) -> Ints:
    """``(count,)`` the sound at each hop; −1 where it is not to be learned."""
    found = np.full(count, -1, dtype=np.int64)
    times = np.arange(count) * HOP / RATE
    for moment in moments(spoken):
        edge = min(EDGE_S, 0.25 * (moment.end - moment.start))
        found[(times >= moment.start + edge) & (times < moment.end - edge)] = moment.sound
    found[times < SETTLING_S] = -1
    return found


def looks_of(sound: Samples, features: LipFeatures) -> Floats:
    """``(n, 14)`` what is heard of a sound."""
    blocks = sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)
    return np.concatenate([features.look(block)[0] for block in blocks])


def average_cepstra(draw: np.random.Generator) -> Floats:
    """``(12,)`` of voices as they are heard."""
    found = []
    for _ in range(AVERAGED):
        features = LipFeatures(np.zeros(CEPSTRA))
        looks_of(as_heard(something_said(draw).sound, draw), features)
        found.append(features.average)
    return np.round(np.mean(found, axis=0) * UNIT) / UNIT


def corpus(seconds: float, draw: np.random.Generator, average: Floats) -> tuple[Samples, Ints]:
    """What is heard about each moment ``(n, 112)``, and which sound it is ``(n,)``."""
    heard, truths, had = [], [], 0.0
    while had < seconds:
        spoken = with_silences(of_another_size(something_said(draw), draw), draw)
        looks = looks_of(as_heard(spoken.sound, draw), LipFeatures(average))
        truth = labels(spoken, len(looks))
        at = np.clip(np.arange(len(looks))[:, None] + np.array(OFFSETS), 0, len(looks) - 1)
        about = looks[at].reshape(len(looks), -1).astype(np.float32)
        heard.append(about[truth >= 0])
        truths.append(truth[truth >= 0])
        had += len(spoken.sound) / RATE
    return np.concatenate(heard), np.concatenate(truths)


def learn(heard: Samples, truths: Ints, draw: np.random.Generator) -> dict[str, Floats]:
    """The network's arrays: cross-entropy, by Adam (D. Kingma and J. Ba, 2015)."""
    mean, spread = heard.mean(axis=0), heard.std(axis=0) + 1e-3
    heard = (heard - mean) / spread
    share = np.bincount(truths, minlength=SOUND_COUNT) / len(truths)
    # Rare sounds count for more, though not as much as if all were as frequent.
    weights = np.sqrt(1.0 / share)
    weights = (weights / np.sum(weights * share)).astype(np.float32)
    arrays = [
        (draw.standard_normal((INPUTS, HIDDEN)) / np.sqrt(INPUTS)).astype(np.float32),
        np.zeros(HIDDEN, dtype=np.float32),
        (draw.standard_normal((HIDDEN, SOUND_COUNT)) / np.sqrt(HIDDEN)).astype(np.float32),
        np.zeros(SOUND_COUNT, dtype=np.float32),
    ]
    first = [np.zeros_like(array) for array in arrays]
    second = [np.zeros_like(array) for array in arrays]
    batches = len(truths) // BATCH
    number = 0
    for epoch in range(EPOCHS):
        order = draw.permutation(len(truths))
        loss = 0.0
        for batch in range(batches):
            chosen = order[batch * BATCH : (batch + 1) * BATCH]
            seen = heard[chosen]
            seen = seen + JITTER * draw.standard_normal(seen.shape, dtype=np.float32)
            hidden = np.tanh(seen @ arrays[0] + arrays[1])
            scores = hidden @ arrays[2] + arrays[3]
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            error = powers / powers.sum(axis=1, keepdims=True)
            right = (np.arange(BATCH), truths[chosen])
            loss -= float(np.mean(np.log(error[right] + 1e-9)))
            error[right] -= 1.0
            error *= weights[truths[chosen]][:, None] / BATCH
            back = (error @ arrays[2].T) * (1.0 - hidden**2)
            slopes = [seen.T @ back, back.sum(axis=0), hidden.T @ error, error.sum(axis=0)]
            number += 1
            step = STEP * (1.0 - number / (batches * EPOCHS + 1))
            for array, slope, one, two in zip(arrays, slopes, first, second, strict=True):
                one += 0.1 * (slope - one)
                two += 0.001 * (slope**2 - two)
                scale = np.sqrt(two / (1.0 - 0.999**number)) + 1e-8
                array -= step * (one / (1.0 - 0.9**number) / scale + DECAY * array)
        print(f"epoch {epoch + 1}: {loss / batches:.3f} nats")
    inner = arrays[0] / spread[:, None]
    names = ("inner", "inner_bias", "outer", "outer_bias")
    values = (inner, arrays[1] - mean @ inner, arrays[2], arrays[3])
    return dict(zip(names, values, strict=True))


def main() -> None:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parent.parent / "presence/voice/lip_model.json"
    parser.add_argument("--output", type=Path, default=default)
    parser.add_argument("--seconds", type=float, default=8000.0, help="of speech to learn from")
    arguments = parser.parse_args()
    draw = np.random.default_rng(1)
    average = average_cepstra(draw)
    heard, truths = corpus(arguments.seconds, draw, average)
    learned = {"average": average, **learn(heard, truths, draw)}
    whole = {name: np.rint(values * UNIT).astype(int).tolist() for name, values in learned.items()}
    guessed = model_of(whole).likely(heard.astype(np.float64)).argmax(axis=1)
    for sound in MouthSound:
        of_it = truths == sound
        print(f"{sound.name.lower()}: {np.mean(guessed[of_it] == sound):.2f} of {of_it.sum()}")
    arguments.output.write_text(json.dumps(whole, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
