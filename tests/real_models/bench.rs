//! `nutgraf bench` on a tiny model; `bench engine` beside programs that print what llama.cpp's print.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::families::tiny;
use crate::support::models_dir;

/// Prints what `llama-bench -o json` prints, with a speed that flash attention doubles.
const BENCH: &str = r#"#!/bin/sh
case "$*" in
    *"-fa on"*) speed=200 ;;
    *) speed=100 ;;
esac
case "$*" in
    *"-p 512,1024,2048 -n 0"*)
        echo "[{\"n_prompt\": 512, \"n_depth\": 0, \"avg_ts\": $speed},"
        echo "{\"n_prompt\": 1024, \"n_depth\": 0, \"avg_ts\": $speed}]" ;;
    *"-p 0 -n 64 -d 0,1024"*) echo "[{\"n_prompt\": 0, \"n_depth\": 1024, \"avg_ts\": 50}]" ;;
esac
"#;
const BATCHED: &str = r#"#!/bin/sh
echo "loading"
echo '{"pp": 1, "tg": 64, "pl": 8, "speed_tg": 80.0}'
"#;
const QUANTIZE: &str = "#!/bin/sh\ncp \"$2\" \"$3\"\n";

fn bench(folder: &Path, path: &str, args: &[&str]) -> Output {
    let model = folder.join("tiny.gguf");
    tiny("llama", 4096).write(&model);
    Command::new(env!("CARGO_BIN_EXE_nutgraf"))
        .arg("bench")
        .args(args)
        .args(["--rounds", "1", "--model"])
        .arg(&model)
        .args(["--data-dir".as_ref(), folder.as_os_str()])
        .args(["--models-dir".as_ref(), models_dir().as_os_str()])
        .current_dir(folder)
        .env("PATH", path)
        .output()
        .unwrap()
}

/// A folder that has the programs.
#[cfg(unix)]
fn programs() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("llama-bench", BENCH),
        ("llama-batched-bench", BATCHED),
        ("llama-quantize", QUANTIZE),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

#[cfg(unix)]
#[test]
fn every_figure_is_measured_and_stands_beside_the_faster_way_of_the_peer() {
    let (folder, programs) = (tempfile::tempdir().unwrap(), programs());
    let path = format!("{}:{}", programs.path().display(), std::env::var("PATH").unwrap());
    let ran = bench(folder.path(), &path, &["engine", "--peer", "llama-cpp", "--json"]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let figures = report["figures"].as_array().unwrap();
    assert_eq!(figures.len(), 3 + 8 + 2 + 2);
    for figure in figures {
        let ours = figure["ours"].as_array().unwrap();
        assert!(ours.len() == 1 && ours[0].as_f64().unwrap() > 0.0, "{figure}");
    }
    let peers = |name: &str| {
        let figure = figures.iter().find(|figure| figure["name"] == name).unwrap();
        figure["peers"].clone()
    };
    assert_eq!(
        peers("prefill 512"),
        serde_json::json!([
            ["llama.cpp", [200.0]],
            ["llama.cpp, Q4_0", [200.0]],
            ["llama.cpp, Q8_0", [200.0]]
        ])
    );
    assert_eq!(
        peers("decode after 1024"),
        serde_json::json!([["llama.cpp", [50.0]]])
    );
    assert_eq!(
        peers("decode, 8 texts together after 0"),
        serde_json::json!([["llama.cpp", [80.0]]])
    );
    assert_eq!(peers("embeddings"), serde_json::json!([]));
}

#[test]
fn a_peer_that_is_not_there_is_named_with_the_way_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let stories = stories();
    for (args, program) in [
        (vec!["engine", "--peer", "llama-cpp"], "llama-bench"),
        (vec!["job", &stories, "--peer", "llama-cpp"], "llama-server"),
    ] {
        let ran = bench(folder.path(), "/nowhere", &args);
        let complaint = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(2), "{complaint}");
        assert!(
            complaint.contains(&format!("`{program}` cannot be run"))
                && complaint.contains("tools/peer/llama_cpp.sh"),
            "{complaint}"
        );
    }
}

/// The stories that ship with the program.
fn stories() -> String {
    format!("{}/samples/stories.jsonl", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn whole_stories_and_one_of_all_articles_are_measured_and_where_their_time_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = std::env::var("PATH").unwrap();
    let stories = stories();
    let args = [
        "job",
        &stories,
        "--limit",
        "2",
        "--large",
        "6",
        "--profile",
        "--json",
    ];
    let ran = bench(folder.path(), &path, &args);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(report["figures"][0]["unit"], "stories/min");
    assert!(report["figures"][0]["ours"][0].as_f64().unwrap() > 0.0);
    assert_eq!(report["made"]["stories"], 2);
    assert!(report["made"]["statements"].as_u64().unwrap() >= 6);
    let large = &report["large"];
    assert_eq!(
        (
            &large["articles"],
            large["one_more_seconds"].as_array().unwrap().len()
        ),
        (&6.into(), 1)
    );
    let profiles = report["profiles"].as_array().unwrap();
    assert_eq!(profiles.len(), 2);
    for profile in profiles {
        let has = |name: &str| profile[1].as_array().unwrap().iter().any(|one| one[0] == name);
        for name in [
            "embedding",
            "kernel: products",
            "finding points",
            "writing tokens",
        ] {
            assert!(has(name), "`{name}` is not in {profile}");
        }
    }
    // Nothing is left behind.
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["tiny.gguf"]);
}
