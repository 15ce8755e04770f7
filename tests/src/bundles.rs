//! The built plug-in in both formats.

use std::path::{Path, PathBuf};

use dendrite_host::{Format, Plugin};

/// Both formats.
pub const FORMATS: [Format; 2] = [Format::Clap, Format::Vst3];

/// Name of the environment variable with another folder to take the bundles from.
pub const VARIABLE: &str = "DENDRITE_BUNDLES";

/// The bundle of a format.
///
/// # Panics
/// If it has not been built.
pub fn path(format: Format) -> PathBuf {
    let folder = std::env::var_os(VARIABLE).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join("bundled"),
        PathBuf::from,
    );
    let bundle = folder.join(match format {
        Format::Clap => "Dendrite.clap",
        Format::Vst3 => "Dendrite.vst3",
    });
    assert!(bundle.exists(), "{} is missing; run `cargo xtask bundle` first", bundle.display());
    bundle
}

/// A new instance.
///
/// # Panics
/// If there is no bundle, or it does not load.
pub fn load(format: Format) -> Plugin {
    match Plugin::load(&path(format), None) {
        Ok(plugin) => plugin,
        Err(error) => panic!("{error}"),
    }
}
