"""Dendrite: hears music with six small neural networks and moves a Julia set with it."""

from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE: int
"""Sample rate of the analysis, 48,000 Hz."""
HOP_LENGTH: int
"""Samples between two frames, 1,024."""
N_FFT: int
"""Samples under the analysis window, 4,096."""
WINDOW_FRAMES: int
"""Frames in the window that the orbit model sees, 10."""
__version__: str

class FeatureExtractor:
    """Hears 48 kHz mono hop by hop, in chunks of any size. Frame k holds the 4,096 samples that end at (k + 1) * 1024."""

    def __init__(
        self, window_frames: int = 10, include_delta: bool = False, include_delta_delta: bool = False
    ) -> None: ...
    def push(self, samples: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Takes samples and gives the frames that they complete.

        "base" (n, 6): centroid, flux, rms, zcr, onset, rolloff; "mel" (n, 128); "chroma" and "bass_chroma" (n, 12);
        "window" (n, window_frames * values per frame): what the orbit model is given. All in 0..1.
        """
    def reset(self) -> None:
        """Back to having heard nothing."""

class Model:
    """A network with its state."""

    @staticmethod
    def load(path: str | PathLike[str], weights: str = "f32") -> Model:
        """Reads RTNeural JSON, or ONNX as Dendrite writes it; weights are kept as "f32", "f16" or "int8".

        ValueError names file, layer, field, what was expected and what was found.
        """
    @property
    def inputs(self) -> int: ...
    @property
    def outputs(self) -> int: ...
    def forward(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Runs over rows (n, inputs) in order and gives (n, outputs); recurrent layers go on from where they were."""
    def reset(self) -> None:
        """Forgets what was run."""

class OrbitState:
    """The orbit alone: control signals to c."""

    def __init__(
        self,
        seed: int = 0,
        component: tuple[int, int] | None = None,
        bars_per_turn: float = 16.0,
        impact_amount: float = 0.8,
    ) -> None:
        """An orbit at its start; `component` as (period, index) locks it there."""
    def step(
        self,
        s: float = 0.9,
        alpha: float = 0.3,
        omega_scale: float = 1.0,
        gates: list[float] = ...,
        onset: float = 0.0,
        loudness: float = 0.5,
        bars_per_second: float = 0.5,
    ) -> complex:
        """One hop of 1,024 samples at 48 kHz on; gives c."""
    def synthesize(self) -> complex:
        """c after the last step; 0 before the first."""
    @property
    def theta(self) -> float: ...
    @property
    def s(self) -> float: ...
    @property
    def alpha(self) -> float: ...
    @property
    def component(self) -> tuple[int, int]: ...

class Engine:
    """Hears a stream as the plug-in does."""

    def __init__(
        self,
        sample_rate: int = 48_000,
        models: str | PathLike[str] | None = None,
        sensitivity_db: float = 0.0,
    ) -> None:
        """For sound of a rate from 8,000 to 384,000 Hz; a folder of models stands before those that are built in."""
    def process(self, samples: NDArray[np.float32]) -> dict[str, Any]:
        """Hears mono samples, any number, and gives the snapshots that fall due, by column.

        "time_s", "c" (complex), "s", "alpha", "omega_scale", "gates" (n, 6), "base" (n, 6), "mood" (n, 64), "valence",
        "arousal", "tempo_bpm", "impact", "section"; "chord" is a list with None where there is none.
        """
    def reset(self) -> None:
        """Back to having heard nothing."""

def analyze(path: str | PathLike[str], models: str | PathLike[str] | None = None) -> dict[str, Any]:
    """Hears a whole file (WAV, FLAC, Ogg Vorbis, MP3) and gives its snapshots as `Engine.process` does."""

def render_julia(
    c: complex, width: int, height: int, iterations: int = 200, palette: int = 0, zoom: float = 1.0
) -> NDArray[np.uint8]:
    """The Julia set of z² + c as (height, width, 4), RGBA; palettes are 0 to 5."""
