#!/usr/bin/env python3
"""Makes the reference data of the feature extractor with librosa and numpy.

For every test signal, in tests/reference/features/: a mono 48 kHz 16-bit WAV (value / 32,768 is the signal),
and a .f32 file: little-endian float32, row-major [frames][134] = 6 base features, then 128 mel values.
features.json is the index. The README beside this file says what is compared, and how closely.

Usage: OMP_NUM_THREADS=1 python3 tests/reference/features.py
"""

import json
import platform
from pathlib import Path

import librosa
import numpy as np
import scipy.signal
import soundfile as sf

HERE = Path(__file__).resolve().parent
OUT = HERE / "features"
DEMO = HERE.parent.parent / "assets" / "demo" / "dendrite_demo.ogg"

RATE = 48_000
HOP = 1_024
N_FFT = 4_096
MELS = 128
NYQUIST = RATE / 2
SILENCE_RMS = 10 ** (-80 / 20)  # -80 dBFS
COLUMNS = ["centroid", "flux", "rms", "zcr", "onset", "rolloff"]


def extract(x):
    """Features of a float64 signal: array of shape [frames][6 + 128], frames = samples // 1024.

    Frame k holds the 4,096 samples that end at (k + 1) * 1,024: librosa's `center=False` framing of the
    signal with 3,072 zeros in front.
    """
    frames = len(x) // HOP
    padded = np.concatenate([np.zeros(N_FFT - HOP), x])
    framing = dict(n_fft=N_FFT, hop_length=HOP, center=False)
    spectrum = librosa.stft(padded, window="hann", dtype=np.complex128, **framing)
    magnitude = np.abs(spectrum)

    centroid = librosa.feature.spectral_centroid(S=magnitude, sr=RATE, n_fft=N_FFT)[0] / NYQUIST
    rolloff = librosa.feature.spectral_rolloff(S=magnitude, sr=RATE, n_fft=N_FFT, roll_percent=0.85)[0] / NYQUIST
    # librosa's rms pads reflecting when centred only; its float32 default is widened for quiet signals.
    rms = librosa.feature.rms(y=padded, frame_length=N_FFT, hop_length=HOP, center=False, dtype=np.float64)[0]
    # threshold=0: the sign bit decides alone; zero_pos: zero counts as positive; pad=False: no crossing at the edge.
    zcr = librosa.feature.zero_crossing_rate(
        padded, frame_length=N_FFT, hop_length=HOP, center=False, threshold=0.0, zero_pos=True, pad=False)[0]

    # The frame before the first is all zeros, so the first frame that sounds has a flux of 1.
    previous = np.concatenate([np.zeros((magnitude.shape[0], 1)), magnitude[:, :-1]], axis=1)
    norms = np.linalg.norm(magnitude, axis=0) + np.linalg.norm(previous, axis=0)
    change = np.linalg.norm(magnitude - previous, axis=0)
    flux = np.divide(change, norms, out=np.zeros_like(change), where=norms > 0)

    # |X|^2 * (2 / sum(w))^2: a sine at the centre of a bin has 0 dB there.
    window_sum = librosa.filters.get_window("hann", N_FFT, fftbins=True).sum()
    bank = librosa.filters.mel(
        sr=RATE, n_fft=N_FFT, n_mels=MELS, fmin=0.0, fmax=NYQUIST, htk=False, norm=None, dtype=np.float64)
    power = bank @ (magnitude * (2.0 / window_sum)) ** 2
    mel_db = np.clip(10.0 * np.log10(np.maximum(power, 1e-8)), -80.0, 0.0)
    # The first frame has nothing to rise from: librosa gives it 0.
    onset = librosa.onset.onset_strength(
        S=mel_db, sr=RATE, lag=1, max_size=1, aggregate=np.mean, center=False, detrend=False)
    onset = np.clip(onset / 20.0, 0.0, 1.0)

    silent = rms < SILENCE_RMS
    for values in (centroid, flux, zcr, rolloff):
        values[silent] = 0.0
    level = np.clip((20.0 * np.log10(np.maximum(rms, 1e-12)) + 60.0) / 60.0, 0.0, 1.0)

    base = np.stack([centroid, flux, level, zcr, onset, rolloff], axis=1)
    table = np.concatenate([base, (mel_db.T + 80.0) / 80.0], axis=1)
    if table.shape != (frames, len(COLUMNS) + MELS) or not np.isfinite(table).all():
        raise RuntimeError(f"expected {frames} finite rows of {len(COLUMNS) + MELS}, found {table.shape}")
    return table


def sine(frequency, seconds, amplitude=0.5):
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE)


def signals():
    """Yields (name, what it is, float signal); rounding to 16 bits happens at writing."""
    rng = np.random.default_rng(20_260_101)
    short = int(0.4 * RATE)

    yield "sine_1000", "1 kHz sine, -6 dBFS", sine(1000.0, 0.4)
    yield "sine_bin_100", "sine at the centre of bin 100 (1171.875 Hz), -6 dBFS", sine(100 * RATE / N_FFT, 0.4)
    yield "sine_41_2", "41.2 Hz sine (E1), -6 dBFS", sine(41.2, 0.4)
    yield "sweep", "linear sweep 20 Hz - 23 kHz in 0.7 s", 0.5 * scipy.signal.chirp(
        np.arange(int(0.7 * RATE)) / RATE, 20.0, 0.7, 23_000.0, method="linear")
    yield "white_noise", "uniform white noise, +-0.5", rng.uniform(-0.5, 0.5, short)

    length = int(0.5 * RATE)
    shaped = np.fft.rfft(rng.standard_normal(length))
    shaped[1:] /= np.sqrt(np.arange(1, len(shaped)))
    shaped[0] = 0.0
    pink = np.fft.irfft(shaped, length)
    yield "pink_noise_40", "pink noise, rms -40 dBFS", pink * 0.01 / np.sqrt(np.mean(pink ** 2))

    clicks = np.zeros(int(0.6 * RATE))
    clicks[::4_001] = 0.9  # drifts through all positions of the hop
    clicks[2_000::12_007] = -0.7
    yield "clicks", "single-sample clicks every 4,001 samples, negative ones every 12,007", clicks

    quarter = np.zeros(RATE // 4)
    gap = np.concatenate([quarter, sine(440.0, 0.25), quarter])
    yield "silence_tone_silence", "digital silence, 440 Hz at -6 dBFS, digital silence, 0.25 s each", gap

    # In 16 bits a sine of -80 dBFS rms has a peak of 4.6 steps: enough to come close to the wanted level.
    level_db = np.repeat(np.arange(-82.0, -77.9, 0.5), int(0.1 * RATE))
    quiet_t = np.arange(len(level_db)) / RATE
    quiet = np.sqrt(2) * 10 ** (level_db / 20) * np.sin(2 * np.pi * 1000.0 * quiet_t)
    yield "quiet_around_silence", "1 kHz sine, rms -82 to -78 dBFS in steps of 0.5 dB: both sides of the silence rule", quiet

    phase = (np.arange(short) * 220.5 / RATE) % 1.0
    yield "square_220", "220.5 Hz square wave, not band-limited, -6 dBFS", np.where(phase < 0.5, 0.5, -0.5)
    yield "clipped_noise", "Gaussian noise clipped at full scale", np.clip(rng.standard_normal(short), -1.0, 1.0)
    yield "full_scale_alternating", "+1, -1, +1, ... at full scale (Nyquist)", np.where(np.arange(short // 2) % 2 == 0, 1.0, -1.0)
    yield "short_4095", "4,095 samples of white noise: one short of four hops, so three frames", rng.uniform(-0.5, 0.5, 4_095)

    x, rate = sf.read(DEMO, always_2d=True)
    if rate != RATE:
        raise SystemExit(f"{DEMO}: expected {RATE} Hz, found {rate} Hz")
    mono = x.mean(axis=1)
    for name, start, what in (("music_quiet", 1.0, "demo track, intro: electric piano and pad"),
                              ("music_drums", 60.9, "demo track, finale: drums and the whole band")):
        yield name, f"{what}, from {start} s, mean of the channels", mono[int(start * RATE) : int((start + 1.75) * RATE)]


def main():
    OUT.mkdir(exist_ok=True)
    index = []
    for name, what, wanted in signals():
        pcm = np.clip(np.round(wanted * 32_768.0), -32_768, 32_767).astype(np.int16)
        sf.write(OUT / f"{name}.wav", pcm, RATE, subtype="PCM_16")
        table = extract(pcm.astype(np.float64) / 32_768.0).astype("<f4")
        table.tofile(OUT / f"{name}.f32")
        index.append({"name": name, "signal": what, "samples": len(pcm), "frames": len(table)})
    text = {
        "command": "OMP_NUM_THREADS=1 python3 tests/reference/features.py",
        "versions": {"librosa": librosa.__version__, "numpy": np.__version__, "scipy": scipy.__version__,
                     "soundfile": sf.__version__, "python": platform.python_version()},
        "sample_rate": RATE, "hop_length": HOP, "n_fft": N_FFT,
        "layout": "little-endian float32, row-major [frames][columns]",
        "columns": COLUMNS + [f"mel{i}" for i in range(MELS)],
        "signals": index,
    }
    body = json.dumps(text, indent=1)
    (OUT / "features.json").write_text(body + "\n", encoding="utf-8")
    total = sum(f.stat().st_size for f in OUT.iterdir())
    print(f"{len(index)} signals, {sum(s['frames'] for s in index)} frames, {total} bytes in {OUT.name}/")


if __name__ == "__main__":
    main()
