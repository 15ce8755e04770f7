//! The program `dendrite-train`.

fn main() {}
