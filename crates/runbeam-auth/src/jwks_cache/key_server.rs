//! What the cache needs of a server of keys, so that its own tests can put one in its place that has no network.

use std::sync::Arc;

use runbeam_model::Origin;

use super::kept_set::KeptSet;
use super::key_endpoint::{Answer, KeyEndpoint};

pub(crate) trait KeyServer: Send + Sync + 'static {
    /// As [`KeyEndpoint::server`].
    fn server(&self) -> &Origin;

    /// As [`KeyEndpoint::ask`].
    fn ask(
        &self,
        kept: Option<Arc<KeptSet>>,
        is_young: bool,
    ) -> impl Future<Output = Result<Answer, String>> + Send;
}

impl KeyServer for KeyEndpoint {
    fn server(&self) -> &Origin {
        self.server()
    }

    fn ask(
        &self,
        kept: Option<Arc<KeptSet>>,
        is_young: bool,
    ) -> impl Future<Output = Result<Answer, String>> + Send {
        self.ask(kept, is_young)
    }
}
