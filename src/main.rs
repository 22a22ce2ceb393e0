//! The `nutgraf` program: checks the CPU, then hands over to the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    let missing = nutgraf::cpu::missing_features();
    if !missing.is_empty() {
        eprintln!(
            "nutgraf: this build needs a CPU with {}; rebuild it for this machine with\n  \
             RUSTFLAGS=\"-C target-cpu=native\" cargo build --release",
            missing.join(", ")
        );
        return ExitCode::from(2);
    }
    nutgraf::cli::main()
}
