"""Features of a piece of music beside librosa and numpy: all six, the mel vector, and pitch classes."""

import numpy as np
import pytest

import dendrite

librosa = pytest.importorskip("librosa")

RATE, HOP, N_FFT = dendrite.SAMPLE_RATE, dendrite.HOP_LENGTH, dendrite.N_FFT
NYQUIST = RATE / 2
BEAT_S = 0.5
# Pitch classes of I - vi - IV - V in C.
CHORDS = [(0, 4, 7), (9, 0, 4), (5, 9, 0), (7, 11, 2)]


def tone(hz: float, time_s: np.ndarray) -> np.ndarray:
    """Six partials, falling as 1/n."""
    return sum(np.sin(2 * np.pi * n * hz * time_s) / n for n in range(1, 7))


@pytest.fixture(scope="module")
def piece() -> np.ndarray:
    """Sixteen beats: chords of two beats with their roots in the bass, hats of noise, kicks, and a beat of silence at the end."""
    numbers = np.random.default_rng(3)
    beat = np.arange(int(BEAT_S * RATE)) / RATE
    parts = []
    for n in range(16):
        chord = CHORDS[n // 2 % 4]
        # Chords from C4 up, roots from C2 up.
        pitches = [60 + pitch for pitch in chord]
        part = sum(0.05 * tone(440 * 2 ** ((pitch - 69) / 12), beat) for pitch in pitches)
        part += 0.12 * tone(440 * 2 ** ((36 + chord[0] - 69) / 12), beat)
        part *= np.minimum(1, beat / 0.01)
        half = len(beat) // 2
        part[half:] += 0.08 * numbers.standard_normal(len(beat) - half) * np.exp(-40 * beat[: len(beat) - half])
        part += 0.3 * np.sin(2 * np.pi * 55 * beat) * np.exp(-30 * beat)
        parts.append(part)
    parts.append(np.zeros(len(beat)))
    return np.concatenate(parts).astype(np.float32)


@pytest.fixture(scope="module")
def ours(piece) -> dict:
    return dendrite.FeatureExtractor().push(piece)


@pytest.fixture(scope="module")
def magnitude(piece) -> np.ndarray:
    """Frame k holds the 4,096 samples that end at (k + 1) * 1,024."""
    return np.abs(librosa.stft(padded(piece), n_fft=N_FFT, hop_length=HOP, window="hann", center=False, dtype=np.complex128))


def padded(piece: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(N_FFT - HOP), piece.astype(np.float64)])


def loud(piece: np.ndarray) -> np.ndarray:
    """Frames that are not silent: silence is below -80 dBFS, and centroid, flux, zcr and rolloff are 0 there."""
    rms = librosa.feature.rms(y=padded(piece), frame_length=N_FFT, hop_length=HOP, center=False, dtype=np.float64)[0]
    assert 0 < (rms < 1e-4).sum() < len(rms) / 2
    return rms >= 1e-4


def mel_db(magnitude: np.ndarray) -> np.ndarray:
    bank = librosa.filters.mel(sr=RATE, n_fft=N_FFT, n_mels=128, fmin=0, fmax=NYQUIST, htk=False, norm=None, dtype=np.float64)
    scale = 2 / librosa.filters.get_window("hann", N_FFT, fftbins=True).sum()
    return np.clip(10 * np.log10(np.maximum(bank @ (magnitude * scale) ** 2, 1e-8)), -80, 0)


# Tolerances of the six and of mel: tests/reference/README.md.


def test_centroid_rms_zcr_and_rolloff_are_librosas(piece, ours, magnitude):
    of = dict(S=magnitude, sr=RATE, n_fft=N_FFT)
    framing = dict(frame_length=N_FFT, hop_length=HOP, center=False)
    sounds = loud(piece)
    centroid = librosa.feature.spectral_centroid(**of)[0] / NYQUIST * sounds
    rolloff = librosa.feature.spectral_rolloff(**of, roll_percent=0.85)[0] / NYQUIST * sounds
    rms = librosa.feature.rms(y=padded(piece), dtype=np.float64, **framing)[0]
    zcr = librosa.feature.zero_crossing_rate(padded(piece), threshold=0.0, zero_pos=True, pad=False, **framing)[0] * sounds
    np.testing.assert_allclose(ours["base"][:, 0], centroid, atol=1e-4)
    np.testing.assert_allclose(ours["base"][:, 2], np.clip((20 * np.log10(np.maximum(rms, 1e-12)) + 60) / 60, 0, 1), atol=1e-4)
    np.testing.assert_allclose(ours["base"][:, 3], zcr, atol=1e-4)
    apart = np.abs(ours["base"][:, 5] - rolloff)
    assert apart.max() < 1.01 / 2048 and (apart > 1e-6).mean() <= 1e-3


def test_flux_is_numpys(piece, ours, magnitude):
    before = np.hstack([np.zeros((len(magnitude), 1)), magnitude[:, :-1]])
    norms = np.linalg.norm(magnitude, axis=0) + np.linalg.norm(before, axis=0)
    flux = np.linalg.norm(magnitude - before, axis=0) / np.maximum(norms, 1e-30) * loud(piece)
    np.testing.assert_allclose(ours["base"][:, 1], flux, atol=1e-4)
    assert flux[0] == 1 and 0.05 < flux.mean() < 0.9


def test_onset_strength_and_mel_are_librosas(ours, magnitude):
    mel = mel_db(magnitude)
    np.testing.assert_allclose(ours["mel"], (mel.T + 80) / 80, atol=1e-3)
    onset = librosa.onset.onset_strength(S=mel, sr=RATE, lag=1, max_size=1, aggregate=np.mean, center=False, detrend=False)
    np.testing.assert_allclose(ours["base"][:, 4], np.clip(onset / 20, 0, 1), atol=1e-3)
    # Every hat is a rise: there is something to compare.
    assert (ours["base"][:, 4] > 0.1).sum() >= 16


def test_pitch_classes_are_those_that_are_played_and_librosas(piece, ours):
    frames = len(ours["chroma"])
    # A frame is asked where all of it lies within the second beat of a chord, away from kicks and changes.
    ends_s = (np.arange(frames) + 1) * HOP / RATE
    starts_s = ends_s - N_FFT / RATE
    beat = np.floor(starts_s / BEAT_S).astype(int)
    asked = (beat == np.floor(ends_s / BEAT_S)) & (beat % 2 == 1) & (beat < 16)
    assert asked.sum() > 40
    chroma, bass = ours["chroma"][asked], ours["bass_chroma"][asked]
    chords = [CHORDS[n // 2 % 4] for n in beat[asked]]
    # The root is in the bass, and the loudest class is a note of the chord.
    assert np.mean([values.argmax() == chord[0] for values, chord in zip(bass, chords)]) >= 0.95
    assert np.mean([values.argmax() in chord for values, chord in zip(chroma, chords)]) >= 0.95
    # librosa's filters share a bin among neighbouring classes where we fold peaks at their own frequency, so the two are alike
    # and not equal. Its bins of 4,096 samples cannot tell the bass's semitones; it is given four times as many samples around
    # the same place. Peaks, their fourth roots and the weights over frequency are those of docs/MODELS.md.
    power = np.abs(librosa.stft(padded(piece), n_fft=4 * N_FFT, hop_length=HOP, center=True)) ** 2
    peaks = librosa.util.localmax(power, axis=0) & (power > 1e-5 * power.max(axis=0))
    hz = librosa.fft_frequencies(sr=RATE, n_fft=4 * N_FFT)
    weight = np.where((hz >= 53.4) & (hz <= 5000), (np.maximum(hz, 1) / 440) ** -0.7 * np.minimum(hz / 100, 1) ** 6, 0)
    filters = librosa.filters.chroma(sr=RATE, n_fft=4 * N_FFT, tuning=0.0, octwidth=None)
    theirs = filters @ (np.where(peaks, power**0.25, 0) * weight[:, None])
    # Our frame k is centred on sample k * 1,024 + 2,048 of the padded signal, librosa's frame n on sample n * 1,024.
    theirs = theirs[:, 2 : 2 + frames].T[asked]
    cosine = (chroma * theirs).sum(1) / np.linalg.norm(chroma, axis=1) / np.linalg.norm(theirs, axis=1)
    print(f"chroma against librosa: cosine {np.median(cosine):.3f} in the median, {cosine.min():.3f} at least")
    assert np.median(cosine) > 0.9
    assert np.mean([b.argmax() in chord for b, chord in zip(theirs, chords)]) >= 0.95
