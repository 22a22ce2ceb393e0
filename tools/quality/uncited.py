#!/usr/bin/env python3
"""Lists each name and number of a served bullet that is in no passage it cites.

Reads the lines of `nutgraf summarize --json`, or of `nutgraf.jsonl` that `nutgraf eval summaries --out` keeps (a file, or
standard input); lenses are looked at too. Shares no code with the program's checks.
A name is a run of capitalised tokens; a token that opens a sentence counts only inside a run. Each token is looked up
by itself in the cited quotes. Spans that the program added and dates it resolved are excepted. Exit code 1: some found.
"""

import re
import sys

import summaries

# What opens a sentence before a name without being part of it.
OPENERS = set("a after an and as at before both but by during for from if in it its of on she he then the they to when while with".split())
TOKEN = re.compile(r"[^\W_]+(?:[.,'’:][^\W_]+)*")


def normal(token):
    token = token.replace("’", "'").replace(",", "").lower()
    return token[:-2] if token.endswith("'s") else token


def without_added(bullet):
    text = list(bullet["text"])
    for span in bullet.get("added", []):
        text[span["start"]:span["end"]] = " " * (span["end"] - span["start"])
    return "".join(text)


def claims(text):
    """The capitalised tokens and the tokens with a digit."""
    opens = True
    before = 0
    tokens = list(TOKEN.finditer(text))
    for at, match in enumerate(tokens):
        token = match.group()
        opens = at == 0 or re.search(r"[.!?]", text[before:match.start()]) is not None
        before = match.end()
        follows = tokens[at + 1] if at + 1 < len(tokens) else None
        in_run = token.lower() not in OPENERS and follows and follows.group()[0].isupper() and text[match.end():follows.start()] == " "
        if any(c.isdigit() for c in token) or token[0].isupper() and (not opens or in_run):
            yield token


def uncited(bullet):
    known = set()
    for citation in bullet["citations"]:
        passages = [citation["quote"]]
        if citation.get("resolved"):
            date = citation["resolved"]["date"]
            year, month, day = map(int, date.split("-"))
            months = ("January February March April May June July August September October November December").split()
            passages.append(f"{date} {months[month - 1]} {months[month - 1][:3]} {day} {year}")
        for passage in passages:
            known.update(normal(token) for token in TOKEN.findall(passage))
    return [token for token in claims(without_added(bullet)) if normal(token) not in known]


def main():
    lines = open(sys.argv[1], encoding="utf-8") if len(sys.argv) > 1 else sys.stdin
    bullets = found = 0
    for summary in summaries.read(lines):
        for bullet in summaries.statements(summary) + summaries.lens_bullets(summary):
            bullets += 1
            for token in uncited(bullet):
                found += 1
                print(f"{summary['story_id']}: `{token}` in: {bullet['text']}")
    print(f"{bullets} bullets, {found} uncited names or numbers", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
