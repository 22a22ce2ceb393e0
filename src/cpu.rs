//! Whether this machine's CPU can run this binary at all: the first thing that `main` asks.

/// What x86-64-v3 adds that this CPU or operating system lacks, by name; empty when all is there, when the binary
/// was built for less, and on other architectures.
///
/// The binary is built for `x86-64-v3` (see `.cargo/config.toml`), so the compiler may put AVX2 anywhere, and an
/// older CPU would end it with SIGILL somewhere. `is_x86_feature_detected!` cannot tell: in such a build the
/// feature is a compile-time fact, and the macro folds to `true`. So the CPU itself is asked (`CPUID`; Intel SDM
/// vol. 2A, AMD64 APM vol. 3 app. E). `main` must call this before anything else: the standard library's start-up
/// code is built for every x86-64, what follows is not.
pub fn missing_features() -> Vec<&'static str> {
    #[cfg(all(target_arch = "x86_64", target_feature = "avx2"))]
    return absent(&this_cpu());
    #[cfg(not(all(target_arch = "x86_64", target_feature = "avx2")))]
    Vec::new()
}

/// A feature's name, and whether it is there.
type Feature = (&'static str, bool);

fn absent(features: &[Feature]) -> Vec<&'static str> {
    let absent = features.iter().filter(|(_, there)| !there);
    absent.map(|(name, _)| *name).collect()
}

/// The features of x86-64-v3 (System V ABI for AMD64, section 3.1.1) beyond x86-64-v2.
#[cfg(target_arch = "x86_64")]
fn this_cpu() -> [Feature; 9] {
    let cpu = raw_cpuid::CpuId::new();
    let basic = cpu.get_feature_info();
    let extended = cpu.get_extended_feature_info();
    let amd = cpu.get_extended_processor_and_feature_identifiers();
    let basic_has = |has: fn(&raw_cpuid::FeatureInfo) -> bool| basic.as_ref().is_some_and(has);
    let extended_has = |has: fn(&raw_cpuid::ExtendedFeatures) -> bool| extended.as_ref().is_some_and(has);
    [
        // The operating system saves the wide registers when it switches threads.
        ("OSXSAVE", basic_has(raw_cpuid::FeatureInfo::has_oxsave)),
        ("AVX", basic_has(raw_cpuid::FeatureInfo::has_avx)),
        ("AVX2", extended_has(raw_cpuid::ExtendedFeatures::has_avx2)),
        ("BMI1", extended_has(raw_cpuid::ExtendedFeatures::has_bmi1)),
        ("BMI2", extended_has(raw_cpuid::ExtendedFeatures::has_bmi2)),
        ("F16C", basic_has(raw_cpuid::FeatureInfo::has_f16c)),
        ("FMA", basic_has(raw_cpuid::FeatureInfo::has_fma)),
        (
            "LZCNT",
            amd.as_ref()
                .is_some_and(raw_cpuid::ExtendedProcessorFeatureIdentifiers::has_lzcnt),
        ),
        ("MOVBE", basic_has(raw_cpuid::FeatureInfo::has_movbe)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_absent_is_named() {
        assert_eq!(
            absent(&[("AVX2", false), ("FMA", true), ("MOVBE", false)]),
            ["AVX2", "MOVBE"]
        );
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_cpu_that_runs_this_test_has_what_it_was_built_for() {
        assert_eq!(missing_features(), Vec::<&str>::new());
        // The raw question agrees with the kernel's, where that is printed.
        if let Ok(info) = std::fs::read_to_string("/proc/cpuinfo") {
            let flags = info
                .lines()
                .find(|line| line.starts_with("flags"))
                .unwrap_or_default();
            let kernel_has = |flag: &str| flags.split_whitespace().any(|word| word == flag);
            for (name, flag) in [
                ("AVX2", "avx2"),
                ("FMA", "fma"),
                ("LZCNT", "abm"),
                ("MOVBE", "movbe"),
                ("F16C", "f16c"),
            ] {
                let there = this_cpu()
                    .iter()
                    .any(|(cpu_name, there)| *cpu_name == name && *there);
                assert_eq!(there, kernel_has(flag), "{name}");
            }
        }
    }
}
