//! Verifies a token with `runbeam-auth` alone: keys at hand, no network, no async.
//!
//! The token and the key set are made up on the spot; a program would read them from a request and from a file.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use runbeam_auth::{JwkSet, TrustPolicy, TrustedIssuer, Verifier};
use runbeam_emulator::SigningKey;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let signing_key = SigningKey::generate();
    let token = signing_key.sign_raw(
        &format!(r#"{{"alg":"RS256","kid":"{}"}}"#, signing_key.key_id()),
        r#"{"iss":"https://auth.example.com","aud":"harmony-api","sub":"ines","exp":4102444800}"#,
    );
    let key_set = format!(r#"{{"keys":[{}]}}"#, signing_key.jwk());

    let issuer = TrustedIssuer::exact("https://auth.example.com")
        .with_keys(JwkSet::parse(key_set.as_bytes())?);
    let verifier = Verifier::new(TrustPolicy::new(issuer).with_audience("harmony-api"))?;

    let claims = verifier.verify(&token)?;
    println!("trusted: {:?} until {}", claims.sub, claims.exp);

    let forged = SigningKey::generate()
        .sign_raw(r#"{"alg":"none"}"#, r#"{"iss":"https://auth.example.com"}"#);
    if let Err(error) = verifier.verify(&forged) {
        println!("refused: {error}");
    }
    Ok(())
}
