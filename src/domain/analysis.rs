//! What is computed of an article once and kept: its sentences and their embeddings.

/// A sentence of an article's stored plain text.
#[derive(Debug, Clone, PartialEq)]
pub struct Sentence {
    /// Half-open byte range in the stored plain text; both ends are character boundaries.
    pub start: usize,
    /// See `start`.
    pub end: usize,
    /// The paragraph it stands in, counted from 0 over the paragraphs that were kept.
    pub paragraph: u32,
    /// L2-normalised embedding; its length is the embedder's dimension. Absent where nobody wants it.
    pub embedding: Option<Vec<f32>>,
}

/// The sentences of one text, in reading order, with boilerplate left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Analysis {
    /// In reading order, not overlapping.
    pub sentences: Vec<Sentence>,
}

/// Which sentences of an article are embedded: whoever reads embeddings knows which.
pub trait SentenceChoice: Sync {
    /// Names the rule, with all that it depends on: where it changes, analyses are made anew.
    fn rule(&self) -> String;

    /// One flag for each sentence of an article, in reading order.
    fn choose(&self, sentences: &[&str]) -> Vec<bool>;
}
