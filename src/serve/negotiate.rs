//! `Accept` (RFC 9110 §12.5.1): which of a resource's representations a client wants.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

use super::error::{Kind, Problem};

/// The representations of a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Representation {
    /// `application/json`; what a client gets that has no preference.
    Json,
    /// `text/html`: a labelled fragment.
    Html,
}

/// The representation with the highest weight; JSON when both have the same.
pub(super) fn representation(headers: &HeaderMap) -> Result<Representation, Problem> {
    let accept: Vec<&str> = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter(|range| !range.trim().is_empty())
        .collect();
    if accept.is_empty() {
        return Ok(Representation::Json);
    }
    let json = weight(&accept, "application", "json");
    let html = weight(&accept, "text", "html");
    if json == 0 && html == 0 {
        let detail = "a summary is `application/json` or `text/html`";
        return Err(Problem::new(Kind::NotAcceptable, detail));
    }
    Ok(if html > json {
        Representation::Html
    } else {
        Representation::Json
    })
}

/// The weight, in thousandths, that the most specific matching range gives to a media type.
fn weight(accept: &[&str], kind: &str, subtype: &str) -> u32 {
    let mut best = (0, 0);
    for range in accept {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let Some((range_kind, range_subtype)) = parts
            .next()
            .and_then(|name| name.split_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())))
        else {
            continue;
        };
        let specificity = match (range_kind.as_str(), range_subtype.as_str()) {
            (a, b) if a == kind && b == subtype => 3,
            (a, "*") if a == kind => 2,
            ("*", "*") => 1,
            _ => continue,
        };
        let quality = parts
            .find_map(|part| part.strip_prefix("q=").map(thousandths))
            .unwrap_or(1000);
        best = best.max((specificity, quality));
    }
    best.1
}

fn thousandths(quality: &str) -> u32 {
    match quality.trim().parse::<f32>() {
        // A quality has three digits at most.
        Ok(quality) if (0.0..=1.0).contains(&quality) => (quality * 1000.0).round() as u32,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn chosen(accept: &'static str) -> Option<Representation> {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
        representation(&headers).ok()
    }

    #[test]
    fn the_heavier_type_wins_and_json_breaks_the_tie() {
        use Representation::{Html, Json};
        for (accept, expected) in [
            ("*/*", Some(Json)),
            ("text/html", Some(Html)),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                Some(Html),
            ),
            ("text/html;q=0.5, application/json;q=0.4", Some(Html)),
            ("text/html;q=0.4, application/json;q=0.5", Some(Json)),
            ("text/*, application/json;q=0.2", Some(Html)),
            ("text/html;q=0, */*", Some(Json)),
            ("application/json;q=0, */*;q=0.1", Some(Html)),
            ("image/png", None),
            ("application/json;q=0", None),
            ("", Some(Json)),
            ("nonsense", None),
        ] {
            assert_eq!(chosen(accept), expected, "{accept}");
        }
    }
}
