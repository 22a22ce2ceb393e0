//! Which language a text is in.

use whatlang::Lang;

/// A guess from fewer letters than this is left unmade: trigram statistics need about a long sentence.
const MIN_LETTERS: usize = 40;

/// Only so much of the text is looked at: more does not change the answer, and costs time.
const MAX_CHARS: usize = 4_000;

/// The BCP 47 tag of a text's language, when there is enough text to tell.
pub fn detect(text: &str) -> Option<&'static str> {
    let end = text
        .char_indices()
        .nth(MAX_CHARS)
        .map_or(text.len(), |(byte, _)| byte);
    let sample = text.get(..end)?;
    // A Chinese or Japanese character says as much as a few letters.
    let letters: usize = sample
        .chars()
        .filter(|c| c.is_alphabetic())
        .map(|c| if c >= '\u{2E80}' { 4 } else { 1 })
        .sum();
    if letters < MIN_LETTERS {
        return None;
    }
    let info = whatlang::detect(sample)?;
    info.is_reliable().then(|| tag(info.lang()))
}

/// RFC 5646 takes the two-letter code of ISO 639-1 where there is one. All of whatlang's languages have one.
fn tag(language: Lang) -> &'static str {
    match language {
        Lang::Epo => "eo",
        Lang::Eng => "en",
        Lang::Rus => "ru",
        Lang::Cmn => "zh",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Ben => "bn",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Ukr => "uk",
        Lang::Kat => "ka",
        Lang::Ara => "ar",
        Lang::Hin => "hi",
        Lang::Jpn => "ja",
        Lang::Heb => "he",
        Lang::Yid => "yi",
        Lang::Pol => "pl",
        Lang::Amh => "am",
        Lang::Jav => "jv",
        Lang::Kor => "ko",
        Lang::Nob => "nb",
        Lang::Dan => "da",
        Lang::Swe => "sv",
        Lang::Fin => "fi",
        Lang::Tur => "tr",
        Lang::Nld => "nl",
        Lang::Hun => "hu",
        Lang::Ces => "cs",
        Lang::Ell => "el",
        Lang::Bul => "bg",
        Lang::Bel => "be",
        Lang::Mar => "mr",
        Lang::Kan => "kn",
        Lang::Ron => "ro",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        Lang::Mkd => "mk",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Tam => "ta",
        Lang::Vie => "vi",
        Lang::Urd => "ur",
        Lang::Tha => "th",
        Lang::Guj => "gu",
        Lang::Uzb => "uz",
        Lang::Pan => "pa",
        Lang::Aze => "az",
        Lang::Ind => "id",
        Lang::Tel => "te",
        Lang::Pes => "fa",
        Lang::Mal => "ml",
        Lang::Ori => "or",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Sin => "si",
        Lang::Khm => "km",
        Lang::Tuk => "tk",
        Lang::Aka => "ak",
        Lang::Zul => "zu",
        Lang::Sna => "sn",
        Lang::Afr => "af",
        Lang::Lat => "la",
        Lang::Slk => "sk",
        Lang::Cat => "ca",
        Lang::Tgl => "tl",
        Lang::Hye => "hy",
        Lang::Cym => "cy",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn common_languages_are_told_apart() {
        let texts = [
            (
                "en",
                "The council voted on Tuesday to close the old bridge while engineers look at the cracks.",
            ),
            (
                "es",
                "El ayuntamiento votó el martes cerrar el viejo puente mientras los ingenieros examinan las grietas.",
            ),
            (
                "de",
                "Der Stadtrat beschloss am Dienstag, die alte Brücke zu schließen, während Ingenieure die Risse prüfen.",
            ),
            (
                "fr",
                "Le conseil a voté mardi la fermeture du vieux pont pendant que les ingénieurs examinent les fissures.",
            ),
            (
                "zh",
                "市议会周二投票决定关闭旧桥,工程师正在检查桥上的裂缝,预计工程将持续三个月。",
            ),
            (
                "ru",
                "Городской совет во вторник решил закрыть старый мост, пока инженеры изучают трещины.",
            ),
        ];
        for (tag, text) in texts {
            assert_eq!(detect(text), Some(tag), "{text}");
        }
    }

    #[test]
    fn too_little_text_gives_no_guess() {
        assert_eq!(detect(""), None);
        assert_eq!(detect("Bridge closed."), None);
        assert_eq!(detect("1,000 2,000 3,000 4,000 5,000 6,000 7,000 8,000"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in any::<String>()) {
            let _ = detect(&text);
        }
    }
}
