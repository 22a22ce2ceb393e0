//! The parts of a sentence that must never be wrong: numbers with their units, days, names, quotations. English.

mod tokens;
mod numbers;
mod names;
mod quotes;
mod wording;
mod days;
mod counts;

pub use counts::{Count, counts};
pub use days::{RelativeDay, relative_days, written_day, written_out};
pub use names::{Name, names, unsupported_names};
pub use numbers::{Bound, Number, WEEKDAYS, is_month, numbers, unsupported_numbers};
pub use quotes::{Quote, quotes, takes_words_out_of_a_quotation, unsupported_quotes};
pub use wording::{attributions, has_attribution, negations};
