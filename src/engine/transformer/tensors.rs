//! The tensors of a GGUF file, by name, checked against the shape that they must have.

use std::io::{Read, Seek};
use std::ops::Range;

use candle_core::Device;
use candle_core::quantized::QTensor;
use candle_core::quantized::gguf_file::Content;

use crate::engine::EngineError;
use crate::engine::gguf::Metadata;
use crate::engine::kernels::{Matrix, Precision};

/// Models stored as floats that would take more than this in memory are rounded to 8 bits.
const MOST_BYTES_OF_FLOATS: u64 = 1 << 30;

/// Bytes of a 32-bit float.
const FLOAT_BYTES: u64 = 4;

/// The file's tensors.
pub(super) struct Tensors<'a, R> {
    metadata: Metadata<'a>,
    content: &'a Content,
    reader: &'a mut R,
    precision: Precision,
}

impl<'a, R: Read + Seek> Tensors<'a, R> {
    /// Those of a file whose head was read.
    pub(super) fn new(metadata: Metadata<'a>, content: &'a Content, reader: &'a mut R) -> Self {
        let weights = content.tensor_infos.values();
        let bytes = weights.map(|info| (info.shape.elem_count() as u64).saturating_mul(FLOAT_BYTES));
        let precision = if bytes.fold(0, u64::saturating_add) > MOST_BYTES_OF_FLOATS {
            Precision::EightBits
        } else {
            Precision::Stored
        };
        Self {
            metadata,
            content,
            reader,
            precision,
        }
    }

    pub(super) fn metadata(&self) -> Metadata<'a> {
        self.metadata
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(name)
    }

    /// A linear layer of so many outputs and inputs.
    ///
    /// # Errors
    /// [`EngineError::BadModel`] when it is missing or of another shape.
    pub(super) fn matrix(&mut self, name: &str, outputs: usize, depth: usize) -> Result<Matrix, EngineError> {
        let tensor = self.read(name)?;
        self.part(name, &tensor, outputs, 0..outputs, depth)
    }

    /// Layers of the same inputs, which the file has in one tensor, one below the other.
    ///
    /// # Errors
    /// As [`Tensors::matrix`].
    pub(super) fn joined<const COUNT: usize>(
        &mut self,
        name: &str,
        outputs: [usize; COUNT],
        depth: usize,
    ) -> Result<[Matrix; COUNT], EngineError> {
        let tensor = self.read(name)?;
        let all = outputs.iter().sum();
        let mut start = 0;
        let mut parts = Vec::with_capacity(COUNT);
        for own in outputs {
            parts.push(self.part(name, &tensor, all, start..start + own, depth)?);
            start += own;
        }
        parts
            .try_into()
            .map_err(|_| self.metadata.bad(format!("`{name}` has another number of parts")))
    }

    /// A vector of so many values.
    ///
    /// # Errors
    /// As [`Tensors::matrix`].
    pub(super) fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, EngineError> {
        let floats = self
            .read(name)?
            .dequantize(&Device::Cpu)
            .and_then(|tensor| tensor.flatten_all()?.to_vec1::<f32>())
            .map_err(|error| self.metadata.bad(format!("`{name}`: {error}")))?;
        if floats.len() != length {
            return Err(self
                .metadata
                .bad(format!("`{name}` has {} values, not {length}", floats.len())));
        }
        Ok(floats)
    }

    fn read(&mut self, name: &str) -> Result<QTensor, EngineError> {
        self.content
            .tensor(self.reader, name, &Device::Cpu)
            .map_err(|error| self.metadata.bad(format!("`{name}`: {error}")))
    }

    fn part(
        &self,
        name: &str,
        tensor: &QTensor,
        all: usize,
        outputs: Range<usize>,
        depth: usize,
    ) -> Result<Matrix, EngineError> {
        Matrix::of_rows(tensor, all, outputs, depth, self.precision)
            .map_err(|error| self.metadata.bad(format!("`{name}`: {error}")))
    }
}
