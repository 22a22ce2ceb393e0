//! What tells the families of models apart.

/// `general.architecture` of the models that are served.
pub(super) const SERVED: [&str; 5] = ["llama", "qwen2", "qwen3", "gemma3", "phi3"];

/// What a family's layers have and do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Family {
    /// Which values of a head are rotated together.
    pub(super) pairs: Pairs,
    /// What makes a gate.
    pub(super) unit: Unit,
    /// How projections of one input are stored.
    pub(super) projections: Projections,
    /// Whether queries, keys and values have biases.
    pub(super) has_biases: bool,
    /// Whether each head's queries and keys are normalised.
    pub(super) has_head_norms: bool,
    /// Whether what a part of a layer adds is normalised too.
    pub(super) has_post_norms: bool,
    /// Whether embeddings are multiplied by the square root of their width.
    pub(super) scales_embeddings: bool,
    /// Whether the file says how wide a head is: it is no part of the width.
    pub(super) tells_head_width: bool,
    /// Whether most layers see the last positions only.
    pub(super) has_windows: bool,
}

/// Which values of a head are rotated together (Su et al. 2021).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pairs {
    /// The first with the second, the third with the fourth.
    Neighbours,
    /// The first of one half with the first of the other (GPT-NeoX).
    Halves,
}

/// What makes a gate (Shazeer 2020).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Sigmoid linear units.
    Sigmoid,
    /// Gaussian error linear units, by their approximation with the hyperbolic tangent.
    Gaussian,
}

/// How projections of one input are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Projections {
    /// Each by itself.
    Apart,
    /// Queries, keys and values in one tensor, gates and ups in another.
    Joined,
}

impl Family {
    /// The family of an architecture; `None` when it is not served.
    pub(super) fn of(architecture: &str) -> Option<Self> {
        let plain = Self {
            pairs: Pairs::Halves,
            unit: Unit::Sigmoid,
            projections: Projections::Apart,
            has_biases: false,
            has_head_norms: false,
            has_post_norms: false,
            scales_embeddings: false,
            tells_head_width: false,
            has_windows: false,
        };
        Some(match architecture {
            // Files of this architecture have the rows of queries and keys in another order than the models were trained with.
            "llama" => Self {
                pairs: Pairs::Neighbours,
                ..plain
            },
            "qwen2" => Self {
                has_biases: true,
                ..plain
            },
            "qwen3" => Self {
                has_head_norms: true,
                tells_head_width: true,
                ..plain
            },
            "gemma3" => Self {
                unit: Unit::Gaussian,
                has_head_norms: true,
                has_post_norms: true,
                scales_embeddings: true,
                tells_head_width: true,
                has_windows: true,
                ..plain
            },
            "phi3" => Self {
                projections: Projections::Joined,
                ..plain
            },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served_has_a_family_and_nothing_else() {
        assert!(SERVED.iter().all(|name| Family::of(name).is_some()));
        assert_eq!(Family::of("mamba"), None);
    }
}
