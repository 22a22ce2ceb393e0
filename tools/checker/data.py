"""True sentences and what proves them: bullets of editors with their evidence, and sentences of roundups and headlines
with those sentences of the articles that have most of their words."""

import json
import math
import random
import re

import edits

ABBREVIATION = re.compile(
    r"\b(Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Gen|Lt|Col|Sgt|St|U\.S|D\.C|Jan|Feb|Aug|Sept|Oct|Nov|Dec|No|vs|[A-Z])\.$"
)
ENDING = re.compile(r"(?<=[.!?])(?=[\"”’)]*\s)|(?<=[.!?][\"”])\s")
NO_HEADLINE = re.compile(r"[?|:]|opinion|live|video|photos", re.IGNORECASE)
# Of an article, from its beginning.
MOST_SENTENCES = 25
# A sentence that has fewer of its words in its evidence says more than that.
LEAST_COVERED = 0.55


def sentences(text):
    found = []
    for paragraph in text.split("\n"):
        current = ""
        for part in ENDING.split(paragraph):
            current += part
            if ABBREVIATION.search(current.strip()):
                continue
            if len(current.split()) >= 4:
                found.append(current.strip())
                current = ""
        if len(current.split()) >= 4:
            found.append(current.strip())
    return found


def stems(text):
    return [word[:5] for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in edits.FUNCTION_WORDS]


def evidence(text, sources, most=3):
    """The sources that have most of the text's words which no better one has, rare words above all."""
    own = [set(stems(source)) for source in sources]
    counts = {}
    for words in own:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    missing, chosen = set(stems(text)), []

    def gain(at):
        return sum(math.log((len(own) + 1) / counts[word]) for word in own[at] & missing)

    while len(chosen) < most:
        best = max(range(len(own)), key=gain)
        if gain(best) <= 0:
            break
        missing -= own[best]
        chosen.append(best)
    return [sources[at] for at in sorted(chosen)]


def bullets(path):
    """(evidence, sentence, which of the evidence it rests on, True)"""
    for line in open(path, encoding="utf-8"):
        group = json.loads(line)
        if group["bullet"]:
            sources = [source["text"] for source in group["evidence"]]
            for sentence in sentences(group["bullet"]) or [group["bullet"]]:
                yield sources, sentence, group["uses"], True


def news(path):
    """The same, with False, of the stories of the split `train`: sentences of their roundups, headlines of their articles."""
    for line in open(path, encoding="utf-8"):
        story = json.loads(line)
        if story["split"] != "train":
            continue
        articles = [sentences(article["text"])[:MOST_SENTENCES] for article in story["articles"]]
        everything = [sentence for article in articles for sentence in article]
        roundup = [s for s in sentences(story["reference_summary"] or "") if 6 <= len(s.split()) <= 45]
        claims = [(sentence, everything) for sentence in roundup]
        for article, own in zip(story["articles"], articles):
            title = (article.get("title") or "").strip()
            if 6 <= len(title.split()) <= 25 and not NO_HEADLINE.search(title) and len(own) > 4:
                claims.append((title.rstrip(".") + ".", own))
        for text, sources in claims:
            proof = evidence(text, sources)
            if not proof:
                continue
            words = set(stems(text))
            if len(words & set(stems(" ".join(proof)))) / max(1, len(words)) >= LEAST_COVERED:
                yield proof, text, list(range(len(proof))), False


class Examples:
    """Draws (premise, hypothesis, 1 for a wrong one, ranges of characters that are wrong or None)."""

    HELD_OUT = 200

    def __init__(self, bullets_path, stories_path, seed):
        self.random = random.Random(seed)
        groups, stories = list(bullets(bullets_path)), list(news(stories_path))
        self.pool = edits.Pool([text for _, text, _, _ in groups + stories])
        self.held_out = groups[-self.HELD_OUT :]
        self.groups, self.stories = groups[: -self.HELD_OUT], stories
        self.sentences = [s for sources, _, _, _ in self.groups for s in sources if 8 < len(s.split()) < 40]

    def draw(self):
        random = self.random
        kind = random.random()
        source = self.groups if kind < 0.6 else self.stories if kind < 0.8 else self.groups + self.stories
        sources, text, uses, is_bullet = random.choice(source)
        sources = list(sources)
        if kind >= 0.8:
            # A sentence of the evidence itself.
            extracts = [s for s in sources if 8 <= len(s.split()) <= 40]
            text = random.choice(extracts) if extracts else text
        if is_bullet and len(sources) < 4 and random.random() < 0.2:
            sources.insert(random.randrange(len(sources) + 1), random.choice(self.sentences))
        premise = " ".join(sources)
        if random.random() < 0.5:
            return premise, text, 0, []
        if is_bullet and uses and len(uses) < len(sources) and random.random() < 0.06 and kind < 0.6:
            # What it rests on is taken away.
            return " ".join(s for at, s in enumerate(sources) if at not in uses), text, 1, None
        return self.edit(premise, text, random)

    def bullet(self, random):
        """A bullet, true or edited."""
        sources, text, _, _ = random.choice(self.groups)
        premise = " ".join(sources)
        if random.random() < 0.5:
            return premise, text, 0, []
        edit = edits.edited(text, premise, random, self.pool)
        return (premise, edit[0], 1, None) if edit else (premise, text, 0, [])

    def edit(self, premise, text, random):
        edit = edits.edited(text, premise, random, self.pool)
        if not edit:
            return premise, text, 0, []
        text, wrong = edit
        if wrong is not None and random.random() < 0.15:
            again = edits.edited(text, premise, random, self.pool)
            if again:
                text, wrong = again[0], None
        return premise, text, 1, wrong

    def of_held_out(self):
        """One of each bullet that is not learned from, by a seed of its own."""
        chance = random.Random(5)
        found = []
        for sources, text, _, _ in self.held_out:
            premise = " ".join(sources)
            if chance.random() < 0.5:
                found.append((premise, text, 0, []))
            else:
                found.append(self.edit(premise, text, chance))
        return found
