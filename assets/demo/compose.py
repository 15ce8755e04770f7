#!/usr/bin/env python3
"""Composes the demo track: writes dendrite_demo.mid and dendrite_demo.labels.json beside itself.

"Branches", 40 bars in 4/4 at 112 bpm: intro (D minor), groove, theme (F major), breakdown (D minor),
build (pedal on D), finale (G major), outro. The same run always writes the same bytes: the small
timing and velocity variations of the players are drawn from generators keyed by player and section.

Usage: python3 compose.py            (needs mido)
"""

import json
import random
from pathlib import Path

import mido

from harmony import bass_pitch, parse_bars, pitch, voice

HERE = Path(__file__).resolve().parent
TITLE = "Branches"
TEMPO_US = 535_714  # microseconds per beat: 112 bpm, to 0.3 ppm
PPQ = 960
BEATS_PER_BAR = 4
AUDIO_OFFSET_S = 0.001  # by which the recording follows these times; measured by check.py
SWING = 0.045  # beats by which every second sixteenth is late (0.083 would be a triplet feel)

# Section -> its harmony, one entry per bar; the order here is the form of the piece.
SECTIONS = {
    "intro": "Dm9 | Bbmaj7 | Fmaj7 | C7sus4 C",
    "groove": "Dm9 | Bbmaj7 | Gm7 | C7sus4 C7",
    "theme": "F | A7/E | Dm7 | Cm7 F7 | Bbmaj7 | Bbm6 | F/C D7 | Gm7 C7",
    "breakdown": "Dm | Bbmaj7 | F/A | Gm7 | Dm/F | Ebmaj7 | Em7b5 | A7sus4 A7",
    "build": "Dm7 | Gm6/D | C/D | D7sus4 D7",
    "finale": "G | B7/F# | Em7 | Dm7 G7 | Cmaj7 | Cm6 | G/D E7 | Am7 D7",
    "outro": "Ebmaj7 | F6 | Gadd9 | G",
}
KEYS = {"intro": "D minor", "groove": "D minor", "theme": "F major", "breakdown": "D minor",
        "build": "D minor", "finale": "G major", "outro": "G major"}

# name: (channel, General MIDI program from 0, volume, pan, reverb send, chorus send, timing spread in ms)
PLAYERS = {
    "epiano": (0, 4, 94, 50, 45, 45, 4.0),
    "guitar": (1, 28, 112, 92, 30, 10, 4.0),
    "bass": (2, 33, 110, 64, 8, 0, 3.0),
    "lead": (3, 73, 88, 66, 55, 8, 5.0),
    "pad": (4, 89, 112, 64, 60, 40, 0.0),
    "strings": (5, 48, 112, 56, 70, 10, 6.0),
    "choir": (6, 52, 104, 72, 80, 20, 6.0),
    "cello": (7, 42, 108, 48, 60, 0, 6.0),
    "horn": (8, 60, 92, 80, 60, 0, 6.0),
    "drums": (9, 0, 126, 64, 22, 0, 2.0),
    "oboe": (10, 68, 90, 74, 65, 0, 6.0),
    "harp": (11, 46, 98, 38, 65, 0, 4.0),
    "timpani": (12, 47, 92, 60, 60, 0, 3.0),
    "cymbal": (13, 119, 84, 64, 50, 0, 0.0),
    "vibes": (14, 11, 127, 84, 55, 15, 4.0),
    "trumpet": (15, 56, 106, 58, 55, 5, 5.0),
}
# Milliseconds by which a player sits behind (+) or ahead of (-) the beat.
LEAN_MS = {"bass": 3.0, "epiano": 4.0, "guitar": -2.0, "lead": 6.0, "trumpet": 3.0}

KICK, STICK, SNARE, CLAP, HAT, HAT_OPEN, HAT_FOOT = 36, 37, 38, 39, 42, 46, 44
TOM_LOW, TOM_MID, TOM_HIGH, CRASH, CRASH_2, RIDE, RIDE_BELL, TAMBOURINE, SHAKER = 43, 47, 50, 49, 57, 51, 53, 54, 70

# The theme, in F; one line per bar: (start in eighths, length in eighths, note).
THEME = [
    [(0, 3, "C5"), (3, 1, "A4"), (4, 1, "C5"), (5, 3, "F5")],
    [(0, 3, "E5"), (3, 1, "C#5"), (4, 1, "E5"), (5, 3, "G5")],
    [(0, 3, "F5"), (3, 1, "D5"), (4, 1, "F5"), (5, 3, "A5")],
    [(0, 2, "G5"), (2, 2, "Eb5"), (4, 2, "F5"), (6, 1, "Eb5"), (7, 1, "C5")],
    [(0, 3, "D5"), (3, 1, "Bb4"), (4, 1, "D5"), (5, 3, "Bb5")],
    [(0, 2, "G5"), (2, 2, "F5"), (4, 4, "Db5")],
    [(0, 2, "C5"), (2, 1, "A4"), (3, 1, "C5"), (4, 2, "D5"), (6, 2, "F#5")],
    [(0, 3, "G5"), (3, 1, "F5"), (4, 2, "E5"), (6, 1, "D5"), (7, 1, "C5")],
]
# What answers it from below: one guide tone per bar, falling by half steps where the harmony turns minor.
COUNTER = [
    [(0, 8, "A4")], [(0, 4, "G4"), (4, 4, "A4")], [(0, 8, "A4")], [(0, 4, "G4"), (4, 4, "A4")],
    [(0, 8, "D4")], [(0, 8, "Db4")], [(0, 4, "C4"), (4, 4, "C4")], [(0, 4, "Bb3"), (4, 4, "E4")],
]
# The breakdown's song: the cello asks, the oboe answers.
SONG_CELLO = [
    [(0, 4, "A3"), (4, 2, "D4"), (6, 2, "E4")],
    [(0, 6, "F4"), (6, 2, "D4")],
    [(0, 4, "C4"), (4, 2, "A3"), (6, 2, "C4")],
    [(0, 6, "Bb3"), (6, 2, "G3")],
    [(0, 8, "F3")], [(0, 8, "G3")], [(0, 4, "G3"), (4, 4, "Bb3")], [(0, 8, "A3")],
]
SONG_OBOE = [
    [], [], [], [],
    [(0, 4, "A4"), (4, 2, "D5"), (6, 2, "F5")],
    [(0, 6, "G5"), (6, 1, "F5"), (7, 1, "Eb5")],
    [(0, 4, "D5"), (4, 2, "E5"), (6, 2, "G5")],
    [(0, 4, "E5"), (4, 4, "C#5")],
]
BUILD_CALL = [
    [(0, 3, "A4"), (3, 1, "F4"), (4, 1, "A4"), (5, 3, "D5")],
    [(0, 3, "Bb4"), (3, 1, "G4"), (4, 1, "Bb4"), (5, 3, "E5")],
    [(0, 3, "C5"), (3, 1, "G4"), (4, 1, "C5"), (5, 3, "E5")],
    [(0, 4, "G5"), (4, 4, "F#5")],
]
OUTRO_CALL = [
    [(0, 3, "G5"), (3, 1, "Eb5"), (4, 1, "G5"), (5, 3, "Bb5")],
    [(0, 3, "A5"), (3, 1, "F5"), (4, 1, "A5"), (5, 3, "C6")],
    [(0, 3, "B5"), (3, 1, "G5"), (4, 1, "A5"), (5, 3, "D5")],
    [(0, 8, "B5")],
]


class Score:
    """Notes and controllers in beats, and the label data that goes with them."""

    def __init__(self):
        self.notes = {name: [] for name in PLAYERS}
        self.controls = []  # (beat, channel, controller, value)
        self.sections = {}  # name -> (first bar, bars of chords)
        bar = 0
        for name, harmony in SECTIONS.items():
            chords = parse_bars(harmony)
            self.sections[name] = (bar, chords)
            bar += len(chords)
        self.bars = bar

    def play(self, player, beat, beats, key, velocity, swing=True):
        """Adds one note; `beat` counts from the start of the piece, `velocity` may be any real number."""
        spread, lean = PLAYERS[player][6], LEAN_MS.get(player, 0.0)
        rng = random.Random(f"{player} {beat:.4f} {key}")
        if swing and round(beat * 4) % 2 == 1 and abs(beat * 4 - round(beat * 4)) < 1e-6:
            beat += SWING
            beats = max(beats - SWING, 0.05)
        late_ms = lean + max(-2.0, min(2.0, rng.gauss(0.0, 1.0))) * spread
        velocity += rng.gauss(0.0, 2.5)
        beat = max(0.0, beat + late_ms * 1000.0 / TEMPO_US)
        self.notes[player].append((beat, beats, key, max(1, min(127, round(velocity)))))

    def line(self, player, bar, bars, velocity, transpose=0, legato=0.97):
        """Adds a melody given as bars of (start, length, note) in eighths, shaped as phrases of two bars."""
        for i, notes in enumerate(bars):
            for start, length, name in notes:
                arch = 6.0 * (i % 2) - 3.0 + (5.0 if start == 0 else 0.0) + 1.2 * (pitch(name) - 74) * 0.5
                beat = (bar + i) * BEATS_PER_BAR + start / 2
                self.play(player, beat, length / 2 * legato, pitch(name) + transpose, velocity + arch, False)

    def chords_of(self, section):
        """Yields (beat, beats, chord, following chord) over a section."""
        bar, bars = self.sections[section]
        flat = [((bar + i) * BEATS_PER_BAR + at, beats, c) for i, b in enumerate(bars) for at, beats, c in b]
        for i, (beat, beats, chord) in enumerate(flat):
            yield beat, beats, chord, flat[i + 1][2] if i + 1 < len(flat) else chord

    def sustain(self, player, section, low, high, velocity, bars=None, voices=4):
        """Holds the section's chords as a pad, moving each voice as little as possible."""
        previous, first = None, self.sections[section][0]
        for beat, beats, chord, _ in self.chords_of(section):
            previous = voice(chord, previous, low, high, voices)
            if bars is None or int(beat // BEATS_PER_BAR) - first in bars:
                for key in previous:
                    self.play(player, beat, beats * 0.985, key, velocity, False)

    def ramp(self, player, controller, start, end, from_value, to_value):
        """Moves a controller in a straight line between two beats, in steps of an eighth."""
        steps = max(1, round((end - start) * 2))
        for i in range(steps + 1):
            value = round(from_value + (to_value - from_value) * i / steps)
            self.controls.append((start + (end - start) * i / steps, PLAYERS[player][0], controller, value))

    def drum_bar(self, bar, patterns, level=0.0, start=0, stop=16):
        """Adds one bar of drums: key -> 16 characters, a digit for a hit from 1 (ghost) to 9 (accent)."""
        for key, pattern in patterns.items():
            for step, mark in enumerate(pattern):
                if mark != "." and start <= step < stop:
                    velocity = 22 + 10.5 * int(mark) + level
                    lean = 0.010 if key == SNARE and int(mark) > 4 else 0.0  # beats; a backbeat laid back
                    beat = bar * BEATS_PER_BAR + step / 4
                    self.play("drums", beat + lean, 0.2, key, velocity, lean == 0.0)

    def roll(self, player, key, beat, beats, per_beat, from_velocity, to_velocity):
        """Adds an even roll with a straight crescendo."""
        count = round(beats * per_beat)
        for i in range(count):
            shape = 4.0 if i % 2 == 0 else -3.0
            velocity = from_velocity + (to_velocity - from_velocity) * i / max(1, count - 1) + shape
            self.play(player, beat + i / per_beat, 0.9 / per_beat, key, velocity, False)


def broken_chord(score, player, section, order, step, low, high, velocity, bars=None, length=1.0, crescendo=0.0):
    """Plays the section's chords as a figure: `order` indexes the voicing, 4 and more an octave higher."""
    previous, first = None, score.sections[section][0]
    for beat, beats, chord, _ in score.chords_of(section):
        previous = voice(chord, previous, low, high)
        bar = int(beat // BEATS_PER_BAR) - first
        if bars is not None and bar not in bars:
            continue
        for i in range(round(beats / step)):
            index = order[i % len(order)]
            key = previous[index % 4] + 12 * (index // 4)
            at = beat + i * step
            accent = 7.0 if at % 2 == 0 else (2.0 if at % 1 == 0 else -3.0)
            score.play(player, at, step * length, key, velocity + accent + crescendo * bar)


def comp(score, player, section, hits, low, high, velocity, bars=None, voices=4):
    """Plays rhythmic chords: `hits` are (sixteenth in the bar, length in sixteenths, accent)."""
    previous, first = None, score.sections[section][0]
    for beat, beats, chord, _ in score.chords_of(section):
        previous = voice(chord, previous, low, high, voices)
        bar = beat // BEATS_PER_BAR
        if bars is not None and int(bar) - first not in bars:
            continue
        for step, length, accent in hits:
            at = bar * BEATS_PER_BAR + step / 4
            if beat <= at < beat + beats:
                for i, key in enumerate(previous):
                    score.play(player, at + 0.004 * i, length / 4 * 0.9, key, velocity + accent)


def bass_line(score, section, busy, velocity):
    """Roots with the kick, octaves and fifths off the beat, a step into the next chord."""
    for beat, beats, chord, following in score.chords_of(section):
        low = bass_pitch(chord.bass)
        fifth = low + 7 if (chord.root + 7) % 12 in chord.pitch_classes and chord.bass == chord.root else low + 12
        goal = bass_pitch(following.bass)
        approach = goal - 1 if goal - low > 1 or goal == low else goal + 2 if goal - low > -3 else goal + 1
        if busy:  # (eighth, length in eighths, pitch, accent)
            figure = [(0, 1, low, 9), (1, 0.7, low, -8), (2, 1, low + 12, 2), (3, 0.9, low, 0), (4, 1, low, 5),
                      (5, 0.8, low + 12, 0), (6, 0.9, fifth, 0), (7, 0.9, approach, -2)]
            short = [(0, 1, low, 9), (1, 0.7, low, -6), (2, 0.9, low + 12, 2), (3, 0.9, low, 0)]
        else:
            figure = [(0, 2.6, low, 8), (3, 1.7, low, 0), (5, 0.9, low + 12, 3), (6, 0.9, fifth, -3), (7, 0.8, approach, -4)]
            short = [(0, 2.4, low, 8), (3, 0.8, low + 12, -2)]
        for eighth, length, key, accent in figure if beats == 4 else short:
            score.play("bass", beat + eighth / 2, length / 2 * 0.92, key, velocity + accent)


def intro(score):
    bar, _ = score.sections["intro"]
    start, end = bar * 4, bar * 4 + 16
    broken_chord(score, "epiano", "intro", (0, 2, 1, 3, 2, 4, 3, 2), 0.5, 55, 76, 58, range(0, 2), 2.2, 2.0)
    broken_chord(score, "epiano", "intro", (0, 2, 1, 3, 2, 4, 3, 5), 0.25, 55, 76, 52, range(2, 4), 3.0, 3.0)
    score.sustain("pad", "intro", 50, 69, 62)
    score.ramp("pad", 11, start, end, 45, 100)
    # A first hint of the theme, over bars 3 and 4.
    hint = [[(0, 3, "C5"), (3, 1, "A4"), (4, 1, "C5"), (5, 3, "F5")], [(0, 4, "G5"), (4, 4, "E5")]]
    score.line("vibes", bar + 2, hint, 84, legato=1.2)
    for i, (beat, _, chord, _) in enumerate(score.chords_of("intro")):
        if i < 4:
            score.play("bass", beat, 3.6, bass_pitch(chord.bass), 52 + 5 * i, False)
    score.play("cymbal", end - 4, 3.9, 62, 74, False)
    score.drum_bar(bar + 3, {HAT: "............2345", STICK: "..............5."})


def groove(score):
    bar, _ = score.sections["groove"]
    bass_line(score, "groove", False, 88)
    broken_chord(score, "epiano", "groove", (0, 2, 1, 3, 2, 4, 3, 5), 0.25, 55, 76, 50, range(0, 4), 2.0)
    comp(score, "guitar", "groove", [(2, 1, 0), (3, 1, -12), (6, 2, 4), (10, 1, 0), (11, 1, -12), (14, 1, 6)], 57, 74, 66, None, 3)
    score.sustain("pad", "groove", 50, 69, 56)
    score.ramp("pad", 11, bar * 4, bar * 4 + 1, 100, 78)
    beat = {KICK: "9.....6...8..5..", STICK: "....8.......8...", HAT: "6353635363536353", SHAKER: "3.4.3.4.3.4.3.4."}
    full = {KICK: "9.....6...8..5..", SNARE: "....8..2.2..8..2", HAT: "73537353735373.3", HAT_OPEN: "..............6."}
    score.drum_bar(bar, {**beat, CRASH: "6..............."}, -4)
    score.drum_bar(bar + 1, beat)
    score.drum_bar(bar + 2, full)
    score.drum_bar(bar + 3, full, 0, 0, 12)
    score.drum_bar(bar + 3, {SNARE: "............7356", TOM_HIGH: ".............7..", TOM_MID: "..............8.",
                             TOM_LOW: "...............8", KICK: "............8..."})


def theme(score):
    bar, _ = score.sections["theme"]
    bass_line(score, "theme", False, 94)
    comp(score, "epiano", "theme", [(0, 3, 4), (3, 2, -4), (6, 3, 0), (10, 2, -2), (13, 2, -4)], 53, 72, 54)
    comp(score, "guitar", "theme", [(2, 1, 0), (3, 1, -12), (6, 1, 2), (7, 1, -10), (10, 1, 0), (11, 1, -12), (14, 1, 6)],
         57, 74, 66, None, 3)
    score.line("lead", bar, THEME, 94)
    score.line("vibes", bar, THEME, 74, legato=1.1)
    score.line("horn", bar + 4, COUNTER[4:], 74)
    score.sustain("pad", "theme", 50, 69, 50)
    score.sustain("strings", "theme", 55, 74, 58, range(4, 8))
    score.ramp("strings", 11, bar * 4 + 16, bar * 4 + 30, 40, 96)
    for i in range(8):
        score.ramp("lead", 1, bar * 4 + 4 * i, bar * 4 + 4 * i + 0.5, 10, 10)
        score.ramp("lead", 1, bar * 4 + 4 * i + 2.5, bar * 4 + 4 * i + 3.9, 10, 60)
    score.ramp("lead", 1, bar * 4 + 32, bar * 4 + 32.5, 20, 20)
    beat = {KICK: "9..4..7...8..5..", SNARE: "....9..2.2..9..2", HAT: "73537353735373.3", HAT_OPEN: "..............6."}
    ride = {KICK: "9..4..7...8..5..", SNARE: "....9..2.2..9.22", RIDE: "7.4.7.4.7.4.7.4.", HAT_FOOT: "....5.......5..."}
    for i in range(8):
        patterns = dict(beat if i < 4 else ride)
        if i in (0, 4):
            patterns[CRASH] = "8..............."
        stop = {3: 14, 7: 8}.get(i, 16)
        score.drum_bar(bar + i, patterns, 2 + (3 if i >= 4 else 0), 0, stop)
    score.drum_bar(bar + 3, {SNARE: "..............67", TOM_HIGH: "..............6."})
    score.drum_bar(bar + 7, {SNARE: "........8.68....", TOM_HIGH: "............87..", TOM_MID: ".............7..",
                             TOM_LOW: "..............98", KICK: "........8...8..."}, 4)


def breakdown(score):
    bar, _ = score.sections["breakdown"]
    start = bar * 4
    score.drum_bar(bar, {CRASH_2: "6..............."}, -8)
    score.sustain("strings", "breakdown", 50, 70, 60)
    score.ramp("strings", 11, start, start + 16, 52, 76)
    score.ramp("strings", 11, start + 16, start + 31, 76, 108)
    score.sustain("choir", "breakdown", 55, 72, 66, range(2, 8), 3)
    score.ramp("choir", 11, start + 8, start + 31, 40, 104)
    broken_chord(score, "harp", "breakdown", (0, 1, 2, 3, 4, 3, 2, 1), 0.5, 50, 70, 58, None, 3.0)
    score.line("cello", bar, SONG_CELLO, 84)
    score.line("oboe", bar, SONG_OBOE, 82)
    for i in range(8):
        score.ramp("cello", 11, start + 4 * i, start + 4 * i + 2, 84, 112)
        score.ramp("cello", 11, start + 4 * i + 2, start + 4 * i + 3.5, 112, 88)
        score.ramp("oboe", 11, start + 4 * i, start + 4 * i + 2, 84, 110)
        score.ramp("oboe", 1, start + 4 * i + 1, start + 4 * i + 3, 0, 40)
    for i, (beat, beats, chord, _) in enumerate(score.chords_of("breakdown")):
        if beat >= start + 16:
            score.play("bass", beat, beats * 0.95, bass_pitch(chord.bass), 58 + i, False)
    score.roll("timpani", 45, start + 30, 2, 8, 28, 72)


def build(score):
    bar, _ = score.sections["build"]
    start = bar * 4
    for i in range(32):
        score.play("bass", start + i / 2, 0.4, 38 if i % 4 == 3 else 26 + 12 * (i % 2), 72 + 0.9 * i + (8 if i % 2 == 0 else 0))
    broken_chord(score, "epiano", "build", (0, 1, 2, 3, 1, 2, 3, 4), 0.25, 57, 76, 56, None, 1.2, 8.0)
    broken_chord(score, "harp", "build", (3, 2, 4, 3, 5, 4, 6, 5), 0.25, 60, 76, 52, range(1, 4), 1.2, 8.0)
    score.sustain("strings", "build", 57, 76, 72)
    score.ramp("strings", 11, start, start + 15.5, 62, 122)
    score.sustain("choir", "build", 57, 74, 72, range(2, 4), 3)
    score.ramp("choir", 11, start + 8, start + 15.5, 60, 118)
    score.line("trumpet", bar, BUILD_CALL, 86)
    score.ramp("trumpet", 11, start, start + 15, 76, 116)
    score.line("horn", bar, BUILD_CALL, 72, -12)
    score.ramp("horn", 11, start, start + 15, 80, 116)
    scale = ["D5", "E5", "F#5", "G5", "A5", "B5", "C6", "D6"]
    for i, name in enumerate(scale):
        score.play("lead", start + 14 + i / 4, 0.24, pitch(name), 78 + 4 * i)
        score.play("harp", start + 14 + i / 4, 0.6, pitch(name) - 12, 80 + 4 * i)
    score.roll("drums", SNARE, start, 8, 2, 34, 58)
    score.roll("drums", SNARE, start + 8, 4, 4, 56, 84)
    score.roll("drums", SNARE, start + 12, 3.5, 8, 66, 118)
    score.roll("timpani", 38, start + 12, 4, 8, 46, 112)
    for i in range(15):
        score.play("drums", start + i, 0.2, KICK, 74 + 2.5 * i)
    for i in range(24):
        score.play("drums", start + 4 + i / 2, 0.2, TAMBOURINE, 40 + 2.2 * i)
    score.play("cymbal", start + 12, 3.9, 62, 110, False)


def finale(score):
    bar, _ = score.sections["finale"]
    start, up = bar * 4, 2  # the theme, a whole tone higher than the first time
    bass_line(score, "finale", True, 104)
    comp(score, "epiano", "finale", [(0, 3, 4), (3, 2, -2), (6, 3, 2), (10, 2, 0), (13, 2, -2)], 55, 76, 67)
    comp(score, "guitar", "finale", [(0, 1, 4), (2, 1, 0), (3, 1, -10), (6, 1, 2), (7, 1, -8), (8, 1, 4), (10, 1, 0), (11, 1, -10),
                                     (14, 1, 6)], 59, 76, 80, None, 3)
    score.line("trumpet", bar, THEME, 104, up, 0.92)
    score.line("strings", bar, THEME, 88, up)
    score.line("lead", bar, THEME, 72, up + 12)
    score.line("vibes", bar, THEME, 84, up + 12, 0.9)
    score.line("horn", bar, COUNTER, 92, up)
    score.sustain("strings", "finale", 55, 74, 74)
    score.sustain("choir", "finale", 57, 76, 79)
    for name, level in (("strings", 112), ("choir", 108), ("horn", 112), ("trumpet", 112)):
        score.ramp(name, 11, start, start + 0.5, level, level)
        score.ramp(name, 11, start + 24, start + 31, level, 124)
    score.play("cymbal", start + 12, 3.9, 62, 92, False)
    one = {KICK: "9..4..8.9.8..5..", SNARE: "....9..2.2..9..2", CLAP: "....6.......6...", HAT: "84648464846484.4",
           HAT_OPEN: "..............7.", TAMBOURINE: "3.5.3.5.3.5.3.5."}
    two = {KICK: "9..4..8.9.8..5..", SNARE: "....9..2.2..9.23", CLAP: "....6.......6...", RIDE: "7.5.7.5.7.5.7.5.",
           RIDE_BELL: "....6.......6...", TAMBOURINE: "3.5.3.5.3.5.3.5."}
    for i in range(8):
        patterns = dict(one if i < 4 else two)
        if i in (0, 4):
            patterns[CRASH] = "9..............."
        if i in (2, 6):
            patterns[CRASH_2] = "7..............."
        stop = {3: 12, 7: 4}.get(i, 16)
        score.drum_bar(bar + i, patterns, 6, 0, stop)
    score.drum_bar(bar + 3, {SNARE: "............8688", KICK: "............8.8.", TOM_HIGH: ".............7..", TOM_LOW: "...............8"}, 9)
    score.drum_bar(bar + 7, {SNARE: "....87868.......", TOM_HIGH: ".........88.....", TOM_MID: "...........88...", TOM_LOW: ".............889",
                             KICK: "....8...8...8..."}, 11)
    for i in (0, 16):
        score.play("timpani", start + i, 1.5, 43, 108, False)
    score.roll("timpani", 38, start + 30, 2, 8, 60, 104)


def outro(score):
    bar, _ = score.sections["outro"]
    start, end = bar * 4, bar * 4 + 16
    score.drum_bar(bar, {CRASH: "8...............", KICK: "9..............."})
    score.drum_bar(bar + 1, {RIDE: "4......3....3..."})
    score.drum_bar(bar + 3, {RIDE_BELL: "3...............", CRASH_2: "2..............."}, -12)
    score.play("timpani", start, 2.0, 39, 96, False)
    score.sustain("choir", "outro", 55, 74, 70, range(0, 3), 3)
    score.sustain("strings", "outro", 50, 72, 66)
    score.ramp("choir", 11, start, start + 12, 100, 30)
    score.ramp("strings", 11, start, end, 100, 34)
    broken_chord(score, "epiano", "outro", (0, 2, 1, 3, 2, 4, 3, 5), 0.25, 55, 76, 60, range(0, 2), 3.0, -4.0)
    broken_chord(score, "epiano", "outro", (0, 2, 1, 3, 2, 4, 3, 2), 0.5, 55, 76, 52, range(2, 3), 3.0)
    for i, key in enumerate(["G3", "D4", "G4", "B4", "D5", "G5"]):
        score.play("epiano", start + 12 + 0.06 * i, 5.0, pitch(key), 54 - 2 * i, False)
    for i, key in enumerate(["G4", "B4", "D5", "G5", "B5", "D6", "G6"]):
        score.play("harp", start + 13 + i / 4, 3.0, pitch(key), 62 - 4 * i, False)
    score.line("vibes", bar, OUTRO_CALL, 88, legato=1.2)
    score.line("lead", bar, OUTRO_CALL[:2], 76, -12)
    for beat, beats, chord, _ in score.chords_of("outro"):
        score.play("bass", beat, beats * 0.97, bass_pitch(chord.bass), 74 - 1.5 * (beat - start), False)


def write_midi(score, path):
    """Writes a type-1 file: tempo track, then one track per player."""
    tick = lambda beat: round(beat * PPQ)
    song = mido.MidiFile(type=1, ticks_per_beat=PPQ)
    head = mido.MidiTrack()
    head.append(mido.MetaMessage("track_name", name=TITLE))
    head.append(mido.MetaMessage("copyright", text="The Dendrite maintainers, CC0-1.0"))
    head.append(mido.MetaMessage("time_signature", numerator=4, denominator=4))
    head.append(mido.MetaMessage("set_tempo", tempo=TEMPO_US))
    song.tracks.append(head)
    for name, (channel, program, volume, pan, reverb, chorus, _) in PLAYERS.items():
        # At equal ticks: controllers, then note offs, then note ons.
        events = [(tick(at), 0, mido.Message("control_change", channel=ch, control=cc, value=v))
                  for at, ch, cc, v in score.controls if ch == channel]
        for beat, beats, key, velocity in clear_overlaps(score.notes[name]):
            events.append((tick(beat), 2, mido.Message("note_on", channel=channel, note=key, velocity=velocity)))
            events.append((max(tick(beat + beats), tick(beat) + 1), 1, mido.Message("note_off", channel=channel, note=key)))
        events.sort(key=lambda event: event[:2])
        track = mido.MidiTrack()
        track.append(mido.MetaMessage("track_name", name=name))
        track.append(mido.Message("program_change", channel=channel, program=program))
        for control, value in ((7, volume), (10, pan), (91, reverb), (93, chorus), (11, 110)):
            track.append(mido.Message("control_change", channel=channel, control=control, value=value))
        now = 0
        for at, _, message in events:
            track.append(message.copy(time=at - now))
            now = at
        song.tracks.append(track)
    song.save(path)


def clear_overlaps(notes):
    """Ends a note where the same key is struck again, so that no note off cuts its successor."""
    notes = sorted(notes)
    result = []
    for i, (beat, beats, key, velocity) in enumerate(notes):
        following = next((n[0] for n in notes[i + 1:] if n[2] == key and n[0] < beat + beats + 0.02), None)
        if following is not None:
            if following - beat < 0.03:
                continue  # the same note twice (a fill over a pattern): keep the later one
            beats = following - beat - 0.01
        result.append((beat, beats, key, velocity))
    return result


def labels(score):
    """The ground truth of the audio file, times in seconds from its first sample."""
    second = TEMPO_US / 1e6
    at = lambda beat: round(beat * second, 4)
    sections, chords, keys = [], [], []
    for name, (bar, _) in score.sections.items():
        sections.append({"name": name, "bar": bar + 1, "time": at(bar * 4), "key": KEYS[name]})
        if not keys or keys[-1]["key"] != KEYS[name]:
            keys.append({"key": KEYS[name], "time": at(bar * 4)})
        chords += [{"time": at(beat), "end": at(beat + beats), "name": chord.name, "root": chord.root, "bass": chord.bass,
                    "pitch_classes": sorted(chord.pitch_classes), "model_class": chord.model_class}
                   for beat, beats, chord, _ in score.chords_of(name)]
    players = {}
    for name, (channel, program, *_rest) in PLAYERS.items():
        # As in the MIDI file: starts on whole ticks.
        notes = [(round(b * PPQ) / PPQ, k, v) for b, _, k, v in clear_overlaps(score.notes[name])]
        players[name] = {"channel": channel + 1, "program": program, "time": [at(n[0]) for n in notes],
                         "pitch": [n[1] for n in notes], "velocity": [n[2] for n in notes]}
    return {"title": TITLE, "author": "the Dendrite maintainers", "licence": "CC0-1.0", "sample_rate": 48000,
            "audio_offset": AUDIO_OFFSET_S, "tempo_bpm": round(60e6 / TEMPO_US, 4), "meter": "4/4", "end": at(score.bars * 4),
            "beats": [at(b) for b in range(score.bars * 4)], "bars": [at(b * 4) for b in range(score.bars)],
            "sections": sections, "keys": keys, "chords": chords, "players": players}


def compose():
    """The whole piece."""
    score = Score()
    for part in (intro, groove, theme, breakdown, build, finale, outro):
        part(score)
    return score


def main():
    score = compose()
    write_midi(score, HERE / "dendrite_demo.mid")
    text = json.dumps(labels(score), separators=(",", ":"))
    # One line per top-level entry and per player, so that a change can be read in a diff.
    text = text.replace('],"', '],\n"').replace('},"', '},\n"').replace('},{', '},\n{')
    (HERE / "dendrite_demo.labels.json").write_text(text + "\n", encoding="utf-8")
    print(f"{TITLE}: {score.bars} bars, {sum(map(len, score.notes.values()))} notes, {score.bars * 4 * TEMPO_US / 1e6:.2f} s")


if __name__ == "__main__":
    main()
