//! The parts of a sentence that must never be wrong: numbers with their units, names, quotations. English.

mod tokens;
mod numbers;
mod names;
mod quotes;
mod wording;

pub use names::{Name, names, unsupported_names};
pub use numbers::{Bound, Number, WEEKDAYS, numbers, unsupported_numbers};
pub use quotes::{Quote, quotes, takes_words_out_of_a_quotation, unsupported_quotes};
pub use wording::{has_attribution, negations};
