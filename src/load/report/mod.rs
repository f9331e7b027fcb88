//! What a run came to, judged and told: as JSON, as a table, as a page with charts.

mod outcome;
mod server_part;
mod own_cost;
mod expect;
mod figures;
mod verdict;
mod table;
mod ruler;
mod charts;
mod plots;
mod sheet;
mod page;

pub use expect::{Expect, ExpectError, Judged};
pub use outcome::{
    ByKind, FORMAT, GeneratorPart, Made, Outcome, Second, Shares, Spread, Step, Tail,
};
pub(super) use own_cost::OwnCost;
pub use page::page;
pub use server_part::{Pair, ServerPart, ServerSecond};
pub use table::{comparison, plain, table};
