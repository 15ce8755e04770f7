//! Dendrite as a program of its own, with the system's audio and MIDI: `dendrite-standalone --help` tells the options.

use dendrite::Dendrite;
use nice_plug::prelude::*;

fn main() {
    // It has told what went wrong; the exit code is for scripts.
    if !nice_export_standalone::<Dendrite>() {
        std::process::exit(1);
    }
}
