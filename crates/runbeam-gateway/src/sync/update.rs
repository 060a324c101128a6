//! What a gateway is given to run by.

use std::sync::Arc;

use runbeam_sdk::model::{Change, GatewayConfiguration};

use super::LastGood;

/// What a gateway is given to run by. Clones share it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Update {
    /// At the start: what it ran by before. It comes from the store alone, so that it comes without the cloud, too.
    LastGood(Arc<LastGood>),
    /// Everything, in place of all that it ran by before: at the first start, and when it is asked for.
    Whole(Arc<GatewayConfiguration>),
    /// A change of one resource.
    #[non_exhaustive]
    Change {
        /// The change, with its content.
        change: Arc<Change>,
        /// The process ended while this change was being applied: it may be in force or not. Where what was applied
        /// outlives the process, look, and say so without applying it again.
        was_interrupted: bool,
    },
}
