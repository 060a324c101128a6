//! The quick starts of the product's overview compile and run as they are written.

use std::path::PathBuf;
use std::process::Command;

use runbeam_emulator::Emulator;

use crate::shared_files;

/// The built example. Cargo builds examples before it runs tests, into a folder beside that of the tests.
fn built(example: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples")
        .join(example);
    assert!(
        path.exists(),
        "{} is missing: `cargo build --examples` makes it",
        path.display()
    );
    path
}

async fn run(example: &'static str, cloud: &Emulator, token: String) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(built(example));
    command
        .env("RUNBEAM_TOKEN", token)
        .env("RUNBEAM_API_URL", cloud.url())
        .env("RUNBEAM_HOME", home.path().join(".runbeam"))
        .env("RUNBEAM_DISABLE_KEYRING", "1")
        .env_remove("RUNBEAM_ENCRYPTION_KEY");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let sealed = std::fs::read(home.path().join(".runbeam/my-gateway/auth.json")).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1\n"));
}

#[tokio::test]
async fn both_run_against_the_emulator() {
    let cloud = Emulator::start().await.unwrap();
    run("quickstart_jwt", &cloud, cloud.mint_jwt()).await;
    run("quickstart_sanctum", &cloud, cloud.mint_sanctum_token()).await;
}

#[test]
fn both_are_as_the_document_writes_them() {
    let Some(document) = shared_files::read("product/001-sdk-overview.md") else {
        return;
    };
    let examples = [
        include_str!("../../examples/quickstart_jwt.rs"),
        include_str!("../../examples/quickstart_sanctum.rs"),
    ];
    let blocks: Vec<_> = document
        .split("```rust\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), examples.len());
    for (block, example) in blocks.iter().zip(examples) {
        let comes_from_outside = |line: &&str| {
            line.contains("\"eyJhbGci...\"")
                || line.contains("\"1|abc123def456...\"")
                || line.contains("\"https://api.runbeam.io\"")
        };
        let mut written = example.lines();
        for line in block.lines().filter(|line| !comes_from_outside(line)) {
            assert!(
                written.any(|other| other == line),
                "not as written: {line:?}"
            );
        }
    }
}
