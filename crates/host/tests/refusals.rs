//! Loading what is no plug-in: every case is an error that names the path, none a crash.

use std::path::{Path, PathBuf};

use dendrite_host::{Format, HostError, Plugin};

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

fn error(path: &Path) -> (HostError, String) {
    let error = Plugin::load(path, None).expect_err("this is no plug-in");
    let text = error.to_string();
    assert!(text.contains(&path.file_name().expect("a name").to_string_lossy().into_owned()), "{text}");
    (error, text)
}

#[test]
fn a_missing_file() {
    let (error, text) = error(Path::new("/nonexistent/dendrite.clap"));
    assert!(matches!(error, HostError::NotFound { .. }), "{text}");
    assert!(text.contains("cargo xtask bundle"), "it says what to do: {text}");
}

#[test]
fn a_folder_without_a_library() {
    let scratch = Scratch::new("folder");
    let bundle = scratch.0.join("empty.vst3");
    std::fs::create_dir_all(bundle.join("Contents")).expect("writable");
    assert!(matches!(error(&bundle).0, HostError::NotABundle { .. }));
    assert!(matches!(error(&scratch.0).0, HostError::UnknownKind { .. }));
}

#[test]
fn a_text_file_with_a_plug_in_name() {
    let scratch = Scratch::new("text");
    for name in ["text.clap", "text.vst3", "text.so"] {
        let file = scratch.0.join(name);
        std::fs::write(&file, "not a library").expect("writable");
        assert!(matches!(error(&file).0, HostError::Open { .. }), "{name}");
    }
}

/// A library that this process has loaded anyway, so that loading it again cannot do harm.
#[cfg(target_os = "linux")]
fn loaded_library() -> PathBuf {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux has it");
    let path = maps.split_whitespace().find(|word| word.starts_with('/') && word.contains("libgcc_s.so"));
    PathBuf::from(path.expect("Rust programs unwind with libgcc_s"))
}

#[cfg(target_os = "linux")]
#[test]
fn a_library_that_is_no_plug_in() {
    let scratch = Scratch::new("library");
    let link = scratch.0.join("gcc.so");
    std::os::unix::fs::symlink(loaded_library(), &link).expect("writable");
    for (format, symbol) in [(Format::Clap, "clap_entry"), (Format::Vst3, "GetPluginFactory")] {
        let error = Plugin::load_as(format, &link, None).expect_err("no plug-in");
        assert!(
            matches!(&error, HostError::NotAPlugin { symbol: missing, .. } if *missing == symbol),
            "{error}"
        );
    }
    assert!(Plugin::list(&link).is_err());
}
