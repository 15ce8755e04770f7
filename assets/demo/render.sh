#!/bin/sh
# Makes dendrite_demo.ogg from nothing: compose -> General MIDI -> FluidR3 GM -> level and trim -> Ogg Vorbis.
# Debian packages: fluidsynth fluid-soundfont-gm vorbis-tools; PyPI packages: mido numpy scipy soundfile.
# Usage: sh assets/demo/render.sh
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 compose.py
fluidsynth -q -ni -r 48000 -g 0.3 -T wav -O float -F "$work/raw.wav" \
    -o synth.polyphony=512 \
    -o synth.reverb.active=yes -o synth.reverb.room-size=0.55 -o synth.reverb.damp=0.35 \
    -o synth.reverb.width=0.8 -o synth.reverb.level=0.75 \
    -o synth.chorus.active=yes -o synth.chorus.nr=3 -o synth.chorus.level=1.2 \
    -o synth.chorus.speed=0.3 -o synth.chorus.depth=6 \
    /usr/share/sounds/sf2/FluidR3_GM.sf2 dendrite_demo.mid
python3 master.py "$work/raw.wav" "$work/master.wav"
oggenc -Q -q 5 --title "Branches" --artist "The Dendrite maintainers" \
    --comment "LICENSE=CC0-1.0" -s 1 -o dendrite_demo.ogg "$work/master.wav"
ls -l dendrite_demo.ogg dendrite_demo.mid dendrite_demo.labels.json
