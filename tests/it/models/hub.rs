//! A model hub on a free port of this machine. Each request is answered as the test says, byte by byte if need be,
//! and remembered.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Listens until it is dropped.
pub struct Hub {
    endpoint: String,
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    answer: Box<dyn Fn(&Request) -> Answer + Send + Sync>,
    requests: Mutex<Vec<Request>>,
    /// Connections that are kept open without a word.
    held: Mutex<Vec<TcpStream>>,
    stopped: AtomicBool,
}

/// What was asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The path with its query.
    pub path: String,
    headers: Vec<(String, String)>,
}

/// What is answered.
pub struct Answer {
    /// Status line and headers; empty: nothing is sent at all.
    head: String,
    body: Vec<u8>,
    /// What happens once head and body are sent.
    then: Then,
}

enum Then {
    Close,
    Hold,
}

impl Hub {
    /// A hub that answers each request so.
    pub fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answer: Box::new(answer),
            requests: Mutex::default(),
            held: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let accepting = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self {
            endpoint: format!("http://{address}"),
            address,
            shared,
            accepting: Some(accepting),
        }
    }

    /// A hub that has this file, whatever it is called.
    pub fn serving(content: &[u8]) -> Self {
        let content = content.to_vec();
        Self::start(move |request| Answer::rest(&content, request))
    }

    /// A hub that has nothing.
    pub fn empty() -> Self {
        Self::start(|_| Answer::status("404 Not Found"))
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What was asked so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The `Range` of each request so far.
    pub fn ranges(&self) -> Vec<Option<String>> {
        let range = |request: &Request| request.header("range").map(str::to_owned);
        self.requests().iter().map(range).collect()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for the next connection.
        let _ = TcpStream::connect(self.address);
        let _ = self.accepting.take().unwrap().join();
    }
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Where `Range: bytes=START-` starts.
    fn range_start(&self) -> Option<usize> {
        self.header("range")?
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse()
            .ok()
    }
}

impl Answer {
    /// The whole file.
    pub fn whole(content: &[u8]) -> Self {
        Self::sized("200 OK", content)
    }

    /// What the request asks for of the file: all of it, or from a place on.
    pub fn rest(content: &[u8], request: &Request) -> Self {
        let Some(start) = request.range_start() else {
            return Self::whole(content);
        };
        if start >= content.len() {
            return Self::status("416 Range Not Satisfiable");
        }
        Self::from(content, start)
    }

    /// The file from a place on.
    pub fn from(content: &[u8], start: usize) -> Self {
        let range = format!("bytes {start}-{}/{}", content.len() - 1, content.len());
        Self::sized("206 Partial Content", &content[start..]).with_header("Content-Range", &range)
    }

    /// The file without saying how long it is.
    pub fn unsized_file(content: &[u8]) -> Self {
        Self {
            head: "HTTP/1.1 200 OK\r\nConnection: close\r\n".to_owned(),
            body: content.to_vec(),
            then: Then::Close,
        }
    }

    /// No content but a status.
    pub fn status(status: &str) -> Self {
        Self::sized(status, &[])
    }

    /// A redirect to another address.
    pub fn redirect(location: &str) -> Self {
        Self::status("302 Found").with_header("Location", location)
    }

    /// Nothing, ever.
    pub fn silence() -> Self {
        Self {
            head: String::new(),
            body: Vec::new(),
            then: Then::Hold,
        }
    }

    /// Closes the connection after so many bytes of the body.
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.body.truncate(bytes);
        self
    }

    /// Falls silent after so many bytes of the body.
    pub fn silent_after(mut self, bytes: usize) -> Self {
        self.body.truncate(bytes);
        self.then = Then::Hold;
        self
    }

    /// With a different announced length.
    pub fn announcing(mut self, bytes: u64) -> Self {
        let announced = format!("Content-Length: {}\r\n", self.body.len());
        self.head = self
            .head
            .replace(&announced, &format!("Content-Length: {bytes}\r\n"));
        self
    }

    fn with_header(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    fn sized(status: &str, body: &[u8]) -> Self {
        let length = body.len();
        Self {
            head: format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n"),
            body: body.to_vec(),
            then: Then::Close,
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let shared = Arc::clone(shared);
        std::thread::spawn(move || serve(stream.unwrap(), &shared));
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    let Some(request) = read_request(&stream) else {
        return;
    };
    shared.requests.lock().unwrap().push(request.clone());
    let answer = (shared.answer)(&request);
    if !answer.head.is_empty() {
        // A client that has heard enough may be gone.
        let _ = stream.write_all(format!("{}\r\n", answer.head).as_bytes());
        let _ = stream.write_all(&answer.body);
    }
    if matches!(answer.then, Then::Hold) {
        shared.held.lock().unwrap().push(stream);
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        headers.push((name.to_owned(), value.to_owned()));
    }
    Some(Request { path, headers })
}
