#!/usr/bin/env python3
"""Levels and trims the rendered demo track: loudness by ITU-R BS.1770-4, a look-ahead limiter, a faded tail.

Usage: python3 master.py IN.wav OUT.wav            (48 kHz stereo; needs numpy, scipy, soundfile)
"""

import sys

import numpy as np
import soundfile as sf
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import lfilter, resample_poly

TARGET_LUFS = -15.6
CEILING_DB = -1.6  # Vorbis coding adds up to a decibel to peaks
LENGTH_S = 89.0  # the last bar ends at 85.7 s; the rest is its ringing
FADE_S = 1.5
LOOKAHEAD = 96  # samples, 2 ms
RELEASE_S = 0.08


def integrated_loudness(x):
    """Gated loudness in LUFS of a 48 kHz signal of shape [samples, channels]."""
    # K-weighting at 48 kHz, coefficients of BS.1770-4, tables 1 and 2.
    y = lfilter([1.53512485958697, -2.69169618940638, 1.19839281085285], [1.0, -1.69065929318241, 0.73248077421585], x, axis=0)
    y = lfilter([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621], y, axis=0)
    block, step = 19_200, 4_800
    energy = np.concatenate([[0.0], np.cumsum((y ** 2).sum(axis=1))])
    starts = np.arange(0, len(x) - block + 1, step)
    power = (energy[starts + block] - energy[starts]) / block
    level = -0.691 + 10 * np.log10(np.maximum(power, 1e-12))
    gated = power[level > -70.0]
    relative = -0.691 + 10 * np.log10(gated.mean()) - 10.0
    return -0.691 + 10 * np.log10(power[level > max(relative, -70.0)].mean())


def high_shelf(x, frequency, gain_db, rate=48_000):
    """Second-order high shelf, slope 1 (R. Bristow-Johnson, Audio EQ Cookbook)."""
    a, w = 10 ** (gain_db / 40), 2 * np.pi * frequency / rate
    alpha, c = np.sin(w) / np.sqrt(2.0), np.cos(w)
    r = 2 * np.sqrt(a) * alpha
    b = [a * (a + 1 + (a - 1) * c + r), -2 * a * (a - 1 + (a + 1) * c), a * (a + 1 + (a - 1) * c - r)]
    return lfilter(b, [a + 1 - (a - 1) * c + r, 2 * (a - 1 - (a + 1) * c), a + 1 - (a - 1) * c - r], x, axis=0)


def true_peak_envelope(x):
    """The larger channel's peak around each sample, from fourfold oversampling."""
    dense = np.abs(resample_poly(x, 4, 1, axis=0)).max(axis=1)
    return dense.reshape(-1, 4).max(axis=1)


def limit(x, ceiling):
    """Turns the gain down ahead of every peak above `ceiling`, and lets it back exponentially."""
    wanted = np.minimum(1.0, ceiling / np.maximum(true_peak_envelope(x), 1e-9))
    # Looks both ways, so that the smoothed gain is never above what a peak needs.
    held = -maximum_filter1d(-wanted, 2 * LOOKAHEAD + 1)
    # The reduction at i is the largest of all earlier ones, each decayed since: in logarithms, a running maximum.
    decay = np.arange(len(held)) / (RELEASE_S * 48_000)
    reduction = np.exp(np.maximum.accumulate(np.log(np.maximum(1.0 - held, 1e-12)) + decay) - decay)
    return x * uniform_filter1d(1.0 - reduction, LOOKAHEAD + 1)[:, None]


def main(source, target):
    x, rate = sf.read(source, always_2d=True)
    if rate != 48_000 or x.shape[1] != 2:
        raise SystemExit(f"{source}: expected 48000 Hz stereo, found {rate} Hz with {x.shape[1]} channels")
    x = x[: int(LENGTH_S * rate)]
    fade = int(FADE_S * rate)
    x[-fade:] *= (0.5 + 0.5 * np.cos(np.linspace(0.0, np.pi, fade)))[:, None]
    x = lfilter([0.99869, -0.99869], [1.0, -0.99738], x, axis=0)  # no DC: first-order high-pass at 20 Hz

    x = high_shelf(x, 4_500.0, 2.5)  # the sound font is a little dull

    ceiling, gain_db = 10 ** (CEILING_DB / 20), 0.0
    y = x
    for _ in range(4):  # limiting takes a little loudness away: approach the target
        gain_db += TARGET_LUFS - integrated_loudness(y)
        y = limit(x * 10 ** (gain_db / 20), ceiling)
    overshoot_db = 20 * np.log10(np.abs(x).max()) + gain_db - CEILING_DB
    noise = np.random.default_rng(1).random((2, *y.shape))
    y = y + (noise[0] - noise[1]) / 32_768  # triangular dither for 16 bits
    sf.write(target, y, rate, subtype="PCM_16")
    print(f"{integrated_loudness(y):.2f} LUFS, peak {20 * np.log10(np.abs(y).max()):.2f} dBFS, gain {gain_db:.1f} dB, "
          f"deepest limiting {overshoot_db:.1f} dB, {len(y) / rate:.2f} s")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
