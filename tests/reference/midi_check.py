#!/usr/bin/env python3
"""Reads the demo's MIDI file with mido, a parser that is not ours.

    pip install mido==1.3.3
    python3 tests/reference/midi_check.py target/demo/demo.mid

Asserts that it is of type 1, that every note on has exactly one note off behind it, that tempo, meter, key and chords are there, and
that the voices are on their channels. Prints the notes per track and then "ok", or says what is wrong and ends with 1.
"""

import collections
import sys

import mido

VOICES = {"Melody": 0, "Chords": 1, "Bass": 2, "Drums": 9}


def main(path):
    song = mido.MidiFile(path)
    assert song.type == 1, f"type {song.type}"
    conductor, *tracks = song.tracks
    kinds = collections.Counter(message.type for message in conductor)
    assert kinds["set_tempo"] >= 1 and kinds["time_signature"] == 1, kinds
    markers = [message.text for message in conductor if message.type == "marker"]
    assert any(text.startswith("Key: ") for text in markers), "no key among the markers"
    assert len(markers) >= 4, f"chords are missing: {markers}"
    assert [track.name for track in tracks[:4]] == list(VOICES), [track.name for track in tracks]
    for track in tracks[:4]:
        sounding, notes = set(), 0
        for message in track:
            if message.type not in ("note_on", "note_off"):
                continue
            assert message.channel == VOICES[track.name], f"{track.name}: {message}"
            if message.type == "note_on" and message.velocity > 0:
                assert message.note not in sounding, f"{track.name}: {message} sounds already"
                sounding.add(message.note)
                notes += 1
            else:
                sounding.remove(message.note)
        assert not sounding, f"{track.name}: {sounding} never end"
        assert notes >= 20, f"{track.name}: {notes} notes"
        print(f"{track.name}: {notes} notes")
    print(f"{song.length:.1f} s, {len(markers)} markers: {', '.join(markers[:12])}")
    print("ok")


if __name__ == "__main__":
    main(sys.argv[1])
