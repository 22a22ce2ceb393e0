//! Folds by document: a document is in one fold, whichever sets it stands in.

use sha2::{Digest, Sha256};

/// How many folds there are.
pub const FOLDS: usize = 5;

/// The hash of a document's words.
pub fn hash(document: &str) -> [u8; 32] {
    Sha256::digest(document).into()
}

/// The fold of a document: by its hash alone, so that no other document moves it.
pub fn fold_of(document: &str) -> usize {
    let [first, second, ..] = hash(document);
    usize::from(u16::from_be_bytes([first, second])) % FOLDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_one_fold_and_documents_are_spread() {
        let mut counts = [0; FOLDS];
        for number in 0..1000 {
            let document = format!("document {number}");
            assert_eq!(fold_of(&document), fold_of(&document));
            counts[fold_of(&document)] += 1;
        }
        assert!(
            counts.iter().all(|count| (150..250).contains(count)),
            "{counts:?}"
        );
    }
}
