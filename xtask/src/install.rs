//! `cargo xtask install`: the bundles into the user's plug-in folders.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::bundle;

/// Builds and copies.
pub fn run() -> Result<()> {
    let bundles = bundle::build()?;
    let folders = Folders::of_this_user()?;
    for (bundle, folder) in [(&bundles.clap, &folders.clap), (&bundles.vst3, &folders.vst3)] {
        let name = bundle.file_name().context("a bundle has a name")?;
        let target = folder.join(name);
        replace(bundle, &target)?;
        println!("Installed {}", target.display());
    }
    println!("Rescan plug-ins in your DAW; Dendrite is an effect by the vendor \"Dendrite\".");
    Ok(())
}

/// Where hosts look for a user's plug-ins.
struct Folders {
    clap: PathBuf,
    vst3: PathBuf,
}

impl Folders {
    fn of_this_user() -> Result<Self> {
        let variable = |name: &str| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .with_context(|| format!("the variable {name} is not set"))
        };
        if cfg!(target_os = "windows") {
            let common = variable("LOCALAPPDATA")?.join("Programs").join("Common");
            Ok(Self { clap: common.join("CLAP"), vst3: common.join("VST3") })
        } else if cfg!(target_os = "macos") {
            let plugins = variable("HOME")?.join("Library/Audio/Plug-Ins");
            Ok(Self { clap: plugins.join("CLAP"), vst3: plugins.join("VST3") })
        } else {
            let home = variable("HOME")?;
            Ok(Self { clap: home.join(".clap"), vst3: home.join(".vst3") })
        }
    }
}

/// Puts a file or folder at `to` in place of what was there. It is copied beside first, so that a host which has the old
/// one open keeps it and nothing half-written is ever seen.
fn replace(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().context("a plug-in folder has a parent")?;
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let beside = to.with_extension("new");
    remove(&beside)?;
    copy(from, &beside)?;
    remove(to)?;
    fs::rename(&beside, to).with_context(|| format!("renaming {} to {}", beside.display(), to.display()))
}

fn remove(path: &Path) -> Result<()> {
    let outcome = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match outcome {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
        for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::copy(from, to).with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_replaced_whole() {
        let temporary = tempfile::tempdir().unwrap();
        let (from, to) = (temporary.path().join("from"), temporary.path().join("a/b/X.vst3"));
        fs::create_dir_all(from.join("Contents")).unwrap();
        fs::write(from.join("Contents/new.so"), "new").unwrap();
        fs::create_dir_all(&to).unwrap();
        fs::write(to.join("old.so"), "old").unwrap();
        replace(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("Contents/new.so")).unwrap(), "new");
        assert!(!to.join("old.so").exists() && !to.with_extension("new").exists());
    }
}
