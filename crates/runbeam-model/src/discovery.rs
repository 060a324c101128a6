//! Where the cloud wants to be called.

use http::Method;
use serde::{Deserialize, Serialize};

use crate::lenient::lenient;
use crate::operation::read_json;
use crate::{ApiRequest, BaseUrl, Operation, ParseError, ReadError};

macro_rules! discovery {
    ($(#[$doc:meta])* $name:ident $id:literal $area:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default)]
        #[non_exhaustive]
        pub struct $name;

        impl $name {
            /// The question, which has no parameters.
            #[must_use]
            pub const fn new() -> Self {
                Self
            }
        }

        impl Operation for $name {
            const NAME: &'static str = $id;
            type Answer = BaseUrlResponse;

            fn request(&self) -> ApiRequest {
                ApiRequest::new(Method::GET, [$area, "base-url"])
            }

            fn read(&self, body: &[u8]) -> Result<BaseUrlResponse, ReadError> {
                read_json(Self::NAME, body)
            }
        }
    };
}

discovery! {
    /// Asks where the cloud wants to be called. A cloud that does not know this may know
    /// [`DiscoverBaseUrlByOldName`].
    DiscoverBaseUrl "baseUrl" "harmony"
}

discovery! {
    /// Asks the same by the name that the API of version 1.2 has for it.
    DiscoverBaseUrlByOldName "legacyBaseUrl" "gateway"
}

/// Where the cloud wants to be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BaseUrlResponse {
    /// The address.
    pub base_url: String,
    /// Where changes are, below the address.
    #[serde(default, deserialize_with = "lenient")]
    pub changes_path: Option<String>,
    /// The address to prefer.
    #[serde(default, deserialize_with = "lenient")]
    pub full_url: Option<String>,
}

impl BaseUrlResponse {
    /// The address to call from now on.
    ///
    /// # Errors
    ///
    /// If it is of no use: see [`BaseUrl`].
    pub fn to_base_url(&self) -> Result<BaseUrl, ParseError> {
        let preferred = self.full_url.as_deref().filter(|url| !url.is_empty());
        preferred.unwrap_or(&self.base_url).parse()
    }
}
