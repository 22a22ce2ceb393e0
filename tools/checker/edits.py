"""Edits that make a true sentence untrue, by rule. Each returns the edited text and where it is wrong, as ranges of
characters, or None for "somewhere"; or nothing where it does not apply."""

import re

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve dozen dozens hundreds thousands hundred thousand "
    "million billion"
).split()
FUNCTION_WORDS = set(
    "a an the of to in on at by for with from and or but as is are was were be been being has have had do does did will "
    "would can could may might should must that this these those it its he she they his her their them him who which what "
    "when where while than then there after before over under about into out up down not no nor so if because also more "
    "most other some such only own same too very just said says say new according".split()
)
OPPOSITES = """
increase/decrease increased/decreased increases/decreases rose/fell rise/fall rises/falls rising/falling more/fewer
higher/lower before/after won/lost win/lose wins/loses winning/losing
support/oppose supported/opposed supports/opposes supporting/opposing approved/rejected approve/reject accepted/refused
allow/ban allowed/banned against/for first/last best/worst men/women man/woman north/south northern/southern east/west
eastern/western opened/closed open/close
began/ended start/end started/ended arrived/left strong/weak old/new large/small Democratic/Republican
Democrats/Republicans Democrat/Republican House/Senate confirmed/denied confirm/deny praised/criticized praise/criticize
raised/lowered raise/lower up/down over/under all/some many/few
husband/wife son/daughter father/mother brother/sister boy/girl his/her he/she early/late day/week week/month month/year
hours/days minutes/hours years/months weeks/days million/billion thousands/hundreds
legal/illegal guilty/innocent alive/dead killed/injured killing/injuring survived/died defeated/beat most/least
first/second second/third former/current always/never likely/unlikely able/unable agreed/refused agree/refuse bought/sold
buy/sell gave/took
public/private local/national federal/state national/international foreign/domestic military/civilian success/failure
victory/defeat ahead/behind inside/outside near/far home/away morning/evening yesterday/today positive/negative
safe/dangerous good/bad
president/prime-minister senator/governor lawmakers/prosecutors police/prosecutors officials/residents teachers/students
court/government judge/lawyer doctors/patients company/union
increasing/decreasing gain/loss gains/losses profit/loss cut/raise cuts/raises cutting/raising ban/permit banned/permitted
blocked/approved block/approve halted/continued halt/continue ended/began remove/add removed/added left/joined leave/join
lifted/imposed lift/impose
at-least/at-most more-than/less-than part/all half/all several/all possible/certain may/will could/will might/will
plans-to/refuses-to expected-to/unlikely-to
"""
NEGATIONS = [
    (" cannot ", " can "), (" will not ", " will "), (" did not ", " did "), (" does not ", " does "),
    (" do not ", " do "), (" not ", " "), (" never ", " always "), (" no ", " a "), (" without ", " with "),
    ("won't ", "will "), ("can't ", "can "), ("n't ", " "), ("n’t ", " "),
]  # fmt: skip
AUXILIARIES = "will would can could should must is are was were has have had may might".split()
SUFFIXES = ("ing", "ed", "ly", "tion", "ment", "ers", "er", "es", "s", "al", "y")

NAME = re.compile(r"(?:[A-Z][\w’'.&-]*|of(?= [A-Z]))(?: (?:[A-Z][\w’'.&-]*|of(?= [A-Z])))*")
NUMBER = re.compile(r"\d[\d,.]*\d|\d")
PLAIN_WORD = re.compile(r"\b[a-z]{4,}\b")
PREPOSITION = re.compile(r" (in|on|at|by|for|with|from|to|after|over|that|of|because|as|into|against) ")
PHRASE = re.compile(
    r"\b((?:in|on|at|after|before|during|over|for|from|with|near|because of|despite|following) "
    r"(?:[\w’'$-]+ ?){2,7})(?=[,.])"
)
SUBJECT = re.compile(r"(.{5,60}?) (said|says|was|were|is|are|has|have|will|had|would) ")


def opposites():
    """Of each word those that say another thing."""
    found = {}
    for pair in OPPOSITES.split():
        one, other = (word.replace("-", " ") for word in pair.split("/"))
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return found


OPPOSITE = opposites()


def names(text):
    """Ranges of what looks like a name."""
    found = []
    for match in NAME.finditer(text):
        name = re.sub(r"[’']s$", "", match.group().rstrip(".,'’"))
        if not name or name.lower() in FUNCTION_WORDS or name in DAYS or name in MONTHS or name == "I":
            continue
        start = match.start()
        first = name.split(" ")[0]
        if first.lower() in FUNCTION_WORDS:
            start += len(first) + 1
            name = name[len(first) + 1 :]
            if not name:
                continue
        elif (
            start == 0 and " " not in name and not name.isupper() and name.lower().endswith(("ing", "ly", "ed"))
        ):
            continue
        found.append((start, start + len(name)))
    return found


def replaced(text, start, end, new):
    return text[:start] + new + text[end:], [(start, start + len(new))]


def swap_name(text, premise, random, pool):
    """One name stands for another, of the premise where it has one."""
    spans = names(text)
    if not spans:
        return None
    start, end = random.choice(spans)
    old = text[start:end]
    others = [premise[a:b] for a, b in names(premise)]
    others = [o for o in others if not any(word in text for word in o.split(" ")) and old not in o]
    if not others or random.random() < 0.3:
        others = random.sample(pool.names, min(30, len(pool.names)))
        others = [o for o in others if o not in text and o not in premise]
    others = [o for o in others if o.count(" ") == old.count(" ")] or others
    return replaced(text, start, end, random.choice(others)) if others else None


def swap_part_of_name(text, premise, random, pool):
    """A first name or a surname becomes another."""
    spans = [(a, b) for a, b in names(text) if " " in text[a:b]]
    if not spans:
        return None
    start, end = random.choice(spans)
    parts = text[start:end].split(" ")
    at = random.randrange(len(parts))
    other = random.choice(pool.names).split(" ")
    new = other[min(at, len(other) - 1)]
    if new in parts:
        return None
    start += sum(len(part) + 1 for part in parts[:at])
    return replaced(text, start, start + len(parts[at]), new)


def change_number(text, premise, random, pool):
    """A number, a weekday or a month becomes another."""

    def is_word(match):
        return match.group().lower() in NUMBERS or match.group() in DAYS or match.group() in MONTHS

    found = list(NUMBER.finditer(text)) + [m for m in re.finditer(r"[A-Za-z]+", text) if is_word(m)]
    if not found:
        return None
    match = random.choice(found)
    old = match.group()
    if old in DAYS:
        new = random.choice([day for day in DAYS if day != old])
    elif old in MONTHS:
        new = random.choice([month for month in MONTHS if month != old])
    elif old.lower() in NUMBERS:
        at = NUMBERS.index(old.lower())
        new = NUMBERS[random.choice([i for i in (at - 2, at - 1, at + 1, at + 2) if 0 <= i < len(NUMBERS)])]
        if old[0].isupper():
            new = new.capitalize()
    else:
        others = [n for n in NUMBER.findall(premise) if n not in text and len(n) == len(old)]
        if others and random.random() < 0.5:
            new = random.choice(others)
        else:
            at = random.randrange(len(old))
            while not old[at].isdigit():
                at = random.randrange(len(old))
            digit = random.choice([d for d in "123456789" if d != old[at]])
            new = old[:at] + digit + old[at + 1 :]
    return replaced(text, match.start(), match.end(), new)


def negate(text, premise, random, pool):
    """A negation goes; where there is none, one comes."""
    for denied, affirmed in NEGATIONS:
        at = text.find(denied)
        if at >= 0:
            new = text[:at] + affirmed + text[at + len(denied) :]
            return new, [(max(0, at - 6), min(len(new), at + len(affirmed) + 6))]
    found = [m for m in re.finditer(r"[a-z]+", text) if m.group() in AUXILIARIES]
    if not found:
        return None
    end = random.choice(found).end()
    return text[:end] + " not" + text[end:], [(end + 1, end + 4)]


def exchange_roles(text, premise, random, pool):
    """Two names change places, unless they stand in a list."""
    spans = names(text)
    pairs = [
        (p, q)
        for i, p in enumerate(spans)
        for q in spans[i + 1 :]
        if text[p[0] : p[1]] not in text[q[0] : q[1]] and text[q[0] : q[1]] not in text[p[0] : p[1]]
    ]
    if not pairs:
        return None
    (a, b), (c, d) = random.choice(pairs)
    one, other = text[a:b], text[c:d]
    if re.fullmatch(r",? (and|or) |, ", text[b:c]):
        return None
    second = a + len(other) + (c - b)
    return text[:a] + other + text[b:c] + one + text[d:], [(a, a + len(other)), (second, second + len(one))]


def oppose(text, premise, random, pool):
    """A word becomes its opposite, or its like."""
    found = [
        (m.start(), m.end(), other)
        for word, others in OPPOSITE.items()
        for m in re.finditer(r"\b" + re.escape(word) + r"\b", text)
        for other in others
    ]
    if not found:
        return None
    start, end, other = random.choice(found)
    return replaced(text, start, end, other)


def suffix(word):
    return next((suffix for suffix in SUFFIXES if word.endswith(suffix)), "")


def swap_word(text, premise, random, pool):
    """A word becomes another with the same ending."""
    found = [m for m in PLAIN_WORD.finditer(text) if m.group() not in FUNCTION_WORDS]
    if not found:
        return None
    match = random.choice(found)
    old = match.group()
    others = []
    if random.random() < 0.5:
        words = [w for w in PLAIN_WORD.findall(premise) if w not in FUNCTION_WORDS]
        others = [w for w in words if suffix(w) == suffix(old) and w != old and w not in text]
    if not others:
        known = pool.words[suffix(old)]
        others = random.sample(known, min(20, len(known)))
        others = [w for w in others if w != old and w not in premise and w not in text]
    return replaced(text, match.start(), match.end(), random.choice(others)) if others else None


def insert_phrase(text, premise, random, pool):
    """A circumstance of another sentence comes in."""
    phrase = random.choice(pool.phrases)
    if any(word in premise for word in re.findall(r"[A-Za-z]{5,}", phrase)):
        return None
    places = [
        m.start()
        for m in re.finditer(r",|\.$| (?=and |but |while |after |because |who )", text)
        if m.start() > 15
    ]
    if not places:
        return None
    at = random.choice(places)
    return text[:at] + " " + phrase + text[at:], [(at + 1, at + 1 + len(phrase))]


def replace_tail(text, premise, random, pool):
    """The end of another sentence, behind the same preposition."""
    found = [m for m in PREPOSITION.finditer(text) if m.start() > 12 and len(text) - m.end() > 8]
    if not found:
        return None
    match = random.choice(found)
    tails = pool.tails.get(match.group(1))
    if not tails:
        return None
    tail = random.choice(tails)
    if tail[:20] in text:
        return None
    words = [w for w in re.findall(r"[A-Za-z]{4,}", tail) if w.lower() not in FUNCTION_WORDS]
    if not words or sum(word in premise for word in words) > len(words) / 3:
        return None
    return text[: match.end()] + tail, [(match.end(), match.end() + len(tail))]


def replace_subject(text, premise, random, pool):
    """The beginning of another sentence, up to the verb."""
    match = SUBJECT.match(text)
    if not match:
        return None
    new = random.choice(pool.subjects)
    if new in premise or any(word in premise for word in re.findall(r"[A-Za-z]{6,}", new)):
        return None
    return new + text[match.end(1) :], [(0, len(new))]


def drop_attribution(text, premise, random, pool):
    """A claim or a possibility becomes a fact."""
    for word in (" allegedly", " reportedly", " apparently", " could", " may", " might"):
        if word in text:
            at = text.find(word)
            instead = " will" if word in (" could", " may", " might") else ""
            return text[:at] + instead + text[at + len(word) :], None
    match = re.match(
        r"(.{4,60}?) (?:said|says|claimed|alleged|argued|warned) (?:that )?(?=\S+ \S+ \S+ \S+)", text
    )
    if match and '"' not in text and "“" not in text:
        new = text[match.end() :]
        return new[0].upper() + new[1:], None
    match = re.search(
        r", [^,]{4,60} (?:said|says)[^,]{0,20}\.$|, (?:according to) [^,]{3,60}\.$", text
    )
    if match and len(text[: match.start()].split()) > 4:
        return text[: match.start()] + ".", None
    return None


# How often each is tried first.
EDITS = [
    (swap_name, 3), (swap_part_of_name, 1), (change_number, 2.5), (negate, 1), (exchange_roles, 1), (oppose, 2),
    (swap_word, 2.5), (insert_phrase, 2), (replace_tail, 2.5), (replace_subject, 1), (drop_attribution, 0.7),
]  # fmt: skip


class Pool:
    """What other sentences are made of."""

    def __init__(self, texts):
        self.names = [text[a:b] for text in texts for a, b in names(text)]
        self.words, self.tails, self.phrases, self.subjects = {}, {}, [], []
        for text in texts:
            for word in PLAIN_WORD.findall(text):
                if word not in FUNCTION_WORDS:
                    self.words.setdefault(suffix(word), []).append(word)
            self.phrases += [match.group(1).strip() for match in PHRASE.finditer(text)]
            for match in PREPOSITION.finditer(text):
                tail = text[match.end() :]
                if 8 < len(tail) < 110:
                    self.tails.setdefault(match.group(1), []).append(tail)
            match = SUBJECT.match(text)
            if match:
                self.subjects.append(match.group(1))


def edited(text, premise, random, pool):
    """The text with one edit drawn by chance, and where it is wrong; None where none applies."""
    edits = EDITS[:]
    while edits:
        at = random.choices(range(len(edits)), [weight for _, weight in edits])[0]
        try:
            edit = edits.pop(at)[0](text, premise, random, pool)
        except KeyError:
            edit = None
        if edit and edit[0] != text:
            return edit
    return None
