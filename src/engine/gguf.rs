//! Typed access to a GGUF file's metadata. The file itself is read by candle.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use std::collections::HashMap;
use std::path::Path;

use candle_core::quantized::gguf_file::Value;

use super::EngineError;

/// The key-value part of one GGUF file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metadata<'a> {
    /// Names the file in errors.
    file: &'a Path,
    values: &'a HashMap<String, Value>,
}

impl<'a> Metadata<'a> {
    pub(super) fn new(file: &'a Path, values: &'a HashMap<String, Value>) -> Self {
        Self { file, values }
    }

    /// The error for whatever is wrong in this file.
    pub(super) fn bad(&self, detail: impl Into<String>) -> EngineError {
        bad_model(self.file, detail)
    }

    /// A string, when the key is there and holds one.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        match self.values.get(key)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A non-negative integer of any width.
    pub(super) fn integer(&self, key: &str) -> Option<u64> {
        integer(self.values.get(key)?)
    }

    /// A token id.
    pub(super) fn token_id(&self, key: &str) -> Option<u32> {
        u32::try_from(self.integer(key)?).ok()
    }

    /// A flag.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        match self.values.get(key)? {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// A 32-bit float that the model may do without.
    pub(super) fn float(&self, key: &str) -> Option<f32> {
        match self.values.get(key)? {
            Value::F32(number) => Some(*number),
            _ => None,
        }
    }

    /// A 32-bit float that it cannot do without.
    pub(super) fn required_float(&self, key: &str) -> Result<f32, EngineError> {
        self.float(key)
            .ok_or_else(|| self.bad(format!("`{key}` is missing")))
    }

    /// An integer that the model cannot do without, within `1..=most`.
    pub(super) fn required_count(&self, key: &str, most: u64) -> Result<usize, EngineError> {
        let count = self
            .integer(key)
            .ok_or_else(|| self.bad(format!("`{key}` is missing")))?;
        if count == 0 || count > most {
            return Err(self.bad(format!("`{key}` is {count}; 1 to {most} make sense")));
        }
        usize::try_from(count).map_err(|error| self.bad(format!("`{key}`: {error}")))
    }

    /// An array of strings.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<&'a str>, EngineError> {
        self.array(key, |value| match value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// An array of integers.
    pub(super) fn integers(&self, key: &str) -> Result<Vec<u64>, EngineError> {
        self.array(key, integer)
    }

    /// An array of 32-bit floats.
    pub(super) fn floats(&self, key: &str) -> Result<Vec<f32>, EngineError> {
        self.array(key, |value| match value {
            Value::F32(number) => Some(*number),
            _ => None,
        })
    }

    fn array<T>(&self, key: &str, read: impl Fn(&'a Value) -> Option<T>) -> Result<Vec<T>, EngineError> {
        let Some(Value::Array(values)) = self.values.get(key) else {
            return Err(self.bad(format!("the array `{key}` is missing")));
        };
        values
            .iter()
            .map(read)
            .collect::<Option<Vec<T>>>()
            .ok_or_else(|| self.bad(format!("the array `{key}` holds values of another type")))
    }
}

/// The error for a model file that cannot be used.
pub(super) fn bad_model(file: &Path, detail: impl Into<String>) -> EngineError {
    EngineError::BadModel {
        file: file.display().to_string(),
        detail: detail.into(),
    }
}

fn integer(value: &Value) -> Option<u64> {
    match *value {
        Value::U8(n) => Some(u64::from(n)),
        Value::U16(n) => Some(u64::from(n)),
        Value::U32(n) => Some(u64::from(n)),
        Value::U64(n) => Some(n),
        Value::I8(n) => u64::try_from(n).ok(),
        Value::I16(n) => u64::try_from(n).ok(),
        Value::I32(n) => u64::try_from(n).ok(),
        Value::I64(n) => u64::try_from(n).ok(),
        _ => None,
    }
}
