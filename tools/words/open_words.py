#!/usr/bin/env python3
"""Mines the list of neutral common words that a bullet may use though its evidence lacks them.

    python3 tools/words/open_words.py bullets_train.jsonl > src/summarize/grounding/open_words.v1.txt

Reads lines of {evidence: [{text}], bullet}. A word is taken when an editor used it in a bullet whose evidence has no
form of it, or when it is common: in the sentences or bullets of COMMON_FROM or more stories. Never taken: names and numbers (anything that has a capital within a sentence, or a digit), function words
(they have a list of their own), and words that carry a claim by themselves: crimes, deaths, accusations, denials,
degrees, judgements (EXCLUDED). Needs nothing but the standard library.
"""

import collections
import json
import pathlib
import re
import sys

# In fewer stories a word is a topic's.
COMMON_FROM = 3

HERE = pathlib.Path(__file__).resolve().parent
FUNCTION_WORDS = HERE.parent.parent / "src/summarize/grounding/function_words.v1.txt"

# By stem: whatever begins so is left out.
EXCLUDED_STEMS = """
abus accus admit aggress alleg arrest assail assault assassin attack backlash bann batter beat betray blam blast
bomb breach brib bully burn cheat claim coerc collaps collud condemn confess conspir convict corrupt crash crim
cruel danger dead deadl death deceiv decept defam defeat deni deny depriv despit destroy devastat died dies die dying
disast discriminat disgrac dishonest dismiss disprov doom embarrass error evil exploit extort extrem fail fals fatal fault
fear felon fired firing flaw forg fraud fury furious genocid guilt harass harm hat heroic histor horr hostag humiliat
ignor illeg illegit immoral impeach incit indict infect injur innocen insult intimidat invad jail kidnap kill launder
liar lie lied lying loot lynch manipulat massacr mislead murder negligen notorious obscen outrag overdos panic perjur
persecut pois prison propagand prosecut provok punish racis radical rape rap rebuk reckless refus reject resign retaliat
riot rob sabotag scandal scam sedit seiz sever sham shock shoot shot slain slam slander slaughter smear spy stab stag
steal stole strangl strik suicid suspect terror theft threat thief tortur tragi traitor treason tumult unarm unlaw
unprecedented vandal victim violat violen weapon worst wound wreck wrong
abandon absurd amaz awful bad best better biggest bizarre bold brave brillian brutal catastroph chao controvers crazy
crisis critical disturb dramatic excellent extraordinar famous fierce fiery good grave great greatest harsh heated heavy
heavily highest hug important incredible infamous inflammator intens key largest lowest major massive noble notable
overwhelm perfect plunge powerful remarkable renown sharp shaky significant skyrocket soar stark steep striking strong
stun success sudden surg swift tense top troubled tumbl ugly unfair unusual vast vicious vital weak widely worse
average billion bottom double doubled dozen fewest first fourth half hundred last majority million minority most none
percent quarter record second single thousand third triple twice zero
if fifth sixth seventh eighth ninth tenth four scores nowhere five fourteen ten thirteen thirty three twelve two trillion eleven seven six eight nine forty fifty twenty dozen
not no nor neither never nothing nobody without cannot unless unable unlikely likely possibl potential unclear unverified undecided unresolved unsolved
may might could would should shall will
bankrupt buried gunman kidneys coronavirus french iranian reverend premier deport acquit commut vaccin diagnos detain testimon confess angr
always almost entirely forever fully immediate merely nearly never only solely totally unanimous
america americ democrat republican conservat liberal socialis communis leftist progressiv muslim christian jew black white
male female gay lesbian transgender immigrant migrant alien mexican chinese russian
son daughter wife husband mother father brother sister lover mistress
president vice senator governor mayor judge justice chief director secretary attorney prosecutor general minister
""".split()


def words(text):
    """(word, whether it begins a sentence)"""
    begins = True
    for match in re.finditer(r"[A-Za-z]+(?:['’-][A-Za-z]+)*|\d[\d,.]*|[.!?:“\"]", text):
        token = match.group()
        if re.match(r"[A-Za-z]", token):
            yield token, begins
            begins = False
        elif token in ".!?:“\"":
            begins = True
        else:
            yield token, begins
            begins = False


def stem(word):
    for ending in ("ings", "ing", "edly", "ed", "ies", "es", "ly", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            return word
    return word


def is_excluded(word):
    return any(
        word == excluded or stem(word) == excluded or len(excluded) > 3 and word.startswith(excluded)
        for excluded in EXCLUDED_STEMS
    )


def main():
    functions = set(FUNCTION_WORDS.read_text(encoding="utf-8").split())
    counts = collections.Counter()
    stories = collections.defaultdict(set)
    for line in open(sys.argv[1], encoding="utf-8"):
        record = json.loads(line)
        if not record["bullet"]:
            continue
        evidence = " ".join(sentence["text"] for sentence in record["evidence"])
        story = record["id"].partition("#")[0]
        for word, begins in words(evidence + " " + record["bullet"]):
            if word.islower() and word.isalpha() and len(word) > 1:
                stories[word].add(story)
        known = set()
        for word, _ in words(evidence):
            for part in [word] + re.split(r"[-'’]", word):
                known.add(stem(part.lower()))
        quoted = re.sub(r"[“\"][^“”\"]*[”\"]", " ", record["bullet"])
        for word, begins in words(quoted):
            lower = re.sub(r"['’]s?$", "", word.lower())
            plain = word.islower() or begins
            if plain and lower.isalpha() and len(lower) > 1 and stem(lower) not in known and lower not in functions:
                counts[lower] += 1
    common = {word for word, found in stories.items() if len(found) >= COMMON_FROM}
    kept = sorted(word for word in common.union(counts) - functions if not is_excluded(word))
    print("\n".join(kept))


if __name__ == "__main__":
    main()
