//! `cargo xtask bundle`: the plug-in as .clap and .vst3 in target/bundled.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// The package and the name of its bundles.
const PACKAGE: &str = "dendrite";
const NAME: &str = "Dendrite";

/// The two bundles.
pub struct Bundles {
    pub clap: PathBuf,
    pub vst3: PathBuf,
}

/// The project's folder.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().map(PathBuf::from).unwrap_or_default()
}

/// The command: without arguments a release build of the plug-in; arguments go to nice-plug's bundler.
pub fn run(args: &[String]) -> Result<()> {
    if args.is_empty() {
        return build().map(|_| ());
    }
    let args = std::iter::once("bundle".to_owned()).chain(args.iter().cloned());
    nice_plug_xtask::main_with_args("cargo xtask", args)
}

/// Builds both bundles in release and says where they are.
pub fn build() -> Result<Bundles> {
    let args = ["bundle", PACKAGE, "--release"].map(str::to_owned);
    nice_plug_xtask::main_with_args("cargo xtask", args).context("building the plug-in")?;
    let folder = root().join("target/bundled");
    let bundles =
        Bundles { clap: folder.join(format!("{NAME}.clap")), vst3: folder.join(format!("{NAME}.vst3")) };
    for path in [&bundles.clap, &bundles.vst3] {
        anyhow::ensure!(path.exists(), "the bundler did not write {}", path.display());
    }
    Ok(bundles)
}
