//! From a path to a format and the shared library to load.

use std::path::{Path, PathBuf};

use crate::describe::Format;
use crate::error::HostError;

/// Sub-folder of a VST3 bundle for this platform, and the library's extension there.
#[cfg(target_os = "linux")]
const VST3_FOLDER: (&str, &str) = (const_linux_folder(), "so");
#[cfg(target_os = "macos")]
const VST3_FOLDER: (&str, &str) = ("MacOS", "");
#[cfg(target_os = "windows")]
const VST3_FOLDER: (&str, &str) = (const_windows_folder(), "vst3");

#[cfg(target_os = "linux")]
const fn const_linux_folder() -> &'static str {
    if cfg!(target_arch = "x86_64") {
        "x86_64-linux"
    } else if cfg!(target_arch = "aarch64") {
        "aarch64-linux"
    } else {
        "i386-linux"
    }
}

#[cfg(target_os = "windows")]
const fn const_windows_folder() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64-win" } else { "x86_64-win" }
}

/// A library file and the format its name promises; `None` for a bare shared library, which may hold both.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) library: PathBuf,
    pub(crate) format: Option<Format>,
}

/// Finds the library a path stands for.
pub(crate) fn locate(path: &Path) -> Result<Located, HostError> {
    let metadata = path.metadata().map_err(|_| HostError::NotFound { path: path.to_owned() })?;
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    let format = match extension.as_str() {
        "clap" => Some(Format::Clap),
        "vst3" => Some(Format::Vst3),
        _ => None,
    };
    if metadata.is_file() {
        return if format.is_some() || matches!(extension.as_str(), "so" | "dylib" | "dll") {
            Ok(Located { library: absolute(path), format })
        } else {
            Err(HostError::UnknownKind { path: path.to_owned(), found: "a file of another kind" })
        };
    }
    match format {
        Some(Format::Vst3) => in_bundle(path, VST3_FOLDER).map(|library| Located { library, format }),
        // Only macOS keeps CLAP plug-ins in folders, and of the same shape.
        Some(Format::Clap) if cfg!(target_os = "macos") => {
            in_bundle(path, ("MacOS", "")).map(|library| Located { library, format })
        }
        _ => Err(HostError::UnknownKind { path: path.to_owned(), found: "a folder that is no VST3 bundle" }),
    }
}

fn in_bundle(bundle: &Path, (folder, extension): (&str, &str)) -> Result<PathBuf, HostError> {
    let stem = bundle.file_stem().unwrap_or_default();
    let expected = bundle.join("Contents").join(folder).join(Path::new(stem).with_extension(extension));
    if expected.is_file() {
        Ok(absolute(&expected))
    } else {
        Err(HostError::NotABundle { path: bundle.to_owned(), expected })
    }
}

/// The loader searches the system's folders for names without a slash, so it must get a full path.
fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test run that goes away with the value.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("dendrite-host-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).expect("the temporary folder is writable");
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn names_decide_the_format() {
        let scratch = Scratch::new("names");
        for (name, format) in [
            ("a.clap", Some(Format::Clap)),
            ("a.vst3", Some(Format::Vst3)),
            ("a.so", None),
            ("A.CLAP", Some(Format::Clap)),
        ] {
            let file = scratch.0.join(name);
            std::fs::write(&file, "").expect("writable");
            let located = locate(&file).expect("a file of that name is acceptable");
            assert_eq!(located.format, format, "{name}");
            assert!(located.library.is_absolute());
        }
    }

    #[test]
    fn a_bundle_leads_to_its_library_and_an_empty_one_says_where_it_looked() {
        let scratch = Scratch::new("bundle");
        let bundle = scratch.0.join("My Plug.vst3");
        std::fs::create_dir_all(&bundle).expect("writable");
        let error = locate(&bundle).expect_err("nothing inside").to_string();
        assert!(error.contains("Contents") && error.contains("My Plug"), "{error}");
        let library = bundle
            .join("Contents")
            .join(VST3_FOLDER.0)
            .join(Path::new("My Plug").with_extension(VST3_FOLDER.1));
        std::fs::create_dir_all(library.parent().expect("it has one")).expect("writable");
        std::fs::write(&library, "").expect("writable");
        assert_eq!(locate(&bundle).expect("complete now").format, Some(Format::Vst3));
    }

    #[test]
    fn everything_else_is_refused_with_its_path() {
        let scratch = Scratch::new("refused");
        let text = scratch.0.join("notes.txt");
        std::fs::write(&text, "").expect("writable");
        for path in [scratch.0.join("missing.clap"), scratch.0.clone(), text] {
            let error = locate(&path).expect_err("no plug-in").to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }
}
