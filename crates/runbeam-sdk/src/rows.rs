//! All rows of a list, page after page.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use runbeam_model::{Page, Paged};
use tokio::task::JoinSet;

use crate::{Error, RunbeamClient};

/// How many rows a page has where all are wanted: the most that the cloud gives.
pub(crate) const PER_PAGE: u32 = 100;

/// All rows of a list, page after page, in constant memory: while the rows of one page are taken, the next page is
/// already fetched, and no more than that.
///
/// It is a [`Stream`]; [`Rows::next`] needs no other crate. After an error it ends. A row that is created or deleted
/// in between moves the others, so that one may be missed or seen twice.
///
/// ```no_run
/// # async fn example(client: runbeam_sdk::RunbeamClient) -> Result<(), runbeam_sdk::Error> {
/// let mut gateways = client.gateways().stream();
/// while let Some(gateway) = gateways.next().await {
///     println!("{}", gateway?.name);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing until it is asked for rows"]
pub struct Rows<T> {
    rows: VecDeque<T>,
    /// The page that is fetched, if there is one: dropping it ends the request.
    next: JoinSet<Result<Fetched<T>, Error>>,
    fetch: Option<Box<dyn Fetch<T>>>,
}

struct Fetched<T> {
    page: Page<T>,
    number: u32,
}

impl<T: Send + 'static> Rows<T> {
    pub(crate) fn new<O>(client: RunbeamClient, list: O) -> Self
    where
        O: Paged<Row = T> + Send + Sync + 'static,
    {
        Self {
            rows: VecDeque::new(),
            next: JoinSet::new(),
            fetch: Some(Box::new(Pages { client, list })),
        }
    }

    /// The next row; `None` after the last. Dropping the future loses no row.
    ///
    /// # Errors
    ///
    /// As [`RunbeamClient::send`]. It is the last thing that comes.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|context| self.poll_row(context)).await
    }

    fn poll_row(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            if let Some(row) = self.rows.pop_front() {
                return Poll::Ready(Some(Ok(row)));
            }
            let Some(fetch) = &self.fetch else {
                return Poll::Ready(None);
            };
            if self.next.is_empty() {
                fetch.spawn(1, &mut self.next);
            }
            let Some(fetched) = ready!(self.next.poll_join_next(context)) else {
                continue;
            };
            match fetched {
                Ok(Ok(Fetched { page, number })) => {
                    // A server that goes on for ever with nothing to tell is not followed.
                    let next = page.next_page().filter(|next| *next > number);
                    match next.filter(|_| !page.data.is_empty()) {
                        Some(next) => fetch.spawn(next, &mut self.next),
                        None => self.fetch = None,
                    }
                    self.rows = page.data.into();
                }
                Ok(Err(error)) => {
                    self.fetch = None;
                    return Poll::Ready(Some(Err(error)));
                }
                Err(failure) => {
                    self.fetch = None;
                    let error = Error::unexpected("list", "the task that fetches pages has ended")
                        .with_cause(failure);
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

impl<T> Unpin for Rows<T> {}

impl<T: Send + 'static> Stream for Rows<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_row(context)
    }
}

impl<T> fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("at_hand", &self.rows.len())
            .field("has_more", &self.fetch.is_some())
            .finish()
    }
}

/// What lists, without its type.
trait Fetch<T>: Send + Sync {
    fn spawn(&self, number: u32, tasks: &mut JoinSet<Result<Fetched<T>, Error>>);
}

struct Pages<O> {
    client: RunbeamClient,
    list: O,
}

impl<T, O> Fetch<T> for Pages<O>
where
    T: Send + 'static,
    O: Paged<Row = T> + Send + Sync + 'static,
{
    fn spawn(&self, number: u32, tasks: &mut JoinSet<Result<Fetched<T>, Error>>) {
        let client = self.client.clone();
        let list = self.list.clone().with_page(number).with_per_page(PER_PAGE);
        tasks.spawn(async move {
            let page = client.send(&list).await?;
            Ok(Fetched { page, number })
        });
    }
}
