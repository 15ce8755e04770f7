"""Networks beside PyTorch and numpy: the six sizes with drawn weights, and the six that are shipped."""

import importlib.util
import json
import pathlib

import numpy as np
import pytest

import dendrite

ROOT = pathlib.Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "tests/reference/six_models.py"
SIX = ["emotionrecognizer", "melodytransformer", "harmonypredictor", "dynamicsengine", "groovepredictor", "orbit_control"]
# Those that are given nothing but the map of the mood, which sums to 1. With 64 values of 0.4 the sums, and what is rounded in
# them, are twenty times what they are in playing.
MAPS = ["melodytransformer", "groovepredictor"]
# As in tests/reference/rtneural: f32 against float64, recurrent layers carry their rounding on.
FEED_FORWARD, RECURRENT = 1e-6, 5e-6


def reference():
    spec = importlib.util.spec_from_file_location("six_models", REFERENCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tolerance(name: str) -> float:
    return RECURRENT if name in ("emotionrecognizer", "melodytransformer") else FEED_FORWARD


def by_numpy(network: dict, rows: np.ndarray) -> np.ndarray:
    """RTNeural JSON by its description, in float64: kernels [inputs][outputs], LSTM gates i, f, c, o."""
    softmax = lambda y: np.exp(y - y.max(1, keepdims=True)) / np.exp(y - y.max(1, keepdims=True)).sum(1, keepdims=True)
    sigmoid = lambda y: 1 / (1 + np.exp(-y))
    activations = {"": lambda y: y, "tanh": np.tanh, "relu": lambda y: np.maximum(y, 0), "sigmoid": sigmoid, "softmax": softmax}
    x = rows.astype(np.float64)
    for layer in network["layers"]:
        # The values that the f32 runtime reads.
        weights = [np.array(array, np.float32).astype(np.float64) for array in layer["weights"]]
        kind = layer["type"]
        if kind == "dense":
            x = activations[layer["activation"]](x @ weights[0] + weights[1])
        elif kind == "batchnorm":
            gamma, beta, mean, variance = weights
            x = gamma * (x - mean) / np.sqrt(variance + layer["epsilon"]) + beta
        elif kind == "activation":
            x = activations[layer["activation"]](x)
        elif kind == "lstm":
            kernel, recurrent, bias = weights
            hidden = cell = np.zeros(len(recurrent))
            outputs = []
            for row in x:
                i, f, c, o = np.split(row @ kernel + hidden @ recurrent + bias, 4)
                cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(c)
                hidden = sigmoid(o) * np.tanh(cell)
                outputs.append(hidden)
            x = np.array(outputs)
        else:
            raise AssertionError(f"the six have no {kind}")
    return x


@pytest.mark.parametrize("name", SIX)
def test_networks_of_the_six_sizes_agree_with_pytorch(name, tmp_path):
    six = reference()
    stored = np.array(json.loads(REFERENCE.with_suffix(".json").read_text())["outputs"][name])
    assert stored.shape[0] == six.STORED and list(six.SIX) == SIX
    network = six.as_rtneural(name)
    file = tmp_path / f"{name}.json"
    file.write_text(json.dumps(network))
    _, rows = six.draw(name)
    found = dendrite.Model.load(file).forward(rows)
    # The orbit model's outputs are not bounded, and rounding grows with what is summed.
    scale = max(1, np.abs(stored).max())
    np.testing.assert_allclose(found[-six.STORED :], stored, rtol=0, atol=tolerance(name) * scale)
    # And so does numpy, which is the reference below. Nine digits are stored.
    np.testing.assert_allclose(by_numpy(network, rows)[-six.STORED :], stored, rtol=0, atol=1e-8 * scale)


@pytest.mark.parametrize("name", SIX)
def test_the_shipped_models_run_as_numpy_does(name):
    file = ROOT / f"models/{name}.json"
    model = dendrite.Model.load(file)
    # Like what the models are given: 0..1, neighbouring rows alike.
    numbers = np.random.default_rng(7)
    rows = np.clip(0.4 + np.cumsum(0.05 * numbers.standard_normal((60, model.inputs)), axis=0), 0, 1).astype(np.float32)
    if name in MAPS:
        # Probabilities over the map, most of them on a few cells.
        rows = np.exp(12 * rows)
        rows /= rows.sum(1, keepdims=True)
    found, expected = model.forward(rows), by_numpy(json.loads(file.read_text()), rows)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance(name) * max(1, np.abs(expected).max()))
    # What is compared is no constant.
    assert np.ptp(found, axis=0).max() > 1e-2
    # Weights of 16 and of 8 bits are near, and not the same.
    for weights, near in (("f16", 5e-3), ("int8", 0.1)):
        other = dendrite.Model.load(file, weights).forward(rows)
        apart = np.abs(other - expected).max()
        assert 1e-6 < apart < near * max(1, np.abs(expected).max()), (weights, apart)
