//! A state as bytes: is it one?

use nice_plug::prelude::PluginState;

use crate::state;

/// States beyond this size are taken for corrupt before they fill the memory.
pub const MAX_BYTES: usize = 64 << 20;

/// The bytes of a state as the framework writes them.
///
/// # Errors
/// Why they are not one, in words for the user.
pub fn check(json: &[u8]) -> Result<(), String> {
    match json {
        [] => Err("it is empty".to_owned()),
        _ if json.len() > MAX_BYTES => Err("it is too large".to_owned()),
        _ => serde_json::from_slice::<PluginState>(json).map(|_| ()).map_err(|error| error.to_string()),
    }
}

/// The bytes of the state that stands in for an unreadable one.
pub fn replacement(reason: &str) -> Vec<u8> {
    // A map of numbers and strings can always be written; if not, nothing is loaded and all stays as it is.
    serde_json::to_vec(&state::replacement(reason)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused_and_its_replacement_is_not() {
        for nonsense in
            [&b""[..], b"{", b"\0\0\0\0", b"[]", b"{\"version\":1}", b"{\"params\":{},\"fields\":[]}"]
        {
            assert!(check(nonsense).is_err());
        }
        assert_eq!(check(&replacement("for a test")), Ok(()));
    }
}
