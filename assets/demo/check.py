#!/usr/bin/env python3
"""Checks the demo track against its labels: timing, levels, clipping, and the chords' pitch classes.

Usage: python3 check.py [--picture FILE.png]     (needs numpy, scipy, soundfile, librosa; matplotlib for the picture)
Exit code 1 when a limit is not met.
"""

import argparse
import json
from pathlib import Path

import librosa
import numpy as np
import soundfile as sf

from master import integrated_loudness

HERE = Path(__file__).resolve().parent
MAX_OFFSET_MS = 10.0
DRUMLIKE = ("drums", "epiano", "guitar", "bass", "harp", "vibes", "timpani")  # attacks of a few milliseconds


def onset_offset_ms(mono, rate, times, hop=48):
    """Lag in ms by which the audio's onset envelope follows the label times (best cross-correlation)."""
    spectrum = np.abs(librosa.stft(mono, n_fft=480, hop_length=hop, center=True)) ** 2
    level = np.log10(1e-6 + spectrum)
    flux = np.maximum(0.0, np.diff(level, axis=1, prepend=level[:, :1])).mean(axis=0)
    clicks = np.zeros_like(flux)
    np.add.at(clicks, np.minimum((np.asarray(times) * rate / hop).round().astype(int), len(clicks) - 1), 1.0)
    lags = np.arange(-60, 61)
    flux = flux - flux.mean()
    score = [np.dot(clicks[60:-60], flux[60 + lag : len(flux) - 60 + lag]) for lag in lags]
    return float(lags[int(np.argmax(score))] * hop * 1000.0 / rate)


def chord_scores(mono, rate, chords):
    """For each chord: its name, the share of chroma in its notes, whether its three strongest classes are its own."""
    chroma = librosa.feature.chroma_cqt(y=mono, sr=rate, hop_length=1024, fmin=librosa.note_to_hz("C2"), n_octaves=6)
    scores = []
    for chord in chords:
        # Skips the first 0.15 s, where the last chord still rings.
        a, b = (int(round(t * rate / 1024)) for t in (chord["time"] + 0.15, chord["end"]))
        mean = chroma[:, a:b].mean(axis=1)
        own = [c in chord["pitch_classes"] or c == chord["bass"] for c in range(12)]
        top = np.argsort(-mean)[:3]
        scores.append((chord["name"], float(mean[own].sum() / mean.sum()), sum(own[c] for c in top)))
    return scores


def picture(mono, rate, labels, path):
    """Draws the mel spectrogram with section borders."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    mel = librosa.power_to_db(librosa.feature.melspectrogram(y=mono, sr=rate, n_fft=4096, hop_length=1024, n_mels=128, fmax=24000))
    plt.figure(figsize=(18, 7))
    plt.imshow(mel, origin="lower", aspect="auto", extent=(0, len(mono) / rate, 0, 128), vmin=-60, vmax=30, cmap="magma")
    for section in labels["sections"]:
        plt.axvline(section["time"], color="w", lw=0.8)
        plt.text(section["time"] + 0.3, 122, section["name"], color="w")
    plt.tight_layout()
    plt.savefig(path, dpi=70)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="FILE.png")
    options = parser.parse_args()
    labels = json.loads((HERE / "dendrite_demo.labels.json").read_text(encoding="utf-8"))
    x, rate = sf.read(HERE / "dendrite_demo.ogg", always_2d=True)
    mono, failures = x.mean(axis=1), []

    peak = float(np.abs(x).max())
    print(f"{len(x) / rate:.2f} s, {rate} Hz, {x.shape[1]} channels, peak {20 * np.log10(peak):.2f} dBFS, "
          f"{integrated_loudness(x):.2f} LUFS, left/right correlation {np.corrcoef(x.T)[0, 1]:.2f}")
    if peak >= 1.0:
        failures.append("clipping")

    borders = [s["time"] for s in labels["sections"]] + [len(x) / rate]
    for section, a, b in zip(labels["sections"], borders, borders[1:]):
        part = x[int(a * rate) : int(b * rate)]
        power = np.abs(librosa.stft(part.mean(axis=1), n_fft=4096)) ** 2
        f = librosa.fft_frequencies(sr=rate, n_fft=4096)
        bands = [power[(f >= lo) & (f < hi)].sum() for lo, hi in ((20, 120), (120, 500), (500, 2000), (2000, 8000), (8000, 24000))]
        shares = " ".join(f"{10 * np.log10(v / sum(bands)):6.1f}" for v in bands)
        print(f"  {section['name']:10s} {a:6.2f} s {integrated_loudness(part):6.1f} LUFS   dB of the whole in 20-120-500-2k-8k-24k: {shares}")

    for name in ("drums", None):
        players = [p for n, p in labels["players"].items() if n == name or (name is None and n in DRUMLIKE)]
        times = [t for p in players for t in p["time"]]
        offset = onset_offset_ms(mono, rate, times)
        halves = [onset_offset_ms(mono[int(a * rate) : int(b * rate)], rate, [t - a for t in times if a <= t < b - 0.1])
                  for a, b in ((8.57, 34.28), (51.42, 77.14))]
        print(f"  audio follows {len(times)} label onsets ({name or 'all with a sharp attack'}) by {offset:.0f} ms; "
              f"groove and theme {halves[0]:.0f} ms, build and finale {halves[1]:.0f} ms")
        if max(map(abs, [offset, *halves])) > MAX_OFFSET_MS:
            failures.append(f"timing of {name or 'all'}")

    scores = chord_scores(mono, rate, labels["chords"])
    shares, tops = np.array([s[1] for s in scores]), np.array([s[2] for s in scores])
    print(f"  chords: {len(scores)}, chroma within the chord's notes {shares.mean():.2f} (lowest {shares.min():.2f}), "
          f"three strongest all its own {np.mean(tops == 3):.2f}, at least two {np.mean(tops >= 2):.2f}")
    for score in scores:
        if score[2] < 3:
            print("    weakest:", score[0], f"{score[1]:.2f}", score[2])
    if np.mean(tops >= 2) < 0.95:
        failures.append("chords")

    if options.picture:
        picture(mono, rate, labels, options.picture)
    if failures:
        raise SystemExit("FAILED: " + ", ".join(failures))


if __name__ == "__main__":
    main()
