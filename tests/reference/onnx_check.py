#!/usr/bin/env python3
"""Runs networks that the crate `rtneural` wrote as ONNX in ONNX Runtime and compares with what its own runtime gave.

    pip install onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
    cargo run -q -p rtneural --example write_onnx -- FOLDER
    python3 tests/reference/onnx_check.py FOLDER

    cargo test -p dendrite-training --test nets
    python3 tests/reference/onnx_check.py target/tmp/onnx/*      the six models against burn, which trains them

Every network runs for several steps on a batch; what it gives as `..._out` goes back in as `..._in`. No output may
differ by more than 2e-6 (absolute), or what the index says: both sides compute in f32 and add in different orders. Where the package `onnx` is
installed, its checker looks at every file too. Prints the largest difference of each network and then "ok", or says
what is wrong and ends with 1.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

try:
    import onnx
except ImportError:
    onnx = None

TOLERANCE = 2e-6


def rows(path, steps, batch):
    return np.fromfile(path, "<f4").reshape(steps, batch, -1)


def difference(folder, case):
    """Largest absolute difference of an output over all steps."""
    name, steps, batch = case["name"], case["steps"], case["batch"]
    file = folder / f"{name}.onnx"
    if onnx is not None:
        onnx.checker.check_model(str(file), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    first, *states = session.get_inputs()
    feeds = {state.name: np.zeros((batch, state.shape[1]), np.float32) for state in states}
    names = [output.name for output in session.get_outputs()]
    largest = 0.0
    inputs, expected = (rows(folder / f"{name}.{what}.f32", steps, batch) for what in ("inputs", "outputs"))
    for step in range(steps):
        results = dict(zip(names, session.run(names, {first.name: inputs[step], **feeds})))
        found = results[names[0]]
        if found.shape != expected[step].shape:
            raise ValueError(f"{name}: expected shape {expected[step].shape}, found {found.shape}")
        largest = max(largest, float(np.abs(found.astype(np.float64) - expected[step]).max()))
        feeds = {state.name: results[state.name.removesuffix("_in") + "_out"] for state in states}
    return largest


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    count, wrong = 0, []
    for folder in map(Path, sys.argv[1:]):
        for case in json.loads((folder / "index.json").read_text()):
            largest, most = difference(folder, case), case.get("tolerance", TOLERANCE)
            print(f"{case['name']:20} {largest:.1e}")
            count += 1
            if not largest <= most:
                wrong.append(f"{case['name']} by more than {most:.0e}")
    checker = "not installed, files not checked" if onnx is None else onnx.__version__
    print(f"onnxruntime {onnxruntime.__version__}, onnx {checker}, {count} networks")
    if wrong or not count:
        sys.exit(f"differ: {', '.join(wrong)}" if count else "no networks")
    print("ok")


if __name__ == "__main__":
    main()
