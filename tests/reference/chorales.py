#!/usr/bin/env python3
"""Writes the four-part chorales of the corpus of music21 as MIDI files, to measure what generated music teaches.

    pip install music21==10.5.1
    python3 tests/reference/chorales.py FOLDER
    cargo dendrite train evaluate --data-dir FOLDER --layout lakh --models models

The chorales come with music21 and are not part of this project. Some minutes, about 360 files.
"""

import sys
from pathlib import Path

from music21 import corpus

# Soprano, alto, tenor, bass.
PARTS = 4


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for path in map(Path, corpus.getComposer("bach")):
        if not path.name.startswith("bwv"):
            continue
        score = corpus.parse(path)
        if len(score.parts) == PARTS:
            score.write("midi", fp=str(folder / f"{path.stem}.mid"))
            written += 1
    print(f"{written} chorales in {folder}")


if __name__ == "__main__":
    main()
