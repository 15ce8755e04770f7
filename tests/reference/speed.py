#!/usr/bin/env python3
"""Times librosa making the extractor's set of features from one audio file, in one thread.

The set: the six base features, 128 mel bands in dB, chroma and a bass chroma (librosa has none of instantaneous
frequencies: what `chroma_stft` does, with two filter banks, stands in for both). One short-time Fourier transform is shared by
everything that can be made from it, the filter banks are made once beforehand: as quick as librosa gets.
Reading the file is not timed.

Usage: python3 tests/reference/speed.py FILE        prints one JSON object; times are in microseconds
"""

import os

# Before numpy is imported: one thread, also in BLAS and numba.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import json
import statistics
import sys
import time

import librosa
import numpy as np
import soundfile as sf

RATE, HOP, N_FFT, MELS = 48_000, 1_024, 4_096, 128
RUNS = 5


def extract(y, bank, chroma_bank, bass_bank):
    """Everything, from float32 samples with 3,072 zeros in front."""
    magnitude = np.abs(librosa.stft(y, n_fft=N_FFT, hop_length=HOP, center=False))
    power = magnitude ** 2
    centroid = librosa.feature.spectral_centroid(S=magnitude, sr=RATE)
    rolloff = librosa.feature.spectral_rolloff(S=magnitude, sr=RATE, roll_percent=0.85)
    rms = librosa.feature.rms(y=y, frame_length=N_FFT, hop_length=HOP, center=False)
    zcr = librosa.feature.zero_crossing_rate(y, frame_length=N_FFT, hop_length=HOP, center=False)
    norms = np.linalg.norm(magnitude, axis=0)
    flux = np.linalg.norm(np.diff(magnitude, axis=1), axis=0) / np.maximum(norms[1:] + norms[:-1], 1e-12)
    mel_db = librosa.power_to_db(bank @ power, amin=1e-8, top_db=None)
    onset = librosa.onset.onset_strength(S=mel_db, sr=RATE, lag=1, max_size=1, center=False)
    # What chroma_stft does once its filter bank is made.
    chroma = librosa.util.normalize(chroma_bank @ power, norm=np.inf, axis=-2)
    bass = librosa.util.normalize(bass_bank @ power, norm=np.inf, axis=-2)
    return centroid, flux, rms, zcr, onset, rolloff, mel_db, chroma, bass


def main(path):
    x, rate = sf.read(path, always_2d=True, dtype="float32")
    mono = x.mean(axis=1)
    if rate != RATE:
        mono = librosa.resample(mono, orig_sr=rate, target_sr=RATE)
    hops = len(mono) // HOP
    if hops < 2:
        raise SystemExit(f"{path}: expected at least {2 * HOP} samples, found {len(mono)}")
    y = np.concatenate([np.zeros(N_FFT - HOP, dtype=np.float32), mono])
    bank = librosa.filters.mel(sr=RATE, n_fft=N_FFT, n_mels=MELS, fmin=0.0, fmax=RATE / 2, htk=False, norm=None)
    chroma_bank = librosa.filters.chroma(sr=RATE, n_fft=N_FFT)
    bass_bank = librosa.filters.chroma(sr=RATE, n_fft=N_FFT, ctroct=1.5, octwidth=1.0)

    extract(y, bank, chroma_bank, bass_bank)  # warm-up: compiled code, caches
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        extract(y, bank, chroma_bank, bass_bank)
        times.append(time.perf_counter() - start)
    per_hop = [1e6 * t / hops for t in times]
    print(json.dumps({
        "us_per_hop": round(statistics.median(per_hop), 2), "min": round(min(per_hop), 2), "max": round(max(per_hop), 2),
        "runs": RUNS, "hops": hops, "seconds_of_audio": round(len(mono) / RATE, 2), "threads": 1,
        "librosa": librosa.__version__, "numpy": np.__version__}))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
