//! A GGUF file whose tensors read as 32-bit floats, whatever they are stored as.
//!
//! candle 0.11.1 multiplies 4-bit weights one row at a time, and its threads wait for each other spinning: on a
//! machine that does something else too, a text takes ten times as long. Its products of floats have neither fault.
//! They need four bytes a weight, so that only small models are unpacked (see [`fits`]).

use std::io::{self, Read, Seek, SeekFrom};

use candle_core::Device;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::{Content, TensorInfo};

/// Larger models stay as they are stored: SmolLM2 135M takes 540 MB.
const MOST_BYTES: u64 = 1 << 30;

/// Bytes of a 32-bit float.
const FLOAT_BYTES: u64 = 4;

/// Whether the model is small enough to be unpacked.
pub(super) fn fits(content: &Content) -> bool {
    let bytes = content.tensor_infos.values().map(float_bytes);
    bytes.fold(0, u64::saturating_add) <= MOST_BYTES
}

/// Reads tensors as floats. Each is laid out where the others end; a read may not cross from one into the next,
/// and candle's does not: it reads one whole tensor.
#[derive(Debug)]
pub(super) struct Unpacked<R> {
    stored: R,
    /// `tensor_data_offset` of the file as it is stored.
    stored_offset: u64,
    tensors: Vec<Laid>,
    position: u64,
    /// The tensor that was read last, unpacked.
    open: Option<(usize, Vec<u8>)>,
}

/// A tensor, and where it lies when unpacked: half-open bytes.
#[derive(Debug)]
struct Laid {
    start: u64,
    end: u64,
    stored: TensorInfo,
}

impl<R: Read + Seek> Unpacked<R> {
    /// Makes `content` describe the unpacked tensors; they must be read through what this returns.
    pub(super) fn new(content: &mut Content, stored: R) -> Self {
        let mut tensors = Vec::with_capacity(content.tensor_infos.len());
        let mut start = 0;
        for info in content.tensor_infos.values_mut() {
            let end = start + float_bytes(info);
            let unpacked = TensorInfo {
                ggml_dtype: GgmlDType::F32,
                shape: info.shape.clone(),
                offset: start,
            };
            let stored = std::mem::replace(info, unpacked);
            tensors.push(Laid { start, end, stored });
            start = end;
        }
        let stored_offset = std::mem::take(&mut content.tensor_data_offset);
        Self {
            stored,
            stored_offset,
            tensors,
            position: 0,
            open: None,
        }
    }

    fn unpack(&mut self, index: usize) -> io::Result<()> {
        if self.open.as_ref().is_some_and(|(open, _)| *open == index) {
            return Ok(());
        }
        let Some(laid) = self.tensors.get(index) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let floats = laid
            .stored
            .read(&mut self.stored, self.stored_offset, &Device::Cpu)
            .and_then(|tensor| tensor.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>())
            .map_err(io::Error::other)?;
        let bytes = floats.into_iter().flat_map(f32::to_le_bytes).collect();
        self.open = Some((index, bytes));
        Ok(())
    }
}

impl<R: Read + Seek> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Tensors lie in order without gaps: the first that ends behind the position holds it.
        let index = self.tensors.partition_point(|laid| laid.end <= self.position);
        let Some(start) = self.tensors.get(index).map(|laid| laid.start) else {
            return Ok(0);
        };
        self.unpack(index)?;
        let Some((_, bytes)) = &self.open else {
            return Ok(0);
        };
        let from = usize::try_from(self.position - start).map_err(io::Error::other)?;
        let read = bytes.get(from..).unwrap_or_default().read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl<R> Seek for Unpacked<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let end = self.tensors.last().map_or(0, |laid| laid.end);
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => end.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

fn float_bytes(info: &TensorInfo) -> u64 {
    (info.shape.elem_count() as u64).saturating_mul(FLOAT_BYTES)
}
