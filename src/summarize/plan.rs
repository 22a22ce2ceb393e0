//! What is to be written, with what, and what came of it.

use super::conflicts::Dispute;
use super::points::Point;
use super::prompt::Prompt;
use super::{Settings, lens};
use crate::clock::Clock;
use crate::domain::{Bias, Bullet, Lenses};
use crate::engine::{Cancel, Engine};

/// What is needed to write.
#[derive(Clone, Copy)]
pub struct Desk<'d> {
    /// How summaries are made.
    pub settings: &'d Settings,
    /// The models.
    pub engine: &'d dyn Engine,
    /// How the writing model is asked.
    pub prompt: &'d Prompt,
    /// Stamps new ids.
    pub clock: &'d dyn Clock,
    /// Stops the engine.
    pub cancel: &'d Cancel,
}

/// What is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'p, 'a> {
    /// The summary's own points, best first, spare ones last.
    pub points: &'p [Point<'a>],
    /// The points of each side's lens, or why it has none.
    pub lenses: &'p [(Bias, lens::Plan<'a>)],
    /// A bullet that tells a disputed value names the others.
    pub disputes: &'p [Dispute<'a>],
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The summary's own bullets, in the order of the points; a point for which nothing passes is dropped.
    pub bullets: Vec<Bullet>,
    /// The lenses.
    pub lenses: Lenses,
}
