"""Reads summaries: the lines of `nutgraf summarize --json`, or of the rows that `nutgraf eval summaries --out` keeps."""

import json


def read(lines):
    for line in filter(str.strip, lines):
        summary = json.loads(line)
        summary = summary.get("summary", summary)
        if "bullets" not in summary:
            raise SystemExit("a line has no bullets: only nutgraf's own rows keep their evidence")
        yield summary


def statements(summary):
    """Lede and bullets, in reading order."""
    return ([summary["lede"]] if summary.get("lede") else []) + summary["bullets"]


def lens_bullets(summary):
    """The bullets of the lenses."""
    lenses = summary.get("lenses") or {}
    return [bullet for side in ("left", "center", "right") for bullet in (lenses.get(side) or {}).get("bullets", [])]
