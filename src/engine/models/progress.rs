//! Shows how a download goes: a bar on a terminal, plain lines elsewhere, or nothing.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{DecimalBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Told how a download goes. All methods may be called from the calling thread only.
pub trait FetchProgress {
    /// A file is being fetched from a source (in words); `total_bytes` when known.
    fn started(&self, file: &str, source: &str, total_bytes: Option<u64>);
    /// So many bytes of it are here, all in all.
    fn advanced(&self, bytes: u64);
    /// A source did not serve it; the next one is tried.
    fn source_failed(&self, source: &str, reason: &str);
    /// Something else worth a line: another process is waited for, a file on disk was not as it should be.
    fn notice(&self, message: &str);
    /// It is here and verified.
    fn finished(&self, file: &str);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct SilentProgress;

impl FetchProgress for SilentProgress {
    fn started(&self, _file: &str, _source: &str, _total_bytes: Option<u64>) {}
    fn advanced(&self, _bytes: u64) {}
    fn source_failed(&self, _source: &str, _reason: &str) {}
    fn notice(&self, _message: &str) {}
    fn finished(&self, _file: &str) {}
}

/// A bar when stderr is a terminal, else lines on stderr.
pub fn stderr_progress() -> Box<dyn FetchProgress + Send + Sync> {
    if io::stderr().is_terminal() {
        Box::new(BarProgress::new(ProgressDrawTarget::stderr()))
    } else {
        Box::new(LineProgress::new(io::stderr()))
    }
}

/// One bar, for one file after the other; what failed stays above it.
#[derive(Debug)]
pub struct BarProgress {
    bar: ProgressBar,
}

impl BarProgress {
    /// A bar that is drawn there.
    pub fn new(target: ProgressDrawTarget) -> Self {
        Self {
            bar: ProgressBar::with_draw_target(None, target),
        }
    }
}

impl FetchProgress for BarProgress {
    fn started(&self, file: &str, source: &str, total_bytes: Option<u64>) {
        let template = match total_bytes {
            Some(_) => "{msg}\n  [{bar:40}] {bytes}/{total_bytes}  {bytes_per_sec}  {eta}",
            None => "{spinner} {msg}\n  {bytes}  {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        match total_bytes {
            Some(bytes) => self.bar.set_length(bytes),
            None => self.bar.unset_length(),
        }
        self.bar.reset();
        self.bar.set_message(format!("{file} from {source}"));
        self.bar.enable_steady_tick(Duration::from_millis(200));
    }

    fn advanced(&self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    fn source_failed(&self, source: &str, reason: &str) {
        self.bar.println(format!("{source}: {reason}"));
        self.bar.finish_and_clear();
    }

    fn notice(&self, message: &str) {
        self.bar.println(message);
    }

    fn finished(&self, file: &str) {
        self.bar.println(format!("{file}: fetched and verified"));
        self.bar.finish_and_clear();
    }
}

/// Lines, for logs: start and end of each file, and each tenth, or each 10 MB where the size is not known.
#[derive(Debug)]
pub struct LineProgress<W> {
    // std Mutex: held for one line.
    state: Mutex<Lines<W>>,
}

#[derive(Debug)]
struct Lines<W> {
    out: W,
    file: String,
    total_bytes: Option<u64>,
    /// Whole steps (tenths, or 10 MB) that were already told.
    told_steps: u64,
}

/// A line each so many bytes, where the size is not known.
const STEP_BYTES: u64 = 10_000_000;

impl<W: Write> LineProgress<W> {
    /// Lines that go there. A line that cannot be written is dropped.
    pub fn new(out: W) -> Self {
        Self {
            state: Mutex::new(Lines {
                out,
                file: String::new(),
                total_bytes: None,
                told_steps: 0,
            }),
        }
    }

    fn with(&self, act: impl FnOnce(&mut Lines<W>) -> io::Result<()>) {
        let mut lines = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = act(&mut lines);
    }
}

impl<W: Write> FetchProgress for LineProgress<W> {
    fn started(&self, file: &str, source: &str, total_bytes: Option<u64>) {
        self.with(|lines| {
            file.clone_into(&mut lines.file);
            lines.total_bytes = total_bytes;
            lines.told_steps = 0;
            match total_bytes {
                Some(bytes) => writeln!(lines.out, "{file}: {} from {source}", DecimalBytes(bytes)),
                None => writeln!(lines.out, "{file}: from {source}"),
            }
        });
    }

    fn advanced(&self, bytes: u64) {
        self.with(|lines| {
            let steps = match lines.total_bytes {
                Some(total) => bytes.saturating_mul(10).checked_div(total).unwrap_or(0),
                None => bytes / STEP_BYTES,
            };
            if steps <= lines.told_steps {
                return Ok(());
            }
            lines.told_steps = steps;
            match lines.total_bytes {
                Some(_) => writeln!(lines.out, "{}: {} %", lines.file, steps * 10),
                None => writeln!(lines.out, "{}: {}", lines.file, DecimalBytes(bytes)),
            }
        });
    }

    fn source_failed(&self, source: &str, reason: &str) {
        self.with(|lines| writeln!(lines.out, "{source}: {reason}"));
    }

    fn notice(&self, message: &str) {
        self.with(|lines| writeln!(lines.out, "{message}"));
    }

    fn finished(&self, file: &str) {
        self.with(|lines| writeln!(lines.out, "{file}: fetched and verified"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_tell_each_tenth_once() {
        let progress = LineProgress::new(Vec::new());
        progress.started("model.gguf", "hub a/b", Some(1000));
        for bytes in [10, 100, 150, 199, 200, 1000] {
            progress.advanced(bytes);
        }
        progress.finished("model.gguf");
        let out = String::from_utf8(progress.state.into_inner().unwrap().out).unwrap();
        assert_eq!(
            out,
            "model.gguf: 1.00 kB from hub a/b\nmodel.gguf: 10 %\nmodel.gguf: 20 %\nmodel.gguf: 100 %\n\
             model.gguf: fetched and verified\n"
        );
    }
}
