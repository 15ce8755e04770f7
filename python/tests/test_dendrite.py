"""The bindings beside numpy and themselves; test_features.py and test_models.py have librosa and PyTorch beside them."""

import pathlib
import threading
import time

import numpy as np
import pytest

import dendrite

ROOT = pathlib.Path(__file__).resolve().parents[2]
SONG = ROOT / "assets/demo/dendrite_demo.ogg"


def sound(seconds: float = 2.0) -> np.ndarray:
    """Clicks and a tone in noise, never silent."""
    numbers = np.random.default_rng(1)
    time_s = np.arange(int(seconds * dendrite.SAMPLE_RATE)) / dendrite.SAMPLE_RATE
    samples = 0.2 * np.sin(2 * np.pi * 441 * time_s) + 0.02 * numbers.standard_normal(len(time_s))
    samples[:: dendrite.SAMPLE_RATE // 2] += 0.7
    return samples.astype(np.float32)


def test_constants_are_the_missions():
    # 3-signals: 48 kHz, 1,024, 4,096, 10.
    assert (dendrite.SAMPLE_RATE, dendrite.HOP_LENGTH, dendrite.N_FFT, dendrite.WINDOW_FRAMES) == (48_000, 1_024, 4_096, 10)


def test_chunks_change_nothing_and_windows_hold_the_last_frames():
    samples = sound(1.0)
    whole = dendrite.FeatureExtractor().push(samples)
    extractor = dendrite.FeatureExtractor()
    parts = [extractor.push(part) for part in np.array_split(samples, 37)]
    for name, values in whole.items():
        np.testing.assert_array_equal(values, np.concatenate([part[name] for part in parts]), err_msg=name)
    # Frame-major, oldest frame first.
    np.testing.assert_array_equal(whole["window"][-1], whole["base"][-10:].ravel())
    deltas = dendrite.FeatureExtractor(include_delta=True, include_delta_delta=True).push(samples)
    assert deltas["window"].shape[1] == 180


@pytest.mark.parametrize("length", [0, 1, 1023, 1024, 4095, 4096, 4097])
def test_every_length_and_every_sample_gets_an_answer(length):
    hostile = np.full(length, np.nan, np.float32)
    hostile[::3] = np.inf
    base = dendrite.FeatureExtractor().push(hostile)["base"]
    assert base.shape == (length // 1024, 6) and np.isfinite(base).all()


def test_a_model_runs_as_numpy_does(tmp_path):
    file = tmp_path / "small.json"
    file.write_text(
        '{"in_shape": [null, 2], "layers": [{"type": "dense", "activation": "tanh", "shape": [null, 3],'
        ' "weights": [[[1, 2, 3], [4, 5, 6]], [0.1, 0.2, 0.3]]}]}'
    )
    model = dendrite.Model.load(file)
    rows = np.array([[0.1, -0.2], [0.3, 0.01]], np.float32)
    expected = np.tanh(rows @ np.array([[1, 2, 3], [4, 5, 6]]) + [0.1, 0.2, 0.3])
    assert (model.inputs, model.outputs) == (2, 3)
    np.testing.assert_allclose(model.forward(rows), expected, atol=1e-6)
    with pytest.raises(ValueError, match="expected 2 values"):
        model.forward(np.zeros((1, 3), np.float32))
    file.write_text('{"in_shape": [2], "layers": []}')
    with pytest.raises(ValueError, match="small.json"):
        dendrite.Model.load(file)
    with pytest.raises(ValueError, match="weights: expected f32"):
        dendrite.Model.load(file, weights="f64")


def test_recurrent_models_remember_until_they_are_reset():
    model = dendrite.Model.load(ROOT / "models/emotionrecognizer.json")
    row = np.full((1, 128), 0.3, np.float32)
    first, second = model.forward(row), model.forward(row)
    assert np.abs(first - second).max() > 1e-4
    model.reset()
    np.testing.assert_array_equal(model.forward(row), first)


def test_a_locked_orbit_stays_on_its_component():
    orbit = dendrite.OrbitState(component=(2, 0))
    for _ in range(400):
        c = orbit.step(s=0.9, alpha=0.0)
    assert orbit.component == (2, 0) and orbit.synthesize() == c
    # The period-2 disc: c = -1 + mu/4, |mu| = s; smoothed s has arrived after 8 s.
    assert abs(abs(c + 1) - orbit.s / 4) < 1e-6 and abs(orbit.s - 0.9) < 0.05


def test_an_engine_gives_the_same_in_any_blocks_and_as_a_file():
    samples = sound(3.0)
    whole = dendrite.Engine().process(samples)
    engine = dendrite.Engine()
    parts = [engine.process(part) for part in np.array_split(samples, 100)]
    np.testing.assert_array_equal(whole["c"], np.concatenate([part["c"] for part in parts]))
    engine.reset()
    np.testing.assert_array_equal(engine.process(samples)["c"], whole["c"])
    assert whole["mood"].shape == (len(whole["c"]), 64) and len(whole["chord"]) == len(whole["c"])
    np.testing.assert_allclose(whole["mood"].sum(axis=1), 1, atol=1e-3)
    with pytest.raises(ValueError):
        dendrite.Engine(sample_rate=3)


def test_a_song_is_analyzed():
    song = dendrite.analyze(SONG)
    assert song["time_s"][-1] > 30 and len({chord for chord in song["chord"] if chord}) > 4
    assert (np.abs(song["c"]) < 2).all() and np.ptp(song["s"]) > 0.1
    with pytest.raises(OSError, match="missing.ogg"):
        dendrite.analyze("missing.ogg")


def test_a_picture_shows_the_set():
    picture = dendrite.render_julia(-0.122561 + 0.744862j, 160, 90)
    assert picture.shape == (90, 160, 4) and picture.dtype == np.uint8
    assert (picture[..., 3] == 255).all() and len(np.unique(picture[..., 0])) > 50
    # z and -z have the same fate; only the light comes from one side.
    turned = picture[::-1, ::-1]
    assert np.corrcoef(picture[..., 0].ravel(), turned[..., 0].ravel())[0, 1] > 0.8
    np.testing.assert_array_equal(dendrite.render_julia(-0.122561 + 0.744862j, 160, 90), picture)
    with pytest.raises(ValueError):
        dendrite.render_julia(0j, 0, 90)


def test_long_calls_let_other_threads_run():
    samples = np.tile(sound(4.0), 10)
    thread = threading.Thread(target=lambda: dendrite.FeatureExtractor().push(samples))
    thread.start()
    turns = 0
    while thread.is_alive():
        turns += 1
        time.sleep(0.001)
    # With the lock held there would be one turn or two.
    assert turns > 10
