"""Chord symbols, voice leading, and the chord classes of the harmony model.

Pitch classes count semitones above C (0 .. 11), pitches are MIDI note numbers (60 = middle C).
"""

from dataclasses import dataclass
from itertools import product

PITCH_CLASS = {"C": 0, "C#": 1, "Db": 1, "D": 2, "D#": 3, "Eb": 3, "E": 4, "F": 5, "F#": 6, "Gb": 6,
               "G": 7, "G#": 8, "Ab": 8, "A": 9, "A#": 10, "Bb": 10, "B": 11}

# Suffix of the chord symbol -> (intervals above the root, one of the model's six qualities).
# Richer chords belong to the nearest quality: sevenths on top of a major triad, sixths, added ninths
# and suspensions count as major, minor sixths as minor sevenths, half-diminished as diminished.
QUALITIES = {
    "": ((0, 4, 7), "maj"), "6": ((0, 4, 7, 9), "maj"), "maj7": ((0, 4, 7, 11), "maj"),
    "add9": ((0, 2, 4, 7), "maj"), "7": ((0, 4, 7, 10), "dom7"), "7sus4": ((0, 5, 7, 10), "maj"),
    "m": ((0, 3, 7), "min"), "m7": ((0, 3, 7, 10), "min7"), "m9": ((0, 2, 3, 7, 10), "min7"),
    "m6": ((0, 3, 7, 9), "min7"), "m7b5": ((0, 3, 6, 10), "dim"),
}
MODEL_QUALITIES = ("maj", "min", "dom7", "min7", "dim")


@dataclass(frozen=True)
class Chord:
    """One chord symbol, such as `Bbmaj7` or `A7/E`."""

    name: str
    root: int
    bass: int
    pitch_classes: tuple
    quality: str

    @property
    def model_class(self):
        """Index among the harmony model's 64 outputs: quality * 12 + root."""
        return MODEL_QUALITIES.index(self.quality) * 12 + self.root


def parse_chord(symbol):
    """Reads one chord symbol; raises KeyError on a root, bass or suffix it does not know."""
    body, _, bass = symbol.partition("/")
    length = 2 if len(body) > 1 and body[1] in "#b" else 1
    root = PITCH_CLASS[body[:length]]
    intervals, quality = QUALITIES[body[length:]]
    pitch_classes = tuple((root + interval) % 12 for interval in intervals)
    return Chord(symbol, root, PITCH_CLASS[bass] if bass else root, pitch_classes, quality)


def parse_bars(text):
    """Reads `Dm | Gm7 C7 | F`: a list of bars, each a list of (beat in the bar, beats, chord)."""
    bars = []
    for bar in text.split("|"):
        symbols = bar.split()
        beats = 4 / len(symbols)
        bars.append([(i * beats, beats, parse_chord(s)) for i, s in enumerate(symbols)])
    return bars


def pitch(name):
    """MIDI number of a note name with octave: `A4` is 69."""
    return PITCH_CLASS[name[:-1]] + 12 * (int(name[-1]) + 1)


def bass_pitch(pitch_class, low=28):
    """The given pitch class in the octave that starts at `low` (28 = E1, the lowest string of a bass)."""
    return low + (pitch_class - low) % 12


def voice(chord, previous, low, high, voices=4):
    """Voices `chord` between `low` and `high` with the least total movement from `previous`.

    Chords of more than `voices` notes lose the root, then the fifth (the bass has the root); smaller
    ones double whichever note lies best. Returns ascending pitches. With no previous chord, the voicing
    nearest the middle of the range.
    """
    classes = list(chord.pitch_classes)
    for spare in (chord.root, (chord.root + 7) % 12):
        if len(classes) > voices and spare in classes:
            classes.remove(spare)
    doublings = [[c] for c in classes] if len(classes) < voices else [[]]
    middle = (low + high) / 2
    target = previous or [middle + 5 * (i - (voices - 1) / 2) for i in range(voices)]
    best, best_cost = None, float("inf")
    for doubled in doublings:
        octaves = [[p for p in range(low, high + 1) if p % 12 == c] for c in classes + doubled]
        for candidate in product(*octaves):
            notes = sorted(candidate)
            gaps = [b - a for a, b in zip(notes, notes[1:])]
            if min(gaps) < 1 or max(gaps) > 9:
                continue
            cost = sum(abs(a - b) for a, b in zip(notes, target)) + 0.15 * abs(sum(notes) / voices - middle)
            cost += 2.0 * sum(g < 2 for g in gaps)
            if cost < best_cost:
                best, best_cost = notes, cost
    if best is None:
        raise ValueError(f"no voicing of {chord.name} with {voices} notes between {low} and {high}")
    return best
