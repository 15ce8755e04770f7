//! A host's block in parts: the framework divides it where a parameter changes, or a CLAP host says another transport, and calls
//! the plug-in for each part.
//!
//! Parts are told apart because not all that a host says with a block comes with each of them: behind the first the framework
//! counts bars from the song's start, whatever the host has said of the bar.

use std::cell::Cell;

/// What a thread is processing.
#[derive(Clone, Copy)]
enum Place {
    /// No block of a host's, or one that nobody told of: it has one part.
    Elsewhere,
    /// The first part of a block.
    Beginning,
    /// What is behind it.
    Behind,
}

thread_local! {
    /// The framework calls back on the thread that it is called on. A plain value: nothing is dropped for it, and where the system
    /// makes room for a library's values on a thread's first access, it does so once for a thread, below our allocator.
    static PLACE: Cell<Place> = const { Cell::new(Place::Elsewhere) };
}

/// Processes one block of a host's with `process`, which may call the plug-in many times. Does not allocate.
pub fn block<T>(process: impl FnOnce() -> T) -> T {
    PLACE.set(Place::Beginning);
    let answer = process();
    PLACE.set(Place::Elsewhere);
    answer
}

/// Begins a part and says whether there has been one before it in its block. Does not allocate.
pub fn goes_on() -> bool {
    match PLACE.get() {
        Place::Elsewhere => false,
        Place::Beginning => {
            PLACE.set(Place::Behind);
            false
        }
        Place::Behind => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_behind_a_first_part_goes_on() {
        assert_eq!([goes_on(), goes_on()], [false, false], "nobody has told of a block");
        for _ in 0..2 {
            assert_eq!(block(|| [goes_on(), goes_on(), goes_on()]), [false, true, true]);
        }
        block(|| ());
        assert!(!goes_on());
    }
}
