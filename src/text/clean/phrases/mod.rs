//! Phrases of page furniture in English news sites: lower case, straight quotes, one a line. Own compilation, from
//! reading many pages of many outlets.

/// The whole paragraph.
pub(super) fn whole() -> impl Iterator<Item = &'static str> {
    include_str!("whole.txt").lines()
}

/// The beginning of the paragraph.
pub(super) fn starts() -> impl Iterator<Item = &'static str> {
    include_str!("starts.txt").lines()
}

/// Anywhere, in a paragraph of any length.
pub(super) fn anywhere() -> impl Iterator<Item = &'static str> {
    include_str!("anywhere.txt").lines()
}

/// Anywhere in a short paragraph.
pub(super) fn short() -> impl Iterator<Item = &'static str> {
    include_str!("short.txt").lines()
}

/// Marks of a photo caption or credit.
pub(super) fn credits() -> impl Iterator<Item = &'static str> {
    include_str!("credits.txt").lines()
}

/// What stands before the colon of a link to something else.
pub(super) fn link_labels() -> impl Iterator<Item = &'static str> {
    include_str!("link_labels.txt").lines()
}
