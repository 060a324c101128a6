//! The whole configuration of a gateway, from the lists of all kinds.

use std::collections::HashSet;
use std::sync::Arc;

use runbeam_model::{
    Gateway, GatewayConfiguration, GatewayId, ListResources, Page, Paged, Resource, ShowResource,
};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};

use crate::rows::PER_PAGE;
use crate::{Error, RunbeamClient};

/// How many requests of one download are under way at once.
const AT_ONCE: usize = 16;

/// Puts the rows of one kind in their place.
type Place = Box<dyn FnOnce(&mut GatewayConfiguration) + Send>;

impl RunbeamClient {
    /// Everything that the gateway of this id runs by: itself, and the resources of every kind that are its own or its
    /// whole team's. All pages of all kinds are fetched, sixteen at a time.
    ///
    /// What is changed meanwhile may be in it or not. Nothing is in it twice.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if the team has no such gateway, and as [`RunbeamClient::send`]. The
    /// first error ends the rest.
    pub async fn download_configuration(
        &self,
        gateway_id: impl TryInto<GatewayId, Error: Into<Error>> + Send,
    ) -> Result<GatewayConfiguration, Error> {
        let gateway_id = gateway_id.try_into().map_err(Into::into)?;
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut kinds: JoinSet<Result<Place, Error>> = JoinSet::new();
        macro_rules! walk {
            ($($list:ident)*) => {
                $({
                    let walk = Walk::new(self, &turns, &gateway_id);
                    kinds.spawn(async move {
                        let rows = walk.rows().await?;
                        let place: Place = Box::new(move |configuration| configuration.$list = rows);
                        Ok(place)
                    });
                })*
            };
        }
        walk!(peers targets services endpoints backends pipelines middlewares transforms);
        walk!(policies rules networks authentications);
        let gateway = self.send(&ShowResource::<Gateway>::new(gateway_id)).await?;
        let mut configuration = GatewayConfiguration::new(gateway);
        while let Some(place) = kinds.join_next().await {
            ended(place)??(&mut configuration);
        }
        Ok(configuration)
    }
}

/// One kind.
struct Walk {
    client: RunbeamClient,
    turns: Arc<Semaphore>,
    gateway_id: GatewayId,
}

impl Walk {
    fn new(client: &RunbeamClient, turns: &Arc<Semaphore>, gateway_id: &GatewayId) -> Self {
        Self {
            client: client.clone(),
            turns: turns.clone(),
            gateway_id: gateway_id.clone(),
        }
    }

    /// The rows of all pages, in their order.
    async fn rows<R: Resource>(self) -> Result<Vec<R>, Error> {
        let first = self.page::<R>(1).await?;
        let last = first.meta.as_ref().map_or(1, |meta| meta.last_page);
        let mut rows = Vec::new();
        let mut seen = HashSet::new();
        self.take(first, &mut rows, &mut seen);

        // Only as many pages are begun as may be under way, however many the server claims to have.
        let this = Arc::new(self);
        let mut pages: JoinSet<Result<(u32, Page<R>), Error>> = JoinSet::new();
        let mut waiting = std::collections::BTreeMap::new();
        let (mut begun, mut taken) = (1, 1);
        while taken < last {
            while begun < last && pages.len() < AT_ONCE && begun - taken < 2 * AT_ONCE as u32 {
                begun += 1;
                let (this, number) = (this.clone(), begun);
                pages.spawn(async move { Ok((number, this.page::<R>(number).await?)) });
            }
            let Some(fetched) = pages.join_next().await else {
                break;
            };
            let (number, page) = ended(fetched)??;
            waiting.insert(number, page);
            while let Some(page) = waiting.remove(&(taken + 1)) {
                taken += 1;
                if page.data.is_empty() {
                    return Ok(rows);
                }
                this.take(page, &mut rows, &mut seen);
            }
        }
        Ok(rows)
    }

    async fn page<R: Resource>(&self, number: u32) -> Result<Page<R>, Error> {
        // It is never closed.
        let _turn = self.turns.acquire().await.ok();
        let list = ListResources::<R>::new()
            .with_page(number)
            .with_per_page(PER_PAGE);
        self.client.send(&list).await
    }

    /// A row that names no gateway is for all of the team.
    fn take<R: Resource>(&self, page: Page<R>, rows: &mut Vec<R>, seen: &mut HashSet<R::Id>) {
        let ours = page.data.into_iter().filter(|row| {
            let is_ours = row.gateway_id().is_none_or(|id| *id == self.gateway_id);
            is_ours && seen.insert(row.id().clone())
        });
        rows.extend(ours);
    }
}

fn ended<T>(task: Result<T, JoinError>) -> Result<T, Error> {
    task.map_err(|failure| {
        Error::unexpected("configuration", "a task that fetches pages has ended")
            .with_cause(failure)
    })
}
