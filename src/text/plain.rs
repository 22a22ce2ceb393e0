//! What a caller sends as an article's text (plain text or HTML) becomes the stored plain text.

mod html;

use crate::domain::is_invisible;

/// Plain text: HTML made text (block elements become paragraphs, scripts and the like vanish, entities are decoded),
/// line ends `\n`, no control characters but `\n`, no [invisible ones](crate::domain::is_invisible), paragraphs
/// separated by one blank line, runs of blanks one space, no blanks at line ends. Applying it twice changes nothing
/// more on plain text.
pub fn to_plain_text(input: &str) -> String {
    // First, so that an invisible character inside a tag cannot make markup out of text afterwards.
    let visible = normalized(input);
    if !html::is_html(&visible) {
        return visible;
    }
    normalized(&html::to_text(&visible))
}

/// Visible characters only, one kind of line end, one kind of blank, at most one blank line in a row.
fn normalized(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut line_ends = 0;
    let mut blank = false;
    let mut previous = None;
    for c in text.chars() {
        if is_line_end(c) {
            // "\r\n" is one line end.
            if !(c == '\n' && previous == Some('\r')) {
                line_ends += 1;
            }
        } else if c.is_whitespace() {
            blank = true;
        } else if !c.is_control() && !is_invisible(c) {
            if !plain.is_empty() {
                match line_ends {
                    0 if blank => plain.push(' '),
                    0 => {}
                    1 => plain.push('\n'),
                    _ => plain.push_str("\n\n"),
                }
            }
            plain.push(c);
            line_ends = 0;
            blank = false;
        }
        previous = Some(c);
    }
    plain
}

/// The line ends of Unicode (UAX #14): LF, VT, FF, CR, NEL, LS, PS.
fn is_line_end(c: char) -> bool {
    matches!(
        c,
        '\n' | '\u{B}' | '\u{C}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_struck_out_is_not_said() {
        assert_eq!(
            to_plain_text(
                "<p>The bridge was <s>sold</s><del>burnt</del> closed.</p><p><strike>Nobody saw it.</strike>It stands.</p>"
            ),
            "The bridge was closed.\n\nIt stands."
        );
    }

    #[test]
    fn blocks_become_paragraphs_and_furniture_vanishes() {
        let html = "<!doctype html><html><head><title>T</title><style>p{}</style></head><body>\
            <nav><ul><li>Home</li></ul></nav><article><h1>Bridge shut</h1><p>The <b>old</b>\n bridge&nbsp;was \
            closed &amp; fenced.<br>Nobody was hurt.</p><figure><img alt=x><figcaption>A bridge</figcaption></figure>\
            <script>if (a < b) { alert('<p>no</p>') }</script><aside>Read more</aside><p>It re-opens&mdash;maybe.\
            <form><button>Subscribe</button></form></article><!-- gone --></body></html>";
        assert_eq!(
            to_plain_text(html),
            "Bridge shut\n\nThe old bridge was closed & fenced.\nNobody was hurt.\n\nIt re-opens—maybe."
        );
    }

    #[test]
    fn text_with_signs_that_only_look_like_markup_is_left_alone() {
        for text in [
            "Profits < losses & rising.",
            "a <b is less",
            "AT&T; R&D",
            "1 < 2 > 0",
            "<3 you",
            "x &unknown; y",
        ] {
            assert_eq!(to_plain_text(text), text);
        }
    }

    #[test]
    fn entities_alone_are_decoded_and_lines_stay() {
        assert_eq!(
            to_plain_text("Marks &amp; Spencer\n\nsaid &#8220;no&#x201D;\nhere"),
            "Marks & Spencer\n\nsaid “no”\nhere"
        );
    }

    #[test]
    fn inline_markup_keeps_the_blank_lines_of_the_text() {
        assert_eq!(
            to_plain_text("One <b>bold</b> word.\n\nTwo."),
            "One bold word.\n\nTwo."
        );
    }

    #[test]
    fn invisible_characters_cannot_hide_words_or_markup() {
        assert_eq!(
            to_plain_text("pass\u{200B}word\u{202E} \u{FEFF}ok\u{0}\u{7}!"),
            "password ok!"
        );
        assert_eq!(to_plain_text("<scr\u{200B}ipt>alert(1)</script>Text."), "Text.");
    }

    #[test]
    fn blanks_and_line_ends_have_one_form() {
        assert_eq!(
            to_plain_text(" \u{A0}One\u{2003}two\t three \r\nfour\r\n\r\n\r\n five\u{2029}\u{2029}\u{85}"),
            "One two three\nfour\n\nfive"
        );
    }

    #[test]
    fn furniture_that_is_never_closed_ends_with_its_parent() {
        assert_eq!(to_plain_text("<div><nav>Menu</div><p>Story.</p>"), "Story.");
        assert_eq!(to_plain_text("<p>Story.</nav></p></div>"), "Story.");
    }

    // Of hundreds of kilobytes each: work that grows with the square of the input would not end.
    #[test]
    fn large_hostile_markup_gives_no_more_text_than_went_in() {
        let inputs = [
            "a".repeat(1_000_000),
            "<div>".repeat(100_000) + "deep",
            "<b><p>x".repeat(75_000),
            (0..45_000).map(|n| format!("<b id=n{n}>")).collect::<String>() + &"<p>a".repeat(50_000),
            "<nav>".repeat(100_000),
            "<".repeat(1_000_000),
            "<p ".repeat(150_000),
            "<p a=b ".repeat(75_000) + ">",
            "&amp".repeat(125_000) + "<p>",
            "&".repeat(1_000_000) + ";",
            "</p>".repeat(125_000),
            "<a></b>".repeat(75_000),
            "<!--".repeat(125_000) + "<p>",
            "\n \n".repeat(150_000),
        ];
        for input in inputs {
            assert!(to_plain_text(&input).len() <= input.len());
        }
    }

    proptest! {
        #[test]
        fn plain_text_stays_as_it_is_the_second_time(text in any::<String>()) {
            let once = to_plain_text(&text);
            if !html::is_html(&once) {
                prop_assert_eq!(to_plain_text(&once), once);
            }
        }

        #[test]
        fn what_comes_out_is_clean(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let plain = to_plain_text(&String::from_utf8_lossy(&bytes));
            prop_assert!(plain.chars().all(|c| c == '\n' || c == ' ' || !(c.is_control() || c.is_whitespace() || is_invisible(c))));
            prop_assert!(!plain.contains("\n\n\n") && !plain.contains(" \n") && !plain.contains("\n ") && !plain.contains("  "));
            prop_assert_eq!(plain.trim(), plain.as_str());
        }

        #[test]
        fn any_markup_is_survived(parts in prop::collection::vec("(</?(p|nav|div|b|br|script|svg|td|x-y)( a='b'| a)?/?>|&[a-z#0-9]{0,5};?|<!--|-->|[a-z <\n]{1,4})", 0..60)) {
            let plain = to_plain_text(&parts.concat());
            prop_assert!(!plain.contains("  "));
        }
    }
}
