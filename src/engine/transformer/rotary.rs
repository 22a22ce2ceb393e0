//! Rotary positions (Su et al. 2021): by how much each pair of a head's values is rotated at a position.

use std::io::{Read, Seek};

use super::tensors::Tensors;
use crate::engine::EngineError;
use crate::engine::gguf::Metadata;

/// Where a file does not say.
const BASE: f32 = 10_000.0;

/// Factors for texts no longer than those that a model was first trained on (`LongRoPE`, Ding et al. 2024).
const SHORT_FACTORS: &str = "rope_factors_short.weight";

/// The rotation of some layers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rotation {
    /// Radians a position, for each pair.
    frequencies: Vec<f32>,
    /// What the rotated values are multiplied by: 1, unless the model was made to read longer texts.
    scale: f32,
}

impl Rotation {
    /// The rotation of a model's layers, over the first `width` values of a head. Frequencies are divided by a factor of
    /// linear scaling (Chen et al. 2023), and by those of `rope_freqs` (Llama 3.1 on) or of `rope_factors_short` (Phi-3;
    /// texts longer than the model was first trained on are not served).
    ///
    /// # Errors
    /// [`EngineError::BadModel`] when a tensor of factors cannot be read.
    pub(super) fn of_model<R: Read + Seek>(
        tensors: &mut Tensors<'_, R>,
        architecture: &str,
        width: usize,
    ) -> Result<Self, EngineError> {
        let metadata = tensors.metadata();
        let float = |name: &str| metadata.float(&format!("{architecture}.rope.{name}"));
        let base = float("freq_base").unwrap_or(BASE);
        let mut frequencies = frequencies(base, width);
        if matches!(scaling(metadata, architecture), None | Some("linear")) {
            let factor = float("scaling.factor")
                .filter(|factor| *factor > 0.0)
                .unwrap_or(1.0);
            frequencies.iter_mut().for_each(|frequency| *frequency /= factor);
        }
        for name in ["rope_freqs.weight", SHORT_FACTORS] {
            if tensors.has(name) {
                let factors = tensors.vector(name, frequencies.len())?;
                for (frequency, factor) in frequencies.iter_mut().zip(factors) {
                    *frequency /= factor;
                }
            }
        }
        Ok(Self {
            frequencies,
            scale: float("scaling.attn_factor").unwrap_or(1.0),
        })
    }

    /// The rotation of layers that see the last positions only.
    pub(super) fn of_windows(metadata: Metadata<'_>, architecture: &str, width: usize) -> Self {
        let base = metadata.float(&format!("{architecture}.rope.freq_base_swa"));
        Self {
            frequencies: frequencies(base.unwrap_or(BASE), width),
            scale: 1.0,
        }
    }

    /// Cosine and sine for each pair at a position.
    pub(super) fn angles(&self, position: usize) -> Vec<(f32, f32)> {
        let angle = |frequency: &f32| {
            let (sine, cosine) = (position as f32 * frequency).sin_cos();
            (cosine * self.scale, sine * self.scale)
        };
        self.frequencies.iter().map(angle).collect()
    }
}

/// The longest text whose positions are as the model was first trained on them, where longer ones need other rotations (`YaRN`,
/// `LongRoPE`).
pub(super) fn most_unscaled<R: Read + Seek>(tensors: &Tensors<'_, R>, architecture: &str) -> Option<usize> {
    let metadata = tensors.metadata();
    let is_plain = matches!(scaling(metadata, architecture), None | Some("none" | "linear"));
    if is_plain && !tensors.has(SHORT_FACTORS) {
        return None;
    }
    let most = metadata.integer(&format!("{architecture}.rope.scaling.original_context_length"))?;
    usize::try_from(most).ok().filter(|most| *most > 0)
}

fn scaling<'a>(metadata: Metadata<'a>, architecture: &str) -> Option<&'a str> {
    metadata.text(&format!("{architecture}.rope.scaling.type"))
}

fn frequencies(base: f32, width: usize) -> Vec<f32> {
    let frequency = |pair: usize| base.powf((2 * pair) as f32 / width as f32).recip();
    (0..width / 2).map(frequency).collect()
}
