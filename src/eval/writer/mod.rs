//! The writing model by itself: on evidence for which an editor wrote the bullet, or found nothing usable.

pub mod groups;
pub mod examples;
pub mod trial;
