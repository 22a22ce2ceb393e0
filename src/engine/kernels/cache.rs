//! The keys and values that attention looks back at: one [`Cache`] for the positions of a prompt, which several texts
//! may share, and one for those of each answer. Laid out so that attention is two products with panels of the kernel.

use super::floats::{Lane, WIDTH};

/// What makes the size of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct CacheShape {
    /// Layers of the model.
    pub(in crate::engine) layers: usize,
    /// Heads of keys and values in each layer.
    pub(in crate::engine) heads: usize,
    /// Values of a head.
    pub(in crate::engine) width: usize,
}

impl CacheShape {
    /// Bytes that so many positions take.
    pub(in crate::engine) fn bytes(&self, positions: usize) -> usize {
        (self.key_lanes(positions) + self.value_lanes(positions)).saturating_mul(size_of::<Lane>())
    }

    fn key_lanes(&self, positions: usize) -> usize {
        let tiles = positions.div_ceil(WIDTH);
        (self.layers * self.heads * self.width).saturating_mul(tiles)
    }

    fn value_lanes(&self, positions: usize) -> usize {
        (self.layers * self.heads * self.width.div_ceil(WIDTH)).saturating_mul(positions)
    }
}

/// Keys and values of consecutive positions.
#[derive(Debug)]
pub(in crate::engine) struct Cache {
    shape: CacheShape,
    capacity: usize,
    length: usize,
    /// By layer, head, 16 positions: for each value of the head, one lane of 16 positions.
    keys: Vec<Lane>,
    /// By layer, head, 16 values of the head: for each position, one lane of 16 values.
    values: Vec<Lane>,
}

impl Cache {
    /// Room for so many positions; memory is touched only as they are written.
    pub(in crate::engine) fn new(shape: CacheShape, capacity: usize) -> Self {
        Self {
            shape,
            capacity,
            length: 0,
            keys: vec![[0.0; WIDTH]; shape.key_lanes(capacity)],
            values: vec![[0.0; WIDTH]; shape.value_lanes(capacity)],
        }
    }

    /// Positions held.
    pub(in crate::engine) fn length(&self) -> usize {
        self.length
    }

    /// Positions that still fit.
    pub(in crate::engine) fn room(&self) -> usize {
        self.capacity - self.length
    }

    /// So many positions more were written in every layer.
    pub(in crate::engine) fn advance(&mut self, positions: usize) {
        self.length = (self.length + positions).min(self.capacity);
    }

    /// Forgets the last positions.
    pub(in crate::engine) fn go_back(&mut self, positions: usize) {
        self.length = self.length.saturating_sub(positions);
    }

    /// Writes one head's key and value at a position below the capacity.
    pub(in crate::engine) fn write(
        &mut self,
        layer: usize,
        head: usize,
        position: usize,
        key: &[f32],
        value: &[f32],
    ) {
        let first = self.first_key(layer, head) + position / WIDTH * self.shape.width;
        let lanes = self.keys.iter_mut().skip(first);
        for (lane, key) in lanes.zip(key) {
            if let Some(place) = lane.get_mut(position % WIDTH) {
                *place = *key;
            }
        }
        for (tile, value) in value.chunks(WIDTH).enumerate() {
            let index = self.first_value(layer, head, tile) + position;
            if let Some(lane) = self.values.get_mut(index) {
                for (place, value) in lane.iter_mut().zip(value) {
                    *place = *value;
                }
            }
        }
    }

    /// One head's keys: for each 16 positions, as many lanes as the head is wide. What is not written yet is zero.
    pub(in crate::engine) fn keys(&self, layer: usize, head: usize) -> &[Lane] {
        let lanes = self.capacity.div_ceil(WIDTH) * self.shape.width;
        let first = self.first_key(layer, head);
        self.keys.get(first..first + lanes).unwrap_or_default()
    }

    /// 16 values of one head: one lane a position.
    pub(in crate::engine) fn values(&self, layer: usize, head: usize, tile: usize) -> &[Lane] {
        let first = self.first_value(layer, head, tile);
        self.values.get(first..first + self.capacity).unwrap_or_default()
    }

    /// Takes over the first positions of another cache in place of its own.
    pub(in crate::engine) fn copy_start(&mut self, other: &Self, positions: usize) {
        let positions = positions.min(other.length).min(self.capacity);
        for layer in 0..self.shape.layers {
            for head in 0..self.shape.heads {
                // Positions after those that are wanted are overwritten before they are read.
                let lanes = positions.div_ceil(WIDTH) * self.shape.width;
                let first = self.first_key(layer, head);
                copy(self.keys.get_mut(first..first + lanes), other.keys(layer, head));
                for tile in 0..self.shape.width.div_ceil(WIDTH) {
                    let first = self.first_value(layer, head, tile);
                    let own = self.values.get_mut(first..first + positions);
                    copy(own, other.values(layer, head, tile));
                }
            }
        }
        self.length = positions;
    }

    fn first_key(&self, layer: usize, head: usize) -> usize {
        (layer * self.shape.heads + head) * self.shape.width * self.capacity.div_ceil(WIDTH)
    }

    fn first_value(&self, layer: usize, head: usize, tile: usize) -> usize {
        let tiles = self.shape.width.div_ceil(WIDTH);
        ((layer * self.shape.heads + head) * tiles + tile) * self.capacity
    }
}

fn copy(into: Option<&mut [Lane]>, from: &[Lane]) {
    for (into, from) in into.unwrap_or_default().iter_mut().zip(from) {
        *into = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: CacheShape = CacheShape {
        layers: 2,
        heads: 3,
        width: 20,
    };

    fn filled(capacity: usize, positions: usize) -> Cache {
        let mut cache = Cache::new(SHAPE, capacity);
        for position in 0..positions {
            for layer in 0..2 {
                for head in 0..3 {
                    let number = |i: usize| (((layer * 3 + head) * 100 + position) * 20 + i) as f32;
                    let key: Vec<f32> = (0..20).map(number).collect();
                    let value: Vec<f32> = key.iter().map(|x| -x).collect();
                    cache.write(layer, head, position, &key, &value);
                }
            }
        }
        cache.advance(positions);
        cache
    }

    #[test]
    fn what_was_written_stands_in_its_lane() {
        let cache = filled(50, 37);
        assert_eq!((cache.length(), cache.room()), (37, 13));
        let number = |layer: usize, head: usize, position: usize, i: usize| {
            (((layer * 3 + head) * 100 + position) * 20 + i) as f32
        };
        for (layer, head, position, i) in [(0, 0, 0, 0), (1, 2, 36, 19), (0, 1, 16, 5), (1, 0, 15, 17)] {
            let exact = number(layer, head, position, i);
            assert_eq!(
                cache.keys(layer, head)[position / 16 * 20 + i][position % 16],
                exact
            );
            assert_eq!(cache.values(layer, head, i / 16)[position][i % 16], -exact);
        }
    }

    #[test]
    fn a_copy_of_the_start_is_what_would_have_been_written() {
        let mut copy = Cache::new(SHAPE, 80);
        copy.copy_start(&filled(50, 37), 32);
        let fresh = filled(80, 32);
        assert_eq!(copy.length(), 32);
        assert_eq!((copy.keys, copy.values), (fresh.keys, fresh.values));
    }
}
