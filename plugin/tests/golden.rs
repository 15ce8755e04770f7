//! Ids, names, groups, ranges, defaults and steps of the parameters, as projects and automation of hosts hold them: they may
//! be added to, never changed.

use dendrite::Dendrite;
use dendrite::params::DendriteParams;
use nice_plug::prelude::*;

/// The framework's id of a parameter in both formats: a hash of the string id, see `hash_param_id` in nice-plug.
fn hash(id: &str) -> u32 {
    let mut hash = id.chars().fold(0u32, |hash, char| hash.wrapping_mul(31).wrapping_add(char as u32));
    // VST3 allows 31 bits.
    hash &= !(1 << 31);
    hash
}

fn table() -> String {
    let params = DendriteParams::default();
    let mut table = String::from("# id | hash | name | group | lowest | highest | default | steps\n");
    for (id, param, group) in params.param_map() {
        // SAFETY: `params` outlives the pointers of its map.
        let line = unsafe {
            format!(
                "{id} | {} | {} | {group} | {} | {} | {} | {}\n",
                hash(&id),
                param.name(),
                param.normalized_value_to_string(0.0, true),
                param.normalized_value_to_string(1.0, true),
                param.normalized_value_to_string(param.default_normalized_value(), true),
                param.step_count().map_or("continuous".to_owned(), |steps| steps.to_string()),
            )
        };
        table += &line;
    }
    table
}

#[test]
fn parameters_are_the_golden_ones() {
    let golden = include_str!("golden/params.txt");
    let now = table();
    assert!(now == golden, "the parameters have changed; they are now:\n{now}");
}

#[test]
fn plug_in_ids_are_the_golden_ones() {
    assert_eq!(Dendrite::CLAP_ID, "audio.dendrite.dendrite");
    assert_eq!(&Dendrite::VST3_CLASS_ID, b"DendriteJuliaSet");
    assert_eq!(Dendrite::NAME, "Dendrite");
}

#[test]
fn ids_are_short_and_their_hashes_differ() {
    let mut hashes: Vec<u32> = DendriteParams::default()
        .param_map()
        .iter()
        .map(|(id, _, _)| {
            assert!(
                id.len() <= 32
                    && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
                "{id}"
            );
            hash(id)
        })
        .collect();
    let count = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), count);
}
