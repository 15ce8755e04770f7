//! Names of presets: which are the same to people, and what they become as names of files.

/// Longest stem of a file's name, in bytes: every file system takes it, with an ending and a number.
const LONGEST_STEM: usize = 100;

/// Names that Windows keeps for devices, whatever their ending.
const DEVICES: [&str; 6] = ["aux", "com", "con", "lpt", "nul", "prn"];

/// What of a name is compared: letters and digits without case. A name that has none is compared as it is.
pub(crate) fn key(name: &str) -> String {
    let key: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if key.is_empty() { name.trim().to_owned() } else { key }
}

/// The stem of a file for a preset of this name: small letters, digits and single hyphens, safe on every system.
pub(crate) fn stem(name: &str) -> String {
    let mut stem = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        let c = if c.is_alphanumeric() { c } else { '-' };
        if stem.len() + c.len_utf8() > LONGEST_STEM {
            break;
        }
        if c != '-' || !(stem.is_empty() || stem.ends_with('-')) {
            stem.push(c);
        }
    }
    let stem = stem.trim_end_matches('-');
    let device = DEVICES.contains(&stem.trim_end_matches(|c: char| c.is_numeric()));
    if stem.is_empty() || device {
        format!("preset-{stem}").trim_end_matches('-').to_owned()
    } else {
        stem.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_the_same_whatever_their_case_and_punctuation() {
        assert_eq!(key("Deep Sea"), key("deep-sea!"));
        assert_ne!(key("Deep Sea"), key("Deep See"));
        assert_ne!(key("!!"), key("??"));
    }

    #[test]
    fn stems_are_plain() {
        assert_eq!(stem("Deep Sea, at  night"), "deep-sea-at-night");
        assert_eq!(stem("../../etc/passwd"), "etc-passwd");
        assert_eq!(stem("Größe"), "größe");
        assert_eq!(stem("..."), "preset");
        assert_eq!(stem("COM1"), "preset-com1");
        assert_eq!(stem("con"), "preset-con");
        assert_eq!(stem("concert"), "concert");
    }

    proptest! {
        #[test]
        fn any_name_gives_a_stem_that_is_one_component_of_a_path(name in any::<String>()) {
            let stem = stem(&name);
            prop_assert!(!stem.is_empty() && stem.len() <= LONGEST_STEM + "preset-".len());
            prop_assert!(stem.chars().all(|c| c.is_alphanumeric() || c == '-'), "{stem}");
            prop_assert!(!stem.starts_with('-') && !stem.ends_with('-'), "{stem}");
        }
    }
}
