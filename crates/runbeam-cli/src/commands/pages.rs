//! Lists that the cloud gives out in pages.

use runbeam_sdk::RunbeamClient;
use runbeam_sdk::model::{Page, Paged};

use crate::failure::Failure;
use crate::output::Output;

/// A page of the size that the cloud gives out at most.
const PER_PAGE: u32 = 100;
/// A server that always names a next page is wrong.
const MOST_PAGES: u32 = 1_000;

/// All rows of a list.
pub(super) async fn all<P>(
    client: &RunbeamClient,
    list: P,
    what: &str,
    output: &Output,
) -> Result<Vec<P::Row>, Failure>
where
    P: Paged + Sync,
{
    let progress = output.progress(&format!("Listing {what}"));
    let list = list.with_per_page(PER_PAGE);
    let mut rows = Vec::new();
    let mut number = 1;
    loop {
        let page: Page<P::Row> = client.send(&list.clone().with_page(number)).await?;
        let next = page.next_page();
        rows.extend(page.data);
        match next {
            Some(next) if next > number && next <= MOST_PAGES => number = next,
            _ => return Ok(rows),
        }
        progress.say(&format!("Listing {what}: {}", rows.len()));
    }
}
