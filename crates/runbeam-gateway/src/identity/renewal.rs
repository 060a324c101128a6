//! One renewal: the exchange of a user's token for a new machine token.

use std::sync::Arc;

use runbeam_sdk::auth::Credentials;
use runbeam_sdk::model::{Clock, GatewayCode};
use runbeam_sdk::{MachineToken, RunbeamClient};

use crate::{Error, ErrorKind};

const RENEWING: &str = "renewing the machine token";

/// How a gateway authorizes itself again.
#[derive(Clone)]
pub(super) struct Renewal {
    pub(super) code: GatewayCode,
    pub(super) credentials: Credentials,
}

impl Renewal {
    /// Authorizes the gateway in the name of whose token the provider yields.
    pub(super) async fn authorize(
        self,
        client: RunbeamClient,
        clock: Arc<dyn Clock>,
    ) -> Result<MachineToken, Error> {
        let user_token = self
            .credentials
            .bearer_token()
            .await
            .map_err(|error| Error::of_credentials(RENEWING, error))?;
        let response = client
            .authorize_gateway(user_token, self.code, None, None)
            .await
            .map_err(|error| Error::of_cloud(RENEWING, error))?;
        let mut token = MachineToken::new(
            response.machine_token,
            response.expires_at,
            response.gateway.id,
            response.gateway.code,
            response.abilities,
        );
        token.issued_at = clock.now().into();
        if !token.is_valid_at(clock.now()) {
            let problem = format!(
                "the cloud issued a token that ended at {}; check the clocks of both",
                token.expires_at
            );
            return Err(Error::because(ErrorKind::Refused, RENEWING, problem));
        }
        Ok(token)
    }
}
