//! The lede: the best point, with the place of a cited article's dateline and the day of the newest cited article.

use super::Source;
use super::material::Material;
use crate::domain::{Bullet, Lede};
use crate::text::clean::dateline_place;

/// Makes the first bullet the lede; the others stay bullets.
pub fn take(material: &Material<'_>, bullets: Vec<Bullet>) -> (Option<Lede>, Vec<Bullet>) {
    let mut bullets = bullets.into_iter();
    let lede = bullets.next().map(|bullet| {
        let cited = cited_sources(material, &bullet);
        let dates = cited.iter().filter_map(|source| source.meta.published_at);
        Lede {
            place: cited
                .iter()
                .find_map(|source| dateline_place(source.text))
                .map(str::to_uppercase),
            date: dates
                .max_by_key(crate::domain::PublishedAt::instant)
                .map(|at| at.date()),
            bullet,
        }
    });
    (lede, bullets.collect())
}

fn cited_sources<'m, 'a>(material: &'m Material<'a>, bullet: &Bullet) -> Vec<&'m Source<'a>> {
    let citations = bullet.citations.iter();
    citations
        .filter_map(|citation| {
            let found = material
                .sources
                .binary_search_by(|source| source.meta.id.cmp(&citation.article_id));
            material.sources.get(found.ok()?)
        })
        .collect()
}
