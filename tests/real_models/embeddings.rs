//! Vectors of all-MiniLM-L6-v2 against a BERT written in numpy (`tools/fixtures/embeddings.py`).

use serde::Deserialize;

use crate::support::embedder;

#[derive(Deserialize)]
struct Case {
    text: String,
    vector: Vec<f32>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("fixtures/embeddings.json")).unwrap()
}

fn embed(texts: &[&str]) -> Vec<Vec<f32>> {
    embedder().embed(texts).unwrap()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn vectors_equal_those_of_an_independent_implementation() {
    for case in cases() {
        let vectors = embed(&[&case.text]);
        let difference = largest_difference(&vectors[0], &case.vector);
        assert!(difference < 1e-4, "{}: off by {difference}", case.text);
    }
}

#[test]
fn vectors_do_not_depend_on_the_texts_beside_them() {
    let cases = cases();
    let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    let together = embed(&texts);
    for (text, vector) in texts.iter().zip(together) {
        let difference = largest_difference(&vector, &embed(&[text])[0]);
        assert!(difference < 1e-5, "{text}: off by {difference}");
    }
}

#[test]
fn vectors_have_length_one() {
    let cases = cases();
    let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).chain([""]).collect();
    for (text, vector) in texts.iter().zip(embed(&texts)) {
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        assert!((length - 1.0).abs() < 1e-5, "`{text}`: {length}");
    }
}

#[test]
fn a_text_is_cut_at_the_context_and_not_before() {
    // Each word is one token; two of the 256 tokens frame the text.
    let words = |count: usize, last: &str| format!("{}{last}", "dam ".repeat(count - 1));
    let [full, longer, differs] =
        [words(254, "dam"), words(600, "river"), words(254, "river")].map(|text| embed(&[&text]).remove(0));
    assert_eq!(full, longer);
    assert!(
        largest_difference(&full, &differs) > 1e-4,
        "the 254th word was cut off"
    );
}

#[test]
fn no_texts_give_no_vectors() {
    assert!(embed(&[]).is_empty());
}
