#!/usr/bin/env python3
"""Opens a page of a running service in headless Chromium and checks what a reader would see.

    tests/browser/check.py URL FOLDER TEXT...

Unfolds what is folded, waits until every TEXT stands in what the page shows, for at most 20 seconds, and writes the
page's document (page.html) and a picture of it (page.png) into FOLDER. Exit codes: 0 every TEXT is there and no script
failed; 1 one is missing, or a script failed; 2 no browser, or it did not run.

It speaks the DevTools protocol over a pipe. Chromium's own `--dump-dom` does not do: without virtual time it prints
before the page has fetched anything, and virtual time stands still while an event stream is open.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

WAIT_SECONDS = 20
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Root has no sandbox, and containers have a small /dev/shm.
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--hide-scrollbars", "--window-size=1280,1600", "--remote-debugging-pipe")


class Browser:
    """A browser with one page: sends commands, and keeps what the page complains about in `errors`."""

    def __init__(self, program, profile):
        # The protocol's two pipes are file descriptors 3 (to the browser) and 4 (from it), messages end in NUL.
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()
        # The shell moves them there, whatever numbers they have here; 8 and 9 keep the two moves apart.
        moved = f'exec 8<&{to_browser} 9>&{from_browser} 3<&8 4>&9 8<&- 9>&-; exec "$0" "$@"'
        command = ["bash", "-c", moved, program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(command, pass_fds=(to_browser, from_browser),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.received, self.last_id, self.session, self.errors = b"", 0, None, []
        target = next(t for t in self.send("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method, **params):
        """Sends a command and returns its result."""
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") != self.last_id:
                self.note(answer)
            elif "error" in answer:
                raise OSError(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def receive(self):
        """The next message."""
        while b"\0" not in self.received:
            if not select.select([self.read_end], [], [], WAIT_SECONDS)[0]:
                raise OSError("the browser does not answer")
            part = os.read(self.read_end, 1 << 16)
            if not part:
                raise OSError("the browser has ended")
            self.received += part
        message, self.received = self.received.split(b"\0", 1)
        return json.loads(message)

    def note(self, event):
        """Keeps uncaught exceptions, refusals by the page's security policy and failed fetches."""
        params = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            # Browsers ask for an icon of their own accord.
            if not params["entry"].get("url", "").endswith("/favicon.ico"):
                self.errors.append(params["entry"]["text"])

    def evaluate(self, expression):
        """The value of a JavaScript expression in the page."""
        return self.send("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def close(self):
        """Ends the browser."""
        try:
            self.session = None
            self.send("Browser.close")
        except OSError:
            self.process.kill()
        self.process.wait()


def missing_texts(browser, texts):
    """The texts that the page does not show, once it shows all or the time is up."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        browser.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        shown = browser.evaluate("document.body ? document.body.innerText : ''") or ""
        missing = [text for text in texts if text not in shown]
        if not missing or time.monotonic() > deadline:
            return missing
        time.sleep(0.1)


def check(browser, url, folder, texts):
    """Opens the page, keeps what it became, and returns what is wrong with it."""
    failure = browser.send("Page.navigate", url=url).get("errorText")
    if failure:
        return [f"{url}: {failure}"]
    missing = missing_texts(browser, texts)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "page.html"), "w", encoding="utf-8") as file:
        file.write(browser.evaluate("document.documentElement.outerHTML") or "")
    with open(os.path.join(folder, "page.png"), "wb") as file:
        file.write(base64.b64decode(browser.send("Page.captureScreenshot")["data"]))
    return [f"not in the page: {text}" for text in missing] + [f"the page says: {text}" for text in browser.errors]


def main(arguments):
    if len(arguments) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    url, folder, *texts = arguments
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        print("no chromium found", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        try:
            browser = Browser(program, profile)
            try:
                wrong = check(browser, url, folder, texts)
            finally:
                browser.close()
        except OSError as error:
            print(f"{program}: {error}", file=sys.stderr)
            return 2
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
