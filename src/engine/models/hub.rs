//! A file from a model hub, by plain HTTPS: resumed when cut off, given up within seconds when nothing comes.
//!
//! Whether the bytes are the right ones is not judged here; `docs/adr/0002-fetching-models.md` says why this is not the hub's own
//! client.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use ureq::http::{Response, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Error};

use super::error::{SourceError, disk_error, write_error};
use super::manifest::{HubFile, ModelFile};
use super::progress::FetchProgress;

/// Where the hub is, unless `HF_ENDPOINT` says otherwise.
pub const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// How often one file is asked for again after it was cut off; each time must bring some bytes.
const MAX_ATTEMPTS: usize = 10;

/// Bytes read at a time.
const BUFFER_BYTES: usize = 1 << 16;

/// Where the hub is, and how long it may be silent.
#[derive(Clone)]
pub struct HubSettings {
    /// Scheme and host, with a path if need be.
    pub endpoint: String,
    /// Sent to the endpoint only, never to where it redirects.
    pub token: Option<String>,
    /// Longest look-up of the host name, and again longest connecting with TLS.
    pub connect_timeout: Duration,
    /// Longest wait from the request to the end of the answer's headers.
    pub response_timeout: Duration,
    /// Longest wait for the next bytes of the body.
    pub stall_timeout: Duration,
    /// Through which proxy; [`super::FetchSettings::from_env`] takes the one that the environment names.
    pub proxy: Option<ureq::Proxy>,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self {
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            token: None,
            connect_timeout: Duration::from_secs(3),
            response_timeout: Duration::from_secs(5),
            stall_timeout: Duration::from_secs(8),
            proxy: None,
        }
    }
}

impl HubSettings {
    /// The endpoint as it may be shown: without the user and password that some mirrors want in it.
    pub(super) fn endpoint_in_words(&self) -> String {
        let Some((scheme, rest)) = self.endpoint.split_once("://") else {
            return self.endpoint.clone();
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        format!("{scheme}://{host}{path}")
    }
}

impl fmt::Debug for HubSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Token and proxy hold secrets.
        f.debug_struct("HubSettings")
            .field("endpoint", &self.endpoint_in_words())
            .finish_non_exhaustive()
    }
}

/// How one request for a file ended.
enum Outcome {
    Complete,
    /// Some bytes came, or the half that was there is of no use: worth another request.
    Cut(String),
}

/// Downloads a file to `part`, going on where it ends.
///
/// # Errors
/// See [`SourceError`]. What came is left in `part` for the next time.
pub(super) fn download(
    hub: &HubSettings,
    at_hub: &HubFile,
    file: &ModelFile,
    part: &Path,
    progress: &dyn FetchProgress,
) -> Result<(), SourceError> {
    let url = format!(
        "{}/{}/resolve/{}/{}",
        hub.endpoint.trim_end_matches('/'),
        at_hub.repo,
        at_hub.revision,
        at_hub.file
    );
    let agent = agent(hub);
    let mut reason = String::new();
    for _ in 0..MAX_ATTEMPTS {
        let mut have_bytes = fs::metadata(part).map_or(0, |metadata| metadata.len());
        if have_bytes == file.bytes {
            return Ok(());
        }
        if have_bytes > file.bytes {
            fs::remove_file(part).map_err(|error| SourceError::Here(disk_error("delete", part)(error)))?;
            have_bytes = 0;
        }
        match request(&agent, hub, &url, file, part, have_bytes, progress)? {
            Outcome::Complete => return Ok(()),
            Outcome::Cut(why) => reason = why,
        }
    }
    Err(SourceError::Unavailable(format!(
        "cut off {MAX_ATTEMPTS} times, at last: {reason}"
    )))
}

fn agent(hub: &HubSettings) -> Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .proxy(hub.proxy.clone())
        .http_status_as_error(false)
        .user_agent(concat!("nutgraf/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(hub.connect_timeout))
        .timeout_connect(Some(hub.connect_timeout))
        .timeout_send_request(Some(hub.response_timeout))
        .timeout_recv_response(Some(hub.response_timeout))
        .timeout_per_read(Some(hub.stall_timeout))
        .build()
        .into()
}

/// Asks once for what is missing.
fn request(
    agent: &Agent,
    hub: &HubSettings,
    url: &str,
    file: &ModelFile,
    part: &Path,
    have_bytes: u64,
    progress: &dyn FetchProgress,
) -> Result<Outcome, SourceError> {
    let mut request = agent.get(url);
    if let Some(token) = &hub.token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    if have_bytes > 0 {
        request = request.header(header::RANGE, format!("bytes={have_bytes}-"));
    }
    let response = request.call().map_err(unreachable_because)?;
    let start_bytes = match response.status().as_u16() {
        206 if range_start(&response) == Some(have_bytes) => have_bytes,
        200 => 0,
        // The half that is there does not fit what the hub has.
        206 | 416 if have_bytes > 0 => {
            fs::remove_file(part).map_err(|error| SourceError::Here(disk_error("delete", part)(error)))?;
            return Ok(Outcome::Cut("it would not go on with half a download".to_owned()));
        }
        status => return Err(refused(status)),
    };
    if let Some(bytes) = response.body().content_length()
        && start_bytes + bytes != file.bytes
    {
        return Err(wrong_size(part, start_bytes + bytes, file.bytes));
    }
    receive(response, file, part, start_bytes, progress)
}

/// Writes the body to `part` from `start_bytes` on.
fn receive(
    response: Response<Body>,
    file: &ModelFile,
    part: &Path,
    start_bytes: u64,
    progress: &dyn FetchProgress,
) -> Result<Outcome, SourceError> {
    let here = |error| SourceError::Here(write_error(error, part, &file.name, file.bytes));
    let mut out = open_part(part, start_bytes).map_err(here)?;
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut have_bytes = start_bytes;
    progress.advanced(have_bytes);
    loop {
        let read = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) => return cut(error.to_string(), start_bytes, have_bytes),
        };
        have_bytes += read as u64;
        if have_bytes > file.bytes {
            return Err(wrong_size(part, have_bytes, file.bytes));
        }
        out.write_all(buffer.get(..read).unwrap_or_default())
            .map_err(here)?;
        progress.advanced(have_bytes);
    }
    if have_bytes < file.bytes {
        return cut("the connection was closed".to_owned(), start_bytes, have_bytes);
    }
    Ok(Outcome::Complete)
}

fn open_part(part: &Path, start_bytes: u64) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    if start_bytes > 0 {
        options.append(true).open(part)
    } else {
        options.create(true).write(true).truncate(true).open(part)
    }
}

/// A cut is worth another request only when this one brought something.
fn cut(reason: String, start_bytes: u64, have_bytes: u64) -> Result<Outcome, SourceError> {
    if have_bytes > start_bytes {
        Ok(Outcome::Cut(reason))
    } else {
        Err(SourceError::Unreachable(format!(
            "stopped after {have_bytes} bytes: {reason}"
        )))
    }
}

/// Where a partial answer starts: `Content-Range: bytes START-END/TOTAL` (RFC 9110, 14.4).
fn range_start(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}

fn refused(status: u16) -> SourceError {
    let advice = match status {
        401 | 403 => " (if the model needs a licence to be accepted, do so there and set HF_TOKEN)",
        429 => " (too many requests; try again later)",
        _ => "",
    };
    SourceError::Unavailable(format!("HTTP status {status}{advice}"))
}

/// It is another file, and what there is of it is of no use next time.
fn wrong_size(part: &Path, bytes: u64, expected_bytes: u64) -> SourceError {
    let _ = fs::remove_file(part);
    SourceError::WrongBytes(format!(
        "it has {bytes} bytes or more; the manifest says {expected_bytes}"
    ))
}

/// The reason why there was no answer at all, in words. By value, as `map_err` hands it over.
fn unreachable_because(error: Error) -> SourceError {
    let reason = match error {
        Error::HostNotFound => "its host name is not found".to_owned(),
        Error::Timeout(phase) => format!("no answer in time ({phase})"),
        error => error.to_string(),
    };
    SourceError::Unreachable(reason)
}
