"""Loads the built VST3 in pedalboard, a host of its own making, independent of ours.

    pip install pedalboard==0.9.26 numpy
    python pedalboard_check.py target/bundled/Dendrite.vst3

Lists the parameters, sends noise through (it must come out bit for bit), sets parameters, saves the state and loads it into
a second instance. Prints "ok", or says what is wrong and ends with 1.
"""

import argparse
import sys

import numpy as np
import pedalboard

RATES = (44_100.0, 48_000.0, 96_000.0)
BLOCKS = (1, 64, 441, 1024, 8192)

# Name in pedalboard, and a value in the parameter's own terms that is not its default.
SETTINGS = {
    "sensitivity_db": 6.0,
    "auto_level": False,
    "smoothing_ms": 250.0,
    "impact_amount": 25.0,
    "component_lock": "cardioid",
    "bars_per_turn": "2 bars",
    "s_bias": -0.125,
    "palette": "Ember",
    "zoom_x": 2.0,
    "rotation": 90.0,
    "flash_limiter": False,
}


class Wrong(Exception):
    """What was expected and what came instead."""


def load(bundle):
    plugin = pedalboard.load_plugin(bundle)
    if plugin.name != "Dendrite":
        raise Wrong(f"the plug-in is called {plugin.name!r} instead of 'Dendrite'")
    if not plugin.is_effect or plugin.is_instrument:
        raise Wrong("it is taken for an instrument instead of an effect")
    return plugin


def check_parameters(plugin):
    for name, parameter in plugin.parameters.items():
        print(f"  {name:<24} {parameter.string_value:>12}  of {parameter.range}")
    missing = sorted((set(SETTINGS) | {"bypass"}) - set(plugin.parameters))
    if missing:
        raise Wrong(f"parameters are missing: {', '.join(missing)}")


def check_passthrough(plugin, what):
    random = np.random.default_rng(1)
    for rate in RATES:
        for block in BLOCKS:
            length = min(int(rate / 2), block * 4_000)
            noise = (random.random((2, length), dtype=np.float32) - 0.5) * 2
            heard = plugin.process(noise, rate, buffer_size=block, reset=True)
            if heard.shape != noise.shape:
                raise Wrong(f"{what}, {rate} Hz, blocks of {block}: {heard.shape} samples instead of {noise.shape}")
            # Compared as integers: -0.0 is not 0.0 here.
            different = np.argwhere(heard.view(np.uint32) != noise.view(np.uint32))
            if len(different):
                channel, sample = different[0]
                raise Wrong(
                    f"{what}, {rate} Hz, blocks of {block}: channel {channel}, sample {sample} is "
                    f"{heard[channel, sample]!r} instead of {noise[channel, sample]!r}"
                )


def values(plugin):
    """As texts: a host keeps the raw value that it has set, the plug-in the nearest one of its steps, which the text shows."""
    return {name: parameter.string_value for name, parameter in plugin.parameters.items()}


def check_settings(plugin):
    for name, value in SETTINGS.items():
        setattr(plugin, name, value)
        now = getattr(plugin, name)
        same = abs(now - value) < 1e-3 if isinstance(value, float) else now == value
        if not same:
            raise Wrong(f"{name} was set to {value!r} and is {now!r}")


def check_state(bundle, plugin):
    saved = plugin.preset_data
    for kind in ("raw_state", "preset_data"):
        state = getattr(plugin, kind)
        other = load(bundle)
        if other.preset_data == saved:
            raise Wrong("a fresh instance has the settings already")
        setattr(other, kind, state)
        if other.preset_data != saved:
            raise Wrong(f"{kind}: not restored: {saved!r} was loaded and {other.preset_data!r} is saved again")
        check_passthrough(other, f"after loading {kind}")

    # After a preset pedalboard does not read the parameters again; after a state it does.
    other = load(bundle)
    other.raw_state = plugin.raw_state
    wanted, loaded = values(plugin), values(other)
    different = [f"{name} is {loaded[name]} instead of {wanted[name]}" for name in wanted if loaded[name] != wanted[name]]
    if different:
        raise Wrong(f"the parameters after loading a state: {', '.join(different)}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("bundle", help="the .vst3 folder")
    bundle = arguments.parse_args().bundle
    try:
        plugin = load(bundle)
        check_parameters(plugin)
        check_passthrough(plugin, "fresh")
        check_settings(plugin)
        check_passthrough(plugin, "with settings")
        check_state(bundle, plugin)
    except Wrong as wrong:
        sys.exit(f"pedalboard {pedalboard.__version__}: {wrong}")
    except Exception as error:  # pedalboard reports a plug-in that does not load with exceptions of any kind.
        sys.exit(f"pedalboard {pedalboard.__version__}: {type(error).__name__}: {error}")
    print("ok")


if __name__ == "__main__":
    main()
