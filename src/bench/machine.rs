//! What the figures were measured on: the processor, what it can do, and how fast it is right now.

use std::hint::black_box;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::Serialize;

/// A machine.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// As the operating system names it.
    pub processor: Option<String>,
    /// How many threads run at once.
    pub cores: usize,
    /// Of the instruction sets that matter to the kernels, those that there are.
    pub features: Vec<&'static str>,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        Self {
            processor: processor(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            features: features(),
        }
    }
}

/// What the figures were measured on, and the most memory that it took: the first words of a report.
pub fn in_words(machine: &Machine, model: &str, peak_memory_bytes: Option<u64>) -> String {
    let memory = peak_memory_bytes
        .map(|bytes| format!(", {:.2} GB of memory at most", bytes as f64 / 1e9))
        .unwrap_or_default();
    format!(
        "{}, {} cores, {}; {model}{memory}",
        machine.processor.as_deref().unwrap_or("an unknown processor"),
        machine.cores,
        machine.features.join(" "),
    )
}

fn processor() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    let cpu = raw_cpuid::CpuId::new();
    let Some(extended) = cpu.get_extended_feature_info() else {
        return Vec::new();
    };
    let all = [
        ("AVX2", extended.has_avx2()),
        ("AVX-512F", extended.has_avx512f()),
        ("AVX512-VNNI", extended.has_avx512vnni()),
    ];
    all.into_iter()
        .filter(|(_, there)| *there)
        .map(|(name, _)| name)
        .collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<&'static str> {
    Vec::new()
}

/// How fast one core multiplies and adds 32-bit floats in registers, in 10⁹ operations a second: a loop that no change of
/// the program makes faster, so that a slow moment of the machine shows.
pub fn calibrate() -> f64 {
    const TIME: Duration = Duration::from_millis(60);
    const STEPS: usize = 10_000;
    // Twelve sums of eight: enough to hide how long one addition takes.
    let mut sums = [[1.0f32; 8]; 12];
    let (factor, addend) = (black_box(0.999_9f32), black_box(1e-4f32));
    let started = Instant::now();
    let mut steps = 0;
    while started.elapsed() < TIME {
        for _ in 0..STEPS {
            for sum in sums.as_flattened_mut() {
                *sum = sum.mul_add(factor, addend);
            }
        }
        steps += STEPS;
    }
    let seconds = started.elapsed().as_secs_f64();
    black_box(sums);
    (steps * sums.as_flattened().len() * 2) as f64 / seconds / 1e9
}

/// Another process that keeps a core busy until this is dropped.
pub(super) struct Neighbour(Child);

impl Neighbour {
    pub(super) fn start() -> anyhow::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do :; done"]);
        Ok(Self(command.spawn().context("`sh` cannot be run")?))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _collected = self.0.wait();
    }
}

/// The most memory that this process has had, in bytes, where the operating system tells.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}
