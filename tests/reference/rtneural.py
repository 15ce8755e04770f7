#!/usr/bin/env python3
"""Makes the reference data of the crate `rtneural` with PyTorch.

Every case becomes one line of tests/reference/rtneural/cases.jsonl: an object with

  name, tolerance     largest allowed absolute difference of an output
  model               RTNeural JSON, exported here from the PyTorch modules
  state_dict,         the same weights as PyTorch names them, and the description that the reader of state dicts
  description         needs (null where that format has no such layer)
  inputs, outputs     one row per call, the state kept between calls

Weights and inputs are f32 values; PyTorch computes in float64, so a difference is the crate's own rounding.

Usage: python3 tests/reference/rtneural.py      (pip install torch==2.15.0 numpy==2.4.6)
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

OUT = Path(__file__).resolve().parent / "rtneural" / "cases.jsonl"
FEED_FORWARD, RECURRENT = 1e-6, 5e-6
ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid,
               "softmax": lambda x: torch.softmax(x, -1), "elu": nn.functional.elu}


def short(values):
    """Nested lists of the shortest decimals that are read back as the same f32."""
    if isinstance(values, torch.Tensor):
        values = values.detach().numpy()
    if np.ndim(values) == 0:
        return float(str(np.float32(values)))
    return [short(value) for value in values]


def nine_digits(values):
    return [[float(f"{value:.9g}") for value in row] for row in values]


def few_digits(tensor):
    """The f32 values nearest to decimals of four places, as float64: they keep the file small."""
    return torch.from_numpy(np.round(tensor.detach().double().numpy(), 4).astype(np.float32)).double()


def prepare(module):
    """Float64 weights that are f32 values."""
    module = module.double()
    for tensor in list(module.parameters()) + list(module.buffers()):
        if tensor.is_floating_point():
            tensor.data = few_digits(tensor.data)
    return module.eval()


def linear(module, activation=""):
    weights = [short(module.weight.T)] + ([short(module.bias)] if module.bias is not None else [])
    return {"type": "dense", "activation": activation, "shape": [None, module.out_features], "weights": weights}


def conv1d(module, activation=""):
    return {"type": "conv1d", "activation": activation, "shape": [None, None, module.out_channels],
            "kernel_size": list(module.kernel_size), "dilation": list(module.dilation), "groups": module.groups,
            "weights": [short(module.weight.permute(2, 1, 0)), short(module.bias)]}


def lstm(module, layer):
    p = {name: getattr(module, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    return {"type": "lstm", "activation": "tanh", "shape": [None, None, module.hidden_size],
            "weights": [short(p["weight_ih"].T), short(p["weight_hh"].T), short(p["bias_ih"] + p["bias_hh"])]}


def gru(module, layer):
    def swapped(tensor):  # r, z, n -> z, r, n
        r, z, n = tensor.chunk(3)
        return torch.cat([z, r, n])
    p = {name: swapped(getattr(module, f"{name}_l{layer}"))
         for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    return {"type": "gru", "activation": "tanh", "shape": [None, None, module.hidden_size],
            "weights": [short(p["weight_ih"].T), short(p["weight_hh"].T),
                        [short(p["bias_ih"]), short(p["bias_hh"])]]}


def batch_norm(module):
    arrays = ([module.weight, module.bias] if module.affine else []) + [module.running_mean, module.running_var]
    return {"type": "batchnorm", "shape": [None, module.num_features], "epsilon": short(module.eps),
            "weights": [short(array) for array in arrays]}


def randomise(norm):
    norm.running_mean.normal_(0, 0.5)
    norm.running_var.uniform_(0.3, 2)
    if norm.affine:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, 0, 0.3)
    norm.eps = float(np.float32(norm.eps))
    return norm


def causal(module, rows):
    """A convolution of time-major rows [T][features], with zeros before the first."""
    x = rows.T.unsqueeze(0)
    left = (module.kernel_size[0] - 1) * module.dilation[0]
    return module(nn.functional.pad(x, (left, 0)))[0].T


cases = []


def case(name, inputs, layers, run, steps, tolerance=FEED_FORWARD, state_dict=None, description=None, scale=1.0):
    rows = few_digits(torch.randn(steps, inputs) * scale)
    outputs = run(rows).detach().numpy()
    cases.append({
        "name": name, "tolerance": tolerance,
        "model": {"in_shape": [None, inputs], "layers": layers},
        "state_dict": None if state_dict is None else {key: short(value) for key, value in state_dict.items()},
        "description": None if description is None else {"inputs": inputs, "modules": description},
        "inputs": short(rows), "outputs": nine_digits(outputs),
    })


def feed_forward():
    for activation, function in ACTIVATIONS.items():
        module = prepare(nn.Linear(7, 21))
        case(f"dense {activation}", 7, [linear(module, activation)], lambda x: function(module(x)), 4,
             state_dict=module.state_dict(),
             description=[{"type": "linear", "prefix": "", "activation": activation}], scale=2.0)
        case(f"activation {activation}", 19,
             [{"type": "activation", "activation": activation, "shape": [None, 19], "weights": []}],
             function, 6, scale=4.0)
    wide = prepare(nn.Sequential(nn.Linear(33, 70, bias=False), nn.Tanh(), nn.Linear(70, 5)))
    case("dense without bias, then dense", 33, [linear(wide[0], "tanh"), linear(wide[2])], wide, 4,
         state_dict=wide.state_dict(),
         description=[{"type": "linear", "prefix": "0.", "activation": "tanh"}, {"type": "linear", "prefix": "2."}])
    module = prepare(nn.Linear(5, 6))
    layer = linear(module, "relu") | {"type": "time-distributed-dense", "shape": [None, None, 6]}
    case("time-distributed dense", 5, [layer], lambda x: torch.relu(module(x)), 4)

    for affine in (True, False):
        net = prepare(nn.Sequential(nn.Linear(9, 18), randomise(nn.BatchNorm1d(18, affine=affine)), nn.ReLU()))
        relu = {"type": "activation", "activation": "relu", "shape": [None, 18], "weights": []}
        case(f"dense, batch norm ({'affine' if affine else 'plain'}), relu", 9,
             [linear(net[0]), batch_norm(net[1]), relu], net, 5, state_dict=net.state_dict(),
             description=[{"type": "linear", "prefix": "0."},
                          {"type": "batchnorm1d", "prefix": "1.", "epsilon": short(net[1].eps)},
                          {"type": "activation", "activation": "relu"}])
    for slopes in (1, 10):
        module = nn.PReLU(slopes)
        nn.init.uniform_(module.weight, -0.5, 0.5)
        module = prepare(module)
        case(f"prelu with {slopes} slopes", 10,
             [{"type": "prelu", "shape": [None, 10], "weights": [[short(module.weight)]]}], module, 5,
             state_dict=module.state_dict(), description=[{"type": "prelu", "prefix": ""}])


def convolutions():
    for ins, outs, kernel, dilation, groups in [(3, 20, 4, 1, 1), (5, 4, 3, 5, 1), (6, 9, 3, 2, 3), (8, 8, 2, 1, 8),
                                                (4, 70, 1, 1, 2), (4, 6, 1, 1, 1)]:
        module = prepare(nn.Conv1d(ins, outs, kernel, dilation=dilation, groups=groups))
        case(f"conv1d {ins} to {outs}, kernel {kernel}, dilation {dilation}, groups {groups}", ins,
             [conv1d(module, "tanh")], lambda x: torch.tanh(causal(module, x)), 14, state_dict=module.state_dict(),
             description=[{"type": "conv1d", "prefix": "", "dilation": dilation, "activation": "tanh"}])
    for filters, features, outs, kt, kf, dilation, stride, padding in [
            (1, 8, 3, 2, 3, 1, 1, "valid"), (2, 9, 5, 3, 4, 2, 2, "valid"), (2, 7, 4, 2, 3, 1, 1, "same"),
            (3, 8, 2, 1, 5, 1, 3, "same"), (1, 6, 17, 2, 2, 3, 2, "same"), (2, 5, 2, 2, 1, 1, 2, "same")]:
        module = prepare(nn.Conv2d(filters, outs, (kt, kf), stride=(1, stride), dilation=(dilation, 1)))
        rest = features % stride
        total = max(kf - stride if rest == 0 else kf - rest, 0) if padding == "same" else 0

        def run(x):
            picture = x.reshape(len(x), features, filters).permute(2, 0, 1).unsqueeze(0)
            picture = nn.functional.pad(picture, (total // 2, total - total // 2, (kt - 1) * dilation, 0))
            y = torch.relu(module(picture))[0]  # [outs][T][features]
            return y.permute(1, 2, 0).reshape(len(x), -1)

        out_features = run(torch.zeros(1, filters * features).double()).shape[1] // outs
        case(f"conv2d {filters}x{features} to {outs}, kernel {kt}x{kf}, dilation {dilation}, stride {stride}, "
             f"{padding}", filters * features,
             [{"type": "conv2d", "activation": "relu", "shape": [None, None, out_features, outs],
               "kernel_size_time": kt, "kernel_size_feature": kf, "dilation": dilation, "strides": stride,
               "num_filters_in": filters, "num_features_in": features, "num_filters_out": outs,
               "padding": padding,
               "weights": [short(module.weight.permute(2, 3, 1, 0)), short(module.bias)]}],
             run, 8)
    norm = prepare(randomise(nn.BatchNorm2d(3)))
    layer = batch_norm(norm) | {"type": "batchnorm2d", "shape": [None, None, 4, 3], "num_filters_in": 3,
                                "num_features_in": 4}
    case("batchnorm2d", 12, [layer],
         lambda x: norm(x.reshape(-1, 4, 3).permute(0, 2, 1).unsqueeze(2))[:, :, 0].permute(0, 2, 1).reshape(-1, 12), 4)


def recurrent():
    for kind, module_kind, export in [("lstm", nn.LSTM, lstm), ("gru", nn.GRU, gru)]:
        for ins, units, layers in [(3, 5, 1), (5, 17, 1), (4, 6, 2)]:
            module = prepare(module_kind(ins, units, layers, batch_first=True))
            head = prepare(nn.Linear(units, 2))
            state = {f"rnn.{key}": value for key, value in module.state_dict().items()}
            state |= {f"head.{key}": value for key, value in head.state_dict().items()}
            case(f"{kind} {ins} to {units}, {layers} layers, then dense", ins,
                 [export(module, layer) for layer in range(layers)] + [linear(head)],
                 lambda x: head(module(x.unsqueeze(0))[0][0]), 200, RECURRENT, state_dict=state,
                 description=[{"type": kind, "prefix": "rnn.", "layers": layers},
                              {"type": "linear", "prefix": "head."}])


if __name__ == "__main__":
    torch.manual_seed(20251121)
    torch.set_num_threads(1)
    feed_forward()
    convolutions()
    recurrent()
    OUT.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in cases))
    print(f"{len(cases)} cases, {OUT.stat().st_size} bytes, PyTorch {torch.__version__}")
