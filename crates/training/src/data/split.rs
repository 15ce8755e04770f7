//! Which pieces are for what: train, validation and test, and folds for cross-validation. Whole pieces, never frames.

use std::collections::{BTreeSet, HashMap};

use super::{ContentHash, Piece, Split};

/// Shares of the pieces; the rest is for tests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    /// Share that weights are fitted to, 0..1.
    pub train: f64,
    /// Share that decides when to stop, 0..1.
    pub validation: f64,
}

impl Default for Shares {
    /// 80 % to train, 10 % to validate, 10 % to test.
    fn default() -> Self {
        Self { train: 0.8, validation: 0.1 }
    }
}

/// The part a content belongs to: always the same for the same seed, whatever else is in the set.
pub fn split_of(content: &ContentHash, seed: u64, shares: Shares) -> Split {
    split_at(place(content, seed), shares)
}

/// Gives every piece its part, by content, so that equal contents are together.
///
/// Each part is where [`split_of`] says, so that a piece does not change sides when others come. Only where a small set
/// leaves a part empty, and there are at least three contents, the ones nearest to its border are moved into it. Of two
/// contents one is to train and one to validate; a single one is to train.
pub fn assign(pieces: &mut [Piece], seed: u64, shares: Shares) {
    let contents: BTreeSet<ContentHash> = pieces.iter().map(|piece| piece.content).collect();
    let mut placed: Vec<(f64, ContentHash, Split)> = contents
        .into_iter()
        .map(|content| {
            let place = place(&content, seed);
            (place, content, split_at(place, shares))
        })
        .collect();
    placed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    match placed.len() {
        0 => {}
        few @ 1..=2 => {
            let parts = [Split::Train, Split::Validation];
            placed.iter_mut().zip(parts).take(few).for_each(|(placed, part)| placed.2 = part);
        }
        _ => fill_empty(&mut placed, shares),
    }
    let splits: HashMap<ContentHash, Split> =
        placed.into_iter().map(|(_, content, split)| (content, split)).collect();
    for piece in pieces {
        piece.split = splits[&piece.content];
    }
}

/// Pieces to fit to and pieces to validate on, as indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// To fit to.
    pub train: Vec<usize>,
    /// To validate on.
    pub validation: Vec<usize>,
}

/// Cuts pieces into k folds of contents, as equal in number as can be; each fold validates once.
///
/// Takes whatever is given: leave the test pieces out first. Folds beyond the number of contents are left out; fewer than
/// two contents make no folds at all, as nothing would be left to fit to.
pub fn folds(pieces: &[Piece], k: usize, seed: u64) -> Vec<Fold> {
    let contents: BTreeSet<ContentHash> = pieces.iter().map(|piece| piece.content).collect();
    let mut dealt: Vec<(f64, ContentHash)> =
        contents.into_iter().map(|content| (place(&content, seed), content)).collect();
    dealt.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let k = k.min(dealt.len());
    if k < 2 {
        return Vec::new();
    }
    let folds: HashMap<ContentHash, usize> =
        dealt.into_iter().enumerate().map(|(at, (_, content))| (content, at % k)).collect();
    let fold = |number: usize| {
        let (validation, train) =
            (0..pieces.len()).partition(|&piece| folds[&pieces[piece].content] == number);
        Fold { train, validation }
    };
    (0..k).map(fold).collect()
}

/// A place in 0..1 for a content, evenly spread.
fn place(content: &ContentHash, seed: u64) -> f64 {
    let mut bytes = seed.to_le_bytes().to_vec();
    bytes.extend(content.bytes());
    let hash = ContentHash::of_bytes("split", &bytes);
    let first = hash.bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
    first as f64 / 2.0_f64.powi(64)
}

fn split_at(place: f64, shares: Shares) -> Split {
    if place < shares.train {
        Split::Train
    } else if place < shares.train + shares.validation {
        Split::Validation
    } else {
        Split::Test
    }
}

/// Makes no part empty that has a share: of three or more contents in the order of their places, the last is for tests,
/// the one before it to validate, the first to train.
fn fill_empty(placed: &mut [(f64, ContentHash, Split)], shares: Shares) {
    let count = |placed: &[(f64, ContentHash, Split)], part| placed.iter().filter(|p| p.2 == part).count();
    let last = placed.len() - 1;
    if shares.train > 0.0 && count(placed, Split::Train) == 0 {
        placed[0].2 = Split::Train;
    }
    if shares.train + shares.validation < 1.0 && count(placed, Split::Test) == 0 {
        placed[last].2 = Split::Test;
    }
    if shares.validation > 0.0 && count(placed, Split::Validation) == 0 {
        // Next to the border: the last to train, or, where there is one only, the first to test.
        let trained = count(placed, Split::Train);
        placed[if trained > 1 { trained - 1 } else { trained }].2 = Split::Validation;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::Truth;

    fn piece(content: u32) -> Piece {
        Piece {
            name: content.to_string(),
            content: ContentHash::of_bytes("test", &content.to_le_bytes()),
            split: Split::Test,
            frames: Vec::new(),
            truth: Truth::default(),
        }
    }

    fn pieces(count: u32) -> Vec<Piece> {
        (0..count).map(piece).collect()
    }

    fn counts(pieces: &[Piece]) -> [usize; 3] {
        [Split::Train, Split::Validation, Split::Test]
            .map(|split| pieces.iter().filter(|piece| piece.split == split).count())
    }

    #[test]
    fn shares_are_kept_and_seeds_differ() {
        let mut some = pieces(2_000);
        assign(&mut some, 1, Shares::default());
        let [train, validation, test] = counts(&some);
        // Binomial: 80 % of 2,000 with a standard deviation of 18, 10 % with 13.
        assert!((1_520..1_680).contains(&train), "{train}");
        assert!((145..255).contains(&validation) && (145..255).contains(&test), "{validation} {test}");
        let first: Vec<Split> = some.iter().map(|piece| piece.split).collect();
        assign(&mut some, 2, Shares::default());
        assert!(first.iter().zip(&some).any(|(split, piece)| *split != piece.split));
    }

    #[test]
    fn a_piece_keeps_its_part_when_others_come() {
        let (mut few, mut many) = (pieces(100), pieces(300));
        assign(&mut few, 3, Shares::default());
        assign(&mut many, 3, Shares::default());
        for (few, many) in few.iter().zip(&many) {
            assert_eq!(few.split, many.split);
            assert_eq!(few.split, split_of(&few.content, 3, Shares::default()));
        }
    }

    proptest! {
        #[test]
        fn small_sets_leave_no_part_empty(count in 3_u32..12, seed: u64) {
            let mut some = pieces(count);
            assign(&mut some, seed, Shares::default());
            prop_assert!(counts(&some).iter().all(|&count| count > 0), "{:?}", counts(&some));
        }

        #[test]
        fn equal_contents_lie_on_one_side(contents in proptest::collection::vec(0_u32..8, 1..30), seed: u64, k in 2_usize..6) {
            let mut some: Vec<Piece> = contents.iter().map(|&content| piece(content)).collect();
            assign(&mut some, seed, Shares::default());
            for (i, a) in some.iter().enumerate() {
                for b in &some[i..] {
                    prop_assert!(a.content != b.content || a.split == b.split);
                }
            }
            let folds = folds(&some, k, seed);
            let mut validated = vec![0; some.len()];
            for fold in &folds {
                prop_assert!(!fold.train.is_empty() && !fold.validation.is_empty());
                prop_assert_eq!(fold.train.len() + fold.validation.len(), some.len());
                for &piece in &fold.validation {
                    validated[piece] += 1;
                    prop_assert!(fold.train.iter().all(|&other| some[other].content != some[piece].content));
                }
            }
            prop_assert!(folds.is_empty() || validated.iter().all(|&times| times == 1));
        }
    }

    #[test]
    fn folds_are_equally_large_and_of_one_piece_there_are_none() {
        let sizes: Vec<usize> = folds(&pieces(10), 3, 5).iter().map(|fold| fold.validation.len()).collect();
        assert_eq!(sizes, [4, 3, 3]);
        assert_eq!(folds(&pieces(10), 3, 5), folds(&pieces(10), 3, 5));
        assert_eq!(folds(&pieces(2), 5, 5).len(), 2);
        assert!(folds(&pieces(1), 5, 5).is_empty() && folds(&[], 5, 5).is_empty());
    }
}
