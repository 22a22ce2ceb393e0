//! What every store keeps (`contract`), run on each database, and what only one of them has to show.

mod contract;
mod sqlite;
