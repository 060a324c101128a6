//! The store by itself: save, load, describe and clear a machine token, in a directory that is gone afterwards.
//!
//! `cargo run -p runbeam-store --example store_alone`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use runbeam_model::MachineToken;
use runbeam_store::{EntryName, InstanceId, SecretStore, Store};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let home = tempfile::tempdir()?;
    // `Store::from_env()` is the usual way; this one touches neither your home nor your keyring.
    let store = Store::builder()
        .with_root(home.path().join(".runbeam"))
        .without_keyring()
        .build()?;

    let instance: InstanceId = "my-gateway".parse()?;
    let entry = EntryName::machine_token();
    let token: MachineToken = "mt_fe7f7ccc3fc17be1".parse()?;

    store.save_value(&instance, &entry, &token).await?;
    println!("{}", store.describe(&instance, &entry).await?);

    let loaded: Option<MachineToken> = store.load_value(&instance, &entry).await?;
    println!("the same token: {}", loaded.as_ref() == Some(&token));
    println!("and never shown: {loaded:?}");

    println!("cleared: {}", store.clear(&instance, &entry).await?);
    Ok(())
}
