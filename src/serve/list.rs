//! Lists in pages: `?limit=&cursor=`, answered as `{items, next_cursor}` with `Link: rel="next"`.

use axum::Json;
use axum::http::HeaderValue;
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::Problem;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// Which page.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParams {
    /// How many items at most, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl PageParams {
    /// For lists that have other parameters besides: serde cannot read numbers in a flattened query.
    pub(super) fn new(limit: Option<u32>, cursor: Option<String>) -> Self {
        Self { limit, cursor }
    }

    /// How many items were asked for.
    pub(super) fn limit(&self) -> Result<u32, Problem> {
        match self.limit.unwrap_or(DEFAULT_LIMIT) {
            limit @ 1..=MAX_LIMIT => Ok(limit),
            limit => Err(Problem::malformed(format!(
                "`limit` is {limit}, not 1 to {MAX_LIMIT}"
            ))),
        }
    }

    /// The key of the last item of the page before.
    pub(super) fn after<T: std::str::FromStr>(&self) -> Result<Option<T>, Problem> {
        match self.cursor.as_deref().map(str::parse) {
            None => Ok(None),
            Some(Ok(key)) => Ok(Some(key)),
            Some(Err(_)) => Err(Problem::malformed("`cursor` is none that this list gave")),
        }
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The items.
    pub(super) items: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last.
    pub(super) next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Cuts a page out of `rows`, of which one more than `limit` was read to see whether there is a next page.
    pub(super) fn cut(mut rows: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        Self {
            next_cursor: rows.last().filter(|_| more).map(cursor),
            items: rows,
        }
    }

    /// The same page of other items.
    pub(super) fn map<U>(self, view: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(view).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

impl<T: Serialize> Page<T> {
    /// The page as JSON; `next` is the list's own path and query up to the cursor.
    pub(super) fn respond(self, next: &str) -> Response {
        let link = self.next_cursor.as_ref().and_then(|cursor| {
            let separator = if next.contains('?') { '&' } else { '?' };
            HeaderValue::try_from(format!("<{next}{separator}cursor={cursor}>; rel=\"next\"")).ok()
        });
        let mut response = Json(self).into_response();
        if let Some(link) = link {
            response.headers_mut().insert(LINK, link);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_has_no_cursor() {
        let full = Page::cut(vec![1, 2, 3], 2, ToString::to_string);
        assert_eq!((full.items, full.next_cursor), (vec![1, 2], Some("2".to_owned())));
        let last = Page::cut(vec![1, 2], 2, ToString::to_string);
        assert_eq!(last.next_cursor, None);
        assert_eq!(
            Page::<u8>::cut(Vec::new(), 2, ToString::to_string).next_cursor,
            None
        );
    }
}
