//! The quick start with a Sanctum token, as the product's overview writes it. The token comes from
//! `RUNBEAM_TOKEN`, the base URL from `RUNBEAM_API_URL`.

#![allow(
    clippy::disallowed_methods,
    reason = "the token and the base URL come from outside"
)]

#[rustfmt::skip]
use runbeam_sdk::{RunbeamClient, save_token, MachineToken};

#[rustfmt::skip]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Create API client
    let client = RunbeamClient::new(std::env::var("RUNBEAM_API_URL")?);
    
    // Authorize with Sanctum token
    let sanctum_token = &*std::env::var("RUNBEAM_TOKEN")?;
    let response = client.authorize_gateway(
        sanctum_token,
        "gateway-123",
        None,
        None
    ).await?;
    
    // Save machine token
    let machine_token = MachineToken::new(
        response.machine_token,
        response.expires_at,
        response.gateway.id,
        response.gateway.code,
        response.abilities,
    );
    save_token("my-gateway", &machine_token).await?;
    
    Ok(())
}
