#!/usr/bin/env python3
"""Networks of the sizes of the six models, run by PyTorch: makes tests/reference/six_models.json.

Weights and inputs are drawn here from numpy's legacy generator, whose numbers are the same in every version, so only what
PyTorch says has to be stored. python/tests/test_models.py writes the same networks as RTNeural JSON and compares. Weights and
inputs are f32 values; PyTorch computes in float64, so a difference is the runtime's own rounding.

Usage: python3 tests/reference/six_models.py      (pip install torch==2.15.0 numpy==2.4.6)
"""

import json
from pathlib import Path

import numpy as np

OUT = Path(__file__).with_suffix(".json")
# Recurrent states have settled by then; the last rows are stored.
STEPS, STORED = 48, 6

# Name, inputs and layers as docs/MODELS.md has them: kind, units, activation. The orbit model's heads are their own layer.
SIX = {
    "emotionrecognizer": (128, [("dense", 384, "tanh"), ("dense", 384, "tanh"), ("lstm", 128), ("dense", 192, "tanh"),
                                ("dense", 64, "softmax")]),
    "melodytransformer": (64, [("dense", 320, "relu"), ("dense", 64, "relu"), ("lstm", 160), ("lstm", 160),
                               ("dense", 128, "softmax")]),
    "harmonypredictor": (128, [("dense", 256, "tanh"), ("dense", 128, "tanh"), ("dense", 64, "softmax")]),
    "dynamicsengine": (32, [("dense", 128, "relu"), ("dense", 64, "relu"), ("dense", 16, "sigmoid")]),
    "groovepredictor": (64, [("norm", 128, "tanh"), ("norm", 64, "tanh"), ("dense", 32, "tanh")]),
    "orbit_control": (60, [("norm", 128, "relu"), ("norm", 256, "relu"), ("norm", 128, "relu"), ("heads", 32, [1, 1, 1, 6])]),
}
EPSILON = 1e-5


def draw(name: str) -> tuple[list[dict], np.ndarray]:
    """A network's arrays, layer by layer, and its inputs, a row for each step; all float32."""
    numbers = np.random.RandomState(list(SIX).index(name) + 1)
    inputs, layers = SIX[name]

    def normal(*shape, scale=1.0):
        return (scale * numbers.standard_normal(shape)).astype(np.float32)

    def dense(units, width):
        # Twice the usual spread, so that softmax and tanh are far from flat.
        return {"weight": normal(units, width, scale=2 * width**-0.5), "bias": normal(units, scale=0.1)}

    arrays, width = [], inputs
    for kind, units, *rest in layers:
        if kind == "lstm":
            arrays.append({
                "weight_ih_l0": normal(4 * units, width, scale=2 * width**-0.5),
                "weight_hh_l0": normal(4 * units, units, scale=units**-0.5),
                "bias_ih_l0": normal(4 * units, scale=0.1),
                "bias_hh_l0": np.zeros(4 * units, np.float32),
            })
        elif kind == "heads":
            arrays.append({"heads": [(dense(units, width), dense(outputs, units)) for outputs in rest[0]]})
            units = sum(rest[0])
        else:
            arrays.append(dense(units, width))
            if kind == "norm":
                arrays[-1]["norm"] = {
                    "weight": normal(units, scale=0.2) + np.float32(1),
                    "bias": normal(units, scale=0.2),
                    "running_mean": normal(units, scale=0.5),
                    "running_var": np.abs(normal(units)) + np.float32(0.3),
                }
        width = units
    return arrays, normal(STEPS, inputs)


def run_torch(name: str) -> np.ndarray:
    """What PyTorch's own modules give, a row for each step."""
    import torch
    from torch import nn

    arrays, rows = draw(name)
    _, layers = SIX[name]
    activations = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "softmax": lambda y: torch.softmax(y, -1)}

    def loaded(module, values):
        tensors = {key: torch.from_numpy(value) for key, value in values.items() if isinstance(value, np.ndarray)}
        missing, unexpected = module.load_state_dict(tensors, strict=False)
        assert not unexpected and set(missing) <= {"num_batches_tracked"}, (missing, unexpected)
        return module.double().eval()

    def linear(values):
        units, width = values["weight"].shape
        return loaded(nn.Linear(width, units), values)

    x = torch.from_numpy(rows).double()
    for (kind, units, *rest), values in zip(layers, arrays):
        if kind == "lstm":
            x, _ = loaded(nn.LSTM(x.shape[1], units), values)(x)
        elif kind == "heads":
            x = torch.cat([linear(second)(torch.relu(linear(first)(x))) for first, second in values["heads"]], dim=1)
        else:
            x = linear(values)(x)
            if kind == "norm":
                x = loaded(nn.BatchNorm1d(units, eps=EPSILON), values["norm"])(x)
            x = activations[rest[0]](x)
    return x.detach().numpy()


def as_rtneural(name: str) -> dict:
    """The same network as RTNeural JSON: kernels transposed, the heads put together with zeros between them."""
    arrays, _ = draw(name)
    inputs, layers = SIX[name]
    result = []

    def dense(weight, bias, activation):
        result.append({"type": "dense", "activation": activation, "shape": [None, len(bias)],
                       "weights": [short(weight.T), short(bias)]})

    for (kind, units, *rest), values in zip(layers, arrays):
        if kind == "lstm":
            result.append({"type": "lstm", "activation": "tanh", "shape": [None, None, units], "weights": [
                short(values["weight_ih_l0"].T), short(values["weight_hh_l0"].T), short(values["bias_ih_l0"])]})
        elif kind == "heads":
            heads = values["heads"]
            dense(np.concatenate([first["weight"] for first, _ in heads]),
                  np.concatenate([first["bias"] for first, _ in heads]), "relu")
            outputs = sum(rest[0])
            merged, row = np.zeros((outputs, units * len(heads)), np.float32), 0
            for n, (_, second) in enumerate(heads):
                merged[row : row + len(second["bias"]), n * units : (n + 1) * units] = second["weight"]
                row += len(second["bias"])
            dense(merged, np.concatenate([second["bias"] for _, second in heads]), "")
        elif kind == "norm":
            norm = values["norm"]
            dense(values["weight"], values["bias"], "")
            result.append({"type": "batchnorm", "shape": [None, units], "epsilon": EPSILON, "weights": [
                short(norm[key]) for key in ("weight", "bias", "running_mean", "running_var")]})
            result.append({"type": "activation", "activation": rest[0], "shape": [None, units], "weights": []})
        else:
            dense(values["weight"], values["bias"], rest[0])
    return {"in_shape": [None, inputs], "layers": result}


def short(values: np.ndarray):
    """Nested lists of the shortest decimals that are read back as the same f32."""
    return [short(value) for value in values] if values.ndim > 1 else [float(str(value)) for value in values]


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    outputs = {name: [[float(f"{value:.9g}") for value in row] for row in run_torch(name)[-STORED:]] for name in SIX}
    rows = ",\n".join(f' "{name}": {json.dumps(values, separators=(",", ":"))}' for name, values in outputs.items())
    OUT.write_text(f'{{"torch": "{torch.__version__.split("+")[0]}",\n"outputs": {{\n{rows}\n}}}}\n')
