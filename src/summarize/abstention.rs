//! A model that was taught to may answer that there is nothing usable in its evidence (P16).

use crate::engine::{GenerateRequest, Generation};

/// Its answer then.
pub const ABSTENTION: &str = "None.";

/// The model must find that so likely: [`ABSTENTION`] is the likeliest text already when it is likelier than each single way
/// to begin a bullet.
const MIN_PROBABILITY: f64 = 0.5;

/// The model's answers, in the order of what is asked. `with_choice` makes the request that may be answered with
/// [`ABSTENTION`]; where the model does so without being sure, it is asked again by `without`. Where the answer is still
/// [`ABSTENTION`], it is meant.
///
/// # Errors
/// Those of `generate` and of the makers of requests.
pub fn answers<T, E>(
    asked: &[T],
    with_choice: impl Fn(&T) -> Result<GenerateRequest, E>,
    without: impl Fn(&T) -> Result<GenerateRequest, E>,
    generate: impl Fn(Vec<GenerateRequest>) -> Result<Vec<Generation>, E>,
) -> Result<Vec<Generation>, E> {
    let mut answers = generate(asked.iter().map(with_choice).collect::<Result<_, _>>()?)?;
    let unsure = asked.iter().zip(&answers).filter(|(_, answer)| is_unsure(answer));
    let again = unsure
        .map(|(asked, _)| without(asked))
        .collect::<Result<_, _>>()?;
    let mut second = generate(again)?.into_iter();
    for answer in answers.iter_mut().filter(|answer| is_unsure(answer)) {
        if let Some(other) = second.next() {
            *answer = other;
        }
    }
    Ok(answers)
}

fn is_unsure(answer: &Generation) -> bool {
    // The end of the text is a token too.
    let tokens = answer.generated_tokens as f64 + 1.0;
    answer.text == ABSTENTION && answer.mean_log_probability * tokens < MIN_PROBABILITY.ln()
}
