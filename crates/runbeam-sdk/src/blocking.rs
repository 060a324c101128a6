//! The same client without async: every call waits for its answer.
//!
//! ```no_run
//! use runbeam_sdk::blocking::RunbeamClient;
//!
//! let client = RunbeamClient::new("https://api.runbeam.io").with_token("12|p0LmXw3rT8");
//! for gateway in client.gateways().iter() {
//!     println!("{}", gateway?.name);
//! }
//! # Ok::<_, runbeam_sdk::Error>(())
//! ```
//!
//! It is [`crate::RunbeamClient`] on a runtime of its own, one thread for the whole process. Inside async code it works,
//! but holds up a thread of the runtime there: use the other one.

use std::fmt;
use std::sync::OnceLock;
use std::thread;

use runbeam_auth::CredentialsProvider;
use runbeam_model as model;
use runbeam_model::{
    AcknowledgeResponse, AuthorizeResponse, Change, ChangeId, ChangeStatusResponse, Deleted,
    GatewayConfiguration, GatewayId, LoggedIn, MeshId, MeshTokenResponse, Operation, Page,
    ResolveResponse, Resource, RevokeResponse, Secret, StoreConfigResponse, StoreConfiguration,
};
use serde::Serialize;
use tokio::runtime::{Handle, Runtime};

use crate::{Error, RawResponse};

/// Waits for a future on the runtime of this module, wherever it is called.
fn wait<T: Send>(future: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
    static RUNTIME: OnceLock<Result<Runtime, std::io::Error>> = OnceLock::new();
    let start = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("runbeam-blocking")
            .enable_all()
            .build()
    };
    let runtime = RUNTIME.get_or_init(start).as_ref().map_err(|error| {
        Error::configuration("no runtime can be started").with_cause(error.to_string())
    })?;
    if Handle::try_current().is_err() {
        return runtime.block_on(future);
    }
    // Another runtime allows no waiting on its threads.
    thread::scope(|scope| {
        let waiting = scope.spawn(|| runtime.block_on(future));
        waiting
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Methods that wait for those of the same name.
macro_rules! waiting {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// As the async method of this name.
            pub fn $name(&self, $($argument: $type),*) -> Result<$answer, Error> {
                wait(self.inner().$name($($argument),*))
            }
        )*
    };
}

/// A client of Runbeam Cloud whose calls wait. See [`crate::RunbeamClient`].
#[derive(Debug, Clone)]
pub struct RunbeamClient(crate::RunbeamClient);

impl RunbeamClient {
    /// A client of the cloud at `base_url`, with all defaults. See [`crate::RunbeamClient::new`].
    #[must_use]
    pub fn new(base_url: impl AsRef<str>) -> Self {
        crate::RunbeamClient::new(base_url).into()
    }

    /// The same client, calling with another token. This is cheap.
    #[must_use]
    pub fn with_token(&self, token: impl Into<Secret>) -> Self {
        self.0.with_token(token).into()
    }

    /// The same client, calling with the token that `provider` yields at each call. This is cheap.
    #[must_use]
    pub fn with_credentials(&self, provider: impl CredentialsProvider) -> Self {
        self.0.with_credentials(provider).into()
    }

    fn inner(&self) -> &crate::RunbeamClient {
        &self.0
    }

    waiting! {
        /// Exchanges a user's token for a machine token of a gateway.
        authorize_gateway(
            user_token: impl Into<Secret> + Send,
            gateway_code: impl AsRef<str> + Send,
            machine_public_key: Option<String>,
            metadata: Option<Vec<String>>
        ) -> AuthorizeResponse;
        /// Ends every machine token of a gateway at once.
        revoke_gateway(gateway_code: impl AsRef<str> + Send) -> RevokeResponse;
        /// Everything that a gateway runs by.
        download_configuration(gateway_id: impl TryInto<GatewayId, Error: Into<Error>> + Send) -> GatewayConfiguration;
        /// Pushes the configuration of one resource.
        store_configuration(configuration: &StoreConfiguration) -> StoreConfigResponse;
        /// A token for a destination in a mesh.
        mesh_token(
            mesh_id: impl TryInto<MeshId, Error: Into<Error>> + Send,
            destination_url: impl Into<String> + Send
        ) -> MeshTokenResponse;
        /// What a reference leads to.
        resolve(reference: impl AsRef<str> + Send) -> ResolveResponse;
    }

    /// The same client at the address where the cloud wants to be called.
    ///
    /// # Errors
    ///
    /// As [`crate::RunbeamClient::discover_base_url`].
    pub fn discover_base_url(&self) -> Result<Self, Error> {
        wait(self.0.discover_base_url()).map(Self)
    }

    /// Begins a device login. See [`crate::Login`].
    ///
    /// # Errors
    ///
    /// As [`crate::RunbeamClient::start_login`].
    pub fn start_login(&self) -> Result<Login, Error> {
        wait(self.0.start_login()).map(Login)
    }

    /// Sends any operation of the API, with the client's token.
    ///
    /// # Errors
    ///
    /// As [`crate::RunbeamClient::send`].
    pub fn send<O: Operation<Answer: Send> + Sync>(
        &self,
        operation: &O,
    ) -> Result<O::Answer, Error> {
        wait(self.0.send(operation))
    }

    /// Any request below `/api`. See [`crate::RawRequest`].
    #[must_use = "a request does nothing until it is sent"]
    pub fn request(&self, method: impl AsRef<str>, path: impl AsRef<str>) -> RawRequest<'_> {
        RawRequest(self.0.request(method, path))
    }

    /// The resources of any kind. See [`crate::RunbeamClient::resources`].
    #[must_use]
    pub fn resources<R: Resource>(&self) -> Resources<'_, R> {
        Resources(self.0.resources())
    }

    /// Configuration changes. See [`crate::Changes`].
    #[must_use]
    pub fn changes(&self) -> Changes<'_> {
        Changes(self.0.changes())
    }
}

macro_rules! accessors {
    ($($name:ident $kind:ident: $($flat:ident)*;)*) => {
        impl RunbeamClient {
            $(
                #[doc = concat!("The ", stringify!($name), " of the token's team.")]
                #[must_use]
                pub fn $name(&self) -> Resources<'_, model::$kind> {
                    self.resources()
                }
            )*
        }
    };
}

crate::kinds::for_each_kind!(accessors);

impl From<crate::RunbeamClient> for RunbeamClient {
    fn from(client: crate::RunbeamClient) -> Self {
        Self(client)
    }
}

/// The resources of one kind. See [`crate::Resources`].
#[derive(Debug)]
pub struct Resources<'a, R: Resource>(crate::Resources<'a, R>);

impl<'a, R: Resource> Resources<'a, R> {
    fn inner(&self) -> &crate::Resources<'a, R> {
        &self.0
    }

    waiting! {
        /// The first page.
        list() -> Page<R>;
        /// The page of this number.
        list_page(page: u32, per_page: u32) -> Page<R>;
        /// The resource of this id.
        get(id: impl TryInto<R::Id, Error: Into<Error>> + Send) -> R;
        /// Creates a resource.
        create(draft: &R::Draft) -> R;
        /// Updates the resource of this id.
        update(id: impl TryInto<R::Id, Error: Into<Error>> + Send, draft: &R::Draft) -> R;
        /// Deletes the resource of this id.
        delete(id: impl TryInto<R::Id, Error: Into<Error>> + Send) -> Deleted;
    }

    /// All resources of this kind, page after page. See [`crate::Rows`].
    pub fn iter(&self) -> Rows<R> {
        Rows(self.0.stream())
    }
}

/// Configuration changes. See [`crate::Changes`].
#[derive(Debug)]
pub struct Changes<'a>(crate::Changes<'a>);

impl<'a> Changes<'a> {
    fn inner(&self) -> &crate::Changes<'a> {
        &self.0
    }

    waiting! {
        /// The first page of all changes.
        list() -> Page<Change>;
        /// The page of this number.
        list_page(page: u32, per_page: u32) -> Page<Change>;
        /// The first page of the changes that wait for a gateway.
        list_for_gateway(gateway_id: impl TryInto<GatewayId, Error: Into<Error>> + Send) -> Page<Change>;
        /// A change with its content.
        get(id: impl TryInto<ChangeId, Error: Into<Error>> + Send) -> Change;
        /// Says that the gateway has seen these changes.
        acknowledge(
            ids: impl IntoIterator<Item = impl TryInto<ChangeId, Error: Into<Error>>, IntoIter: Send> + Send
        ) -> AcknowledgeResponse;
        /// Says that the gateway runs by a change.
        applied(id: impl TryInto<ChangeId, Error: Into<Error>> + Send) -> ChangeStatusResponse;
        /// Says that the gateway could not apply a change.
        failed(
            id: impl TryInto<ChangeId, Error: Into<Error>> + Send,
            error: impl Into<String> + Send,
            details: Option<Vec<String>>
        ) -> ChangeStatusResponse;
    }

    /// All changes, page after page.
    pub fn iter(&self) -> Rows<Change> {
        Rows(self.0.stream())
    }
}

/// All rows of a list, page after page, while the next page is already fetched. See [`crate::Rows`].
#[must_use = "an iterator does nothing until it is asked for rows"]
pub struct Rows<T>(crate::Rows<T>);

impl<T: Send + 'static> Iterator for Rows<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = async { Ok(self.0.next().await) };
        wait(next).unwrap_or_else(|error| Some(Err(error)))
    }
}

impl<T> fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A login that waits for a person. See [`crate::Login`].
#[derive(Debug)]
pub struct Login(crate::Login);

impl Login {
    /// Where a person approves the login.
    #[must_use]
    pub fn verification_url(&self) -> &str {
        self.0.verification_url()
    }

    /// Waits until the login is approved, and gives out its token.
    ///
    /// # Errors
    ///
    /// As [`crate::Login::wait`].
    pub fn wait(&mut self) -> Result<LoggedIn, Error> {
        wait(self.0.wait())
    }
}

/// A request below `/api`. See [`crate::RawRequest`].
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct RawRequest<'a>(crate::RawRequest<'a>);

impl RawRequest<'_> {
    /// Adds a parameter to the query.
    pub fn with_query(self, name: &str, value: &str) -> Self {
        Self(self.0.with_query(name, value))
    }

    /// Sets the body: the JSON of `value`.
    pub fn with_json(self, value: &impl Serialize) -> Self {
        Self(self.0.with_json(value))
    }

    /// Sends it, with the client's token.
    ///
    /// # Errors
    ///
    /// As [`crate::RawRequest::send`].
    pub fn send(self) -> Result<RawResponse, Error> {
        wait(self.0.send())
    }
}
