//! The presets that come with Dendrite.

use std::sync::LazyLock;

use crate::{Preset, name};

/// The file of a preset.
macro_rules! file {
    ($stem:literal) => {
        include_str!(concat!("../../../assets/presets/", $stem, ".toml"))
    };
}

/// The files, in the order of lists: the defaults, then from calm to wild.
const FILES: &[&str] = &[
    file!("dendrite"),
    file!("deep-sea"),
    file!("forest-lake"),
    file!("sleepwalker"),
    file!("northern-lights"),
    file!("star-dust"),
    file!("frost"),
    file!("archipelago"),
    file!("moss-garden"),
    file!("ridge-at-dusk"),
    file!("orchid-house"),
    file!("peacock"),
    file!("coral-reef"),
    file!("lace"),
    file!("inkblot"),
    file!("chameleon"),
    file!("clockwork"),
    file!("crystal"),
    file!("rabbit-run"),
    file!("dragon"),
    file!("embers"),
    file!("heartbeat"),
    file!("fireworks"),
    file!("lightning"),
];

/// The presets, parsed once.
static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    let parse =
        |text: &&str| Preset::from_toml(text).expect("the files are compiled in and checked by a test");
    FILES.iter().map(parse).collect()
});

/// The presets that come with Dendrite, in the order in which a list shows them; the first one is the defaults, then they go from calm
/// to wild. Parsed at first use (that allocates).
pub fn factory() -> &'static [Preset] {
    &PRESETS
}

/// No factory preset has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no preset {name:?}; did you mean {nearest:?}? These are all: {}", all())]
pub struct Unknown {
    /// The name that was looked for.
    pub name: String,
    /// The most similar one that there is.
    pub nearest: &'static str,
}

/// The names of all, for messages.
fn all() -> String {
    factory().iter().map(|preset| preset.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The factory preset of this name, in any case and with any punctuation.
///
/// # Errors
/// [`Unknown`], which names the most similar one and lists all.
pub fn find(name: &str) -> Result<&'static Preset, Unknown> {
    let wanted = name::key(name);
    let found = factory().iter().find(|preset| name::key(&preset.name) == wanted);
    found.ok_or_else(|| {
        let likeness = |preset: &Preset| strsim::jaro_winkler(&name::key(&preset.name), &wanted);
        let nearest = factory().iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        Unknown { name: name.to_owned(), nearest: nearest.map_or("", |preset| &preset.name) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dendrite_engine::Settings;
    use dendrite_julia::Look;

    #[test]
    fn every_file_is_a_sound_preset_that_knows_all_it_names() {
        for file in FILES {
            let preset = Preset::from_toml(file).unwrap_or_else(|error| panic!("{error} in:\n{file}"));
            assert_eq!(preset.check(), Ok(()));
            assert_eq!(preset.unknown().count(), 0, "{}", preset.name);
            assert_eq!(&preset.to_toml(), file, "as a preset is saved");
            assert!(!preset.about.is_empty() && !preset.author.is_empty(), "{}", preset.name);
        }
    }

    #[test]
    fn the_first_one_is_the_defaults_and_no_two_do_the_same() {
        let applied = |preset: &Preset| {
            let (mut settings, mut look) = (Settings::default(), Look::default());
            preset.apply(&mut settings, &mut look);
            (settings, look)
        };
        let all: Vec<_> = factory().iter().map(applied).collect();
        assert_eq!(all[0], (Settings::default(), Look::default()));
        for (i, one) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|other| other != one), "{}", factory()[i].name);
        }
    }

    #[test]
    fn names_are_found_in_any_spelling_and_lead_to_one_only() {
        for preset in factory() {
            let loud = format!("  {}! ", preset.name.to_uppercase());
            assert_eq!(find(&loud), Ok(preset));
        }
    }

    #[test]
    fn the_page_of_presets_lists_them_in_order() {
        let page = include_str!("../../../docs/PRESETS.md");
        let row = |preset: &Preset| format!("| **{}** | {} |\n", preset.name, preset.about);
        let table: String = factory().iter().map(row).collect();
        assert!(page.contains(&table), "docs/PRESETS.md should have this table:\n{table}");
    }

    #[test]
    fn who_misspells_a_name_is_told_the_nearest_and_all() {
        for preset in factory() {
            let mut misspelt = preset.name.clone();
            misspelt.push('x');
            let unknown = find(&misspelt).unwrap_err();
            assert_eq!(unknown.nearest, preset.name);
            let message = unknown.to_string();
            assert!(factory().iter().all(|preset| message.contains(&preset.name)), "{message}");
        }
        assert!(find("").is_err());
    }
}
