//! What is cut from sentences, and what never is.

use super::*;

/// What is made of a sentence when a run of so many words may be copied.
fn made(sentence: &str) -> Vec<String> {
    wordings(sentence, 20)
}

#[track_caller]
fn makes(sentence: &str, wording: &str) {
    let all = made(sentence);
    assert!(all.contains(&wording.to_owned()), "{all:#?}");
}

/// No wording of a sentence has the words beside it.
#[track_caller]
fn never_makes(cases: &[(&str, &str)]) {
    for (sentence, wrong) in cases {
        for wording in made(sentence) {
            assert!(!wording.contains(wrong), "{wording}");
        }
    }
}

#[test]
fn what_is_beside_the_point_goes() {
    makes(
        "The council, which met for six hours on Monday, voted to close the old bridge to all cars.",
        "The council voted to close the old bridge to all cars.",
    );
    makes(
        "After a long debate, the council voted to close the old bridge to cars, calling it a risk to its users.",
        "The council voted to close the old bridge to cars.",
    );
    makes(
        "Ann Example (D-Alder) narrowly won the race for mayor of the small town on the river, and her rival congratulated her.",
        "Ann Example won the race for mayor of the small town on the river.",
    );
}

#[test]
fn what_is_left_is_a_whole_sentence() {
    never_makes(&[
        (
            "As the mayor repeated her support for the embattled chief engineer, senior council members, including its \
             speaker Ann Example, also pushed back against recent calls for his departure.",
            "members.",
        ),
        (
            "\"At the end of the day,\" a tired senior council official said, wrapping up three days of talks with the \
             state over the repair of the old bridge, \"the things that most mattered, I believe we got.\"",
            "said.",
        ),
        (
            "The council and the mayor spoke several times in the past few weeks – as the city mulled the future of \
             its old bridge – a source close to the council told the paper.",
            "weeks a source",
        ),
        (
            "The mayor then repeated what she said under oath in the old town hall in August — that she acted on the \
             orders of the council.",
            "August.",
        ),
    ]);
}

#[test]
fn plainer_words_and_shorter_names_stand_for_others() {
    makes(
        "After a long debate, President Ann Example slammed the council on Monday for its plan to close the old bridge.",
        "President Example criticized the council for its plan to close the old bridge.",
    );
    makes(
        "The council, which met for six hours, spent approximately $12 million on the repair of the old bridge.",
        "The council spent about $12 million on the repair of the old bridge.",
    );
}

#[test]
fn speakers_move() {
    makes(
        "The city council said on Monday that the old bridge was unsafe for all cars.",
        "The old bridge was unsafe for all cars, the city council said on Monday.",
    );
    makes(
        "The old bridge has been unsafe for cars since May, state engineers said.",
        "State engineers said the old bridge has been unsafe for cars since May.",
    );
    makes(
        "Sixteen workers were rescued after the old bridge fell in May, state engineers said.",
        "State engineers said sixteen workers were rescued after the old bridge fell in May.",
    );
}

#[test]
fn sources_move() {
    makes(
        "According to the city council, the old bridge was closed to all cars in May.",
        "The old bridge was closed to all cars in May, according to the city council.",
    );
    makes(
        "The old bridge was closed to all cars in May, according to records of the U.S.",
        "According to records of the U.S., the old bridge was closed to all cars in May.",
    );
    makes(
        "The city council announced on Monday that the old bridge would be closed to all cars.",
        "The old bridge would be closed to all cars, the city council announced on Monday.",
    );
}

#[test]
fn the_second_of_two_deeds_goes() {
    makes(
        "The city council voted to close the old bridge to all cars and ordered an inquiry into its state.",
        "The city council voted to close the old bridge to all cars.",
    );
    for (sentence, wrong) in [
        // One object for both.
        (
            "The committee of the small city council reviewed and approved the plan for a new bridge over the river.",
            "reviewed.",
        ),
        // The verb of the sentence stands behind.
        (
            "The bridge over the river built by the state in May and designed by a local firm was closed to all cars.",
            "in May.",
        ),
        (
            "The city council failed to close the old bridge to all cars and ordered no inquiry into its state.",
            "to all cars.",
        ),
    ] {
        for wording in made(sentence) {
            assert!(!wording.ends_with(wrong), "{wording}");
        }
    }
}

#[test]
fn a_subject_is_no_lead_and_a_time_keeps_its_adverb() {
    never_makes(&[
        (
            "Earlier protests on the bridge in Norrvik, Elm and Oak on Wednesday and Thursday went off peacefully.",
            "Elm and Oak on Wednesday and Thursday went off peacefully",
        ),
        (
            "The mayor of the city, who until recently wanted to close the old bridge to all cars, has called for a vote of the council.",
            "until wanted",
        ),
    ]);
    for lead in [
        "Earlier this week at the new town hall",
        "Earlier Thursday at the town hall",
    ] {
        makes(
            &format!("{lead}, the city council voted to close the old bridge to all cars."),
            "The city council voted to close the old bridge to all cars.",
        );
    }
}

#[test]
fn half_of_a_comparison_is_not_told() {
    never_makes(&[
        (
            "A poll of the local paper showed the mayor of the city ahead by ten points, while a poll of the state showed \
             her behind by five.",
            "ten points.",
        ),
        (
            "The minister of trade said on Monday that the talks went well, while Beijing said that nothing came of them.",
            "went well.",
        ),
    ]);
    makes(
        "The mayor of the city promised on Monday to build a new bridge, while speaking to workers at the docks.",
        "The mayor of the city promised on Monday to build a new bridge.",
    );
}

#[test]
fn half_an_aside_stays() {
    never_makes(&[
        (
            "On Monday, the mayor called the fall of the old bridge — which broke in two after a barge hit one of its \
             pillars — a warning to the state.",
            "barge.",
        ),
        (
            "The council has filed a case against the builder of the bridge -- but the court of the state threw it out.",
            "bridge.",
        ),
        (
            "With a stroke of the pen the mayor has put at risk the one deal - good or bad -that keeps the bridge open.",
            "deal.",
        ),
        (
            "As the mayor announced that she would at last close the old bridge — the pride of the town — Alder's old \
             engineers wept.",
            "bridge Alder's",
        ),
        (
            "The council is eager for pupils to head back over the bridge to allow parents, struggling with the way round, \
             to return to work.",
            "parents.",
        ),
        (
            "The mayor told the council of the state of the old bridge, which was never repaired: \"We will see.\"",
            "bridge.",
        ),
        (
            "The old town opens Alder Bridge, its oldest and longest bridge of stone, closed in part to keep cars away.",
            "Bridge closed",
        ),
        (
            "The mayor named council member Ann Example of Alder; Rep. Ben Example of Elm Town; and Clara Example of Oak Town.",
            "Alder.",
        ),
        (
            "The release of the plan is seen through another lens -- as an attempt by the mayor -- whose own case goes \
             on -- to help the council in May.",
            "lens whose",
        ),
        (
            "In addition, the streets offered to the council consist of poor, crowded houses behind a wall of concrete.",
            "addition crowded",
        ),
    ]);
}

#[test]
fn a_word_that_wants_its_reason_keeps_it() {
    for wording in made(
        "The levies of the small town on the river are rising largely because the old bridge must be rebuilt.",
    ) {
        assert!(!wording.ends_with("largely."), "{wording}");
    }
}

#[test]
fn who_came_with_others_did_not_come_alone() {
    for wording in made(
        "In the old town hall, the mayor was joined by the four engineers of the state, as well as two of the builders.",
    ) {
        assert!(wording.contains("builders"), "{wording}");
    }
}

#[test]
fn a_time_goes_with_its_preposition() {
    never_makes(&[
        (
            "On Sunday morning, the council once again voted in the old town hall to close the old bridge to all cars.",
            "On,",
        ),
        (
            "The council, which met for hours, sent the case of the old bridge to a court, setting up talks to begin on Monday.",
            "begin.",
        ),
        (
            "The mayor, who was elected in May, said that the old bridge of the town was closed to all cars at midnight on Saturday.",
            "midnight.",
        ),
    ]);
}

#[test]
fn what_explains_a_name_at_the_end_goes() {
    makes(
        "The council gave the keys of the old bridge to Ann Example, the chief engineer of the state for ten years.",
        "The council gave the keys of the old bridge to Ann Example.",
    );
}

#[test]
fn what_explains_the_end_of_a_sentence_goes() {
    makes(
        "The city council said on Monday that it will close the old bridge to all cars, the first step in a long process \
         to replace it.",
        "The city council said on Monday that it will close the old bridge to all cars.",
    );
    makes(
        "The city council closed the old bridge to all cars and trucks, saying that the cracks were far too wide by now.",
        "The city council closed the old bridge to all cars and trucks.",
    );
    makes(
        "\"The old bridge is not safe for anybody,\" said Ann Example, the chief engineer of the state.",
        "\"The old bridge is not safe for anybody,\" said Ann Example.",
    );
}

#[test]
fn where_it_was_said_goes() {
    makes(
        "Mayor Ann Example said at a long meeting of the council that the old bridge was unsafe for cars.",
        "Mayor Ann Example said that the old bridge was unsafe for cars.",
    );
}

#[test]
fn honorifics_go_and_clauses_get_their_conjunction() {
    makes(
        "Mr. Example quickly said the old bridge was unsafe for cars and trucks, which surprised the council of the town.",
        "Example said that the old bridge was unsafe for cars and trucks.",
    );
}

#[test]
fn what_changes_the_meaning_stays() {
    never_makes(&[
        (
            "On Monday, the gunman wounded Ann Example at her home, and lawyer Mark Example was killed there, the police said in Alder.",
            "The shooter injured Ann Example at her home, and lawyer Example was killed there, the police said in Alder.",
        ),
        // A rank holds within its time.
        (
            "On Monday the council holds its first vote on the old bridge in the small town after the reform of the state.",
            "small town.",
        ),
        // What goes on about what stays.
        (
            "The inquiry did find deeds by the mayor during the vote that could be seen as attempts to close the bridge.",
            "by the mayor.",
        ),
        // The verb of the sentence stands behind.
        (
            "The former mayor of the town said that the council members during the crisis were failing the old bridge.",
            "members.",
        ),
        // The comma inside the quotation is one of two.
        (
            "The new levy of the small town would deny \"Crossers,\" drivers of cars from across the old river, the right \
             to a refund.",
            "river.",
        ),
        // A phrase before the subject is no sentence.
        (
            "In addition to the money that the state has for the old bridge, the council wants a levy on all cars.",
            "bridge.",
        ),
        (
            "The council closed the old bridge to all cars, a quick reversal that comes amid pressure from the state.",
            "comes.",
        ),
        // One of two explanations.
        (
            "The old town was split in two camps (blue) and (yellow), quickly calling each other names on the bridge.",
            "camps and (yellow)",
        ),
        (
            "Chief Justice Ann Example quickly closed the case of the old bridge, calling it moot.",
            "Chief Example",
        ),
        (
            "Earlier this month, it was quickly said that the council closed the bridge, calling it old.",
            "Earlier, it",
        ),
        (
            "The bridge had, indeed, been closed to all cars, which hurt the trade of the small town.",
            "had, been",
        ),
    ]);
}

#[test]
fn a_speaker_in_front_leaves_a_whole_clause() {
    for (sentence, wrong) in [
        (
            "But the old bridge has been unsafe for cars since May, state engineers said.",
            "said but",
        ),
        (
            "Meanwhile, the old bridge has been unsafe for cars since May, according to state engineers.",
            "engineers, meanwhile",
        ),
        (
            "In the old town, the bridge has been unsafe for cars since May, state engineers said.",
            "said in the old town",
        ),
        (
            "Repairing the old bridge has been a burden for the town since May, state engineers said.",
            "said repairing",
        ),
    ] {
        for wording in made(sentence) {
            assert!(!wording.to_lowercase().contains(wrong), "{wording}");
        }
    }
    makes(
        "Eleven old bridges have been unsafe for cars since May, the mayor said.",
        "The mayor said eleven old bridges have been unsafe for cars since May.",
    );
}

#[test]
fn conditions_denials_and_attributions_stay() {
    for (sentence, needed) in [
        (
            "If the repairs are late, the council will close the old bridge to all cars this week, which would hurt trade.",
            "If",
        ),
        (
            "The council did not close the old bridge to cars and trucks because of the cracks that were found.",
            "because",
        ),
        (
            "The mayor closed the old bridge to all cars this week, according to two people who saw the letter.",
            "according to",
        ),
        (
            "According to the mayor, the council took money from the builder, which has built three bridges there.",
            "ccording to",
        ),
        (
            "But if the council finds the money for the repair, the old bridge will stay open to all cars and trucks.",
            "f the council",
        ),
        (
            "If the council, led by Mayor Ann Example (D., Alder), passes the plan, as expected, the state must agree to it.",
            "the state must",
        ),
        (
            "The council will close the old bridge to all cars in May, unless the state pays for its repair.",
            "unless",
        ),
        (
            "U.S. District Judge William Example ruled the old bridge must remain open to cars while the case goes on.",
            "while the case goes on",
        ),
    ] {
        for wording in made(sentence) {
            assert!(wording.contains(needed), "{wording}");
        }
    }
}

#[test]
fn what_is_left_is_changed_enough_and_copies_no_long_run() {
    let sentence = "The council, which met for six hours on Monday, voted to close the old bridge to all cars, \
                    calling it a risk to everybody who uses it.";
    let all = wordings(sentence, 8);
    for wording in &all {
        let run = longest_shared_run(&similarity::words(wording), &similarity::words(sentence));
        assert!(
            run <= 8 && changed_share(wording, sentence) >= MIN_CHANGED,
            "{wording}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn any_line_is_survived(line in "[A-Za-z ,.;()\"'—0-9]{0,120}") {
        for wording in wordings(&line, 14) {
            proptest::prop_assert!(wording.ends_with(['.', '!', '?', '"']));
        }
    }
}
