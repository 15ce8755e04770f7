"""Dendrite: hears music with six small neural networks and moves a Julia set with it."""

from ._dendrite import (
    HOP_LENGTH,
    N_FFT,
    SAMPLE_RATE,
    WINDOW_FRAMES,
    Engine,
    FeatureExtractor,
    Model,
    OrbitState,
    __version__,
    analyze,
    render_julia,
)

__all__ = [
    "HOP_LENGTH",
    "N_FFT",
    "SAMPLE_RATE",
    "WINDOW_FRAMES",
    "Engine",
    "FeatureExtractor",
    "Model",
    "OrbitState",
    "__version__",
    "analyze",
    "render_julia",
]
