//! The quick start with a user's JWT, as the product's overview writes it. The token comes from `RUNBEAM_TOKEN`,
//! the base URL from `RUNBEAM_API_URL`.

#![allow(
    unused_imports,
    clippy::disallowed_methods,
    reason = "it is as the document writes it"
)]

#[rustfmt::skip]
use runbeam_sdk::{
    RunbeamClient,
    validate_jwt_token,
    save_token,
    load_token,
    MachineToken,
};

#[rustfmt::skip]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Validate user JWT token
    let user_token = &*std::env::var("RUNBEAM_TOKEN")?;
    let claims = validate_jwt_token(user_token, 24).await?;
    
    // Create API client
    let client = RunbeamClient::new(claims.api_base_url());
    
    // Authorize gateway and get machine token
    let response = client.authorize_gateway(
        user_token,
        "gateway-123",
        None,
        None
    ).await?;
    
    // Save machine token securely
    let instance_id = "my-gateway";
    let machine_token = MachineToken::new(
        response.machine_token,
        response.expires_at,
        response.gateway.id,
        response.gateway.code,
        response.abilities,
    );
    save_token(instance_id, &machine_token).await?;
    
    Ok(())
}
