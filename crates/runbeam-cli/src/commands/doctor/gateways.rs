//! Gateways: those that were added, and the machine tokens that this machine keeps.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use runbeam_sdk::ErrorKind;
use runbeam_sdk::model::{Clock, SystemClock};
use runbeam_sdk::store::{EntryName, InstanceId, SecretStore, Store};

use super::{Finding, PATIENCE};
use crate::commands::{gateway_calls, token};
use crate::instances::{self, Instance};
use crate::session::Session;
use crate::spoken_time;

const GATEWAY: &str = "gateway";
const TOKEN: &str = "machine token";

/// From here on a renewal is due.
const RENEWAL: Duration = Duration::from_secs(5 * 24 * 60 * 60);

pub(super) async fn check(session: &Session) -> Vec<Finding> {
    let (mut findings, tokens) = tokio::join!(all_gateways(session), tokens(session));
    findings.extend(tokens);
    findings
}

async fn all_gateways(session: &Session) -> Vec<Finding> {
    let Ok(instances) = instances::list(&session.settings.home) else {
        return Vec::new();
    };
    if instances.is_empty() {
        let why = "none was added; add one with `runbeam harmony:add`";
        return vec![Finding::skipped(GATEWAY, why)];
    }
    let looked = instances.iter().map(|instance| gateway(session, instance));
    together(looked).await.into_iter().flatten().collect()
}

/// Does all of `work` at once, so that many gateways that are away take no longer than one.
async fn together<T>(work: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut work: Vec<_> = work.map(|work| (Box::pin(work), None)).collect();
    poll_fn(|context| {
        for (work, result) in &mut work {
            if result.is_none()
                && let Poll::Ready(done) = work.as_mut().poll(context)
            {
                *result = Some(done);
            }
        }
        if work.iter().all(|(_, result)| result.is_some()) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    work.into_iter().filter_map(|(_, result)| result).collect()
}

async fn gateway(session: &Session, instance: &Instance) -> Vec<Finding> {
    let label = &instance.label;
    let address = instance.address();
    let Ok(client) = session.gateway(instance) else {
        return vec![Finding::fault(
            GATEWAY,
            "gateway-address-unusable",
            format!("`{label}` has no usable address: {address}"),
            "add it again with `runbeam harmony:add`",
        )];
    };
    let mut findings = Vec::new();
    if !client.takes_secrets() {
        findings.push(Finding::warning(
            GATEWAY,
            "gateway-in-the-clear",
            format!("`{label}` is reached over plain http on another machine; it cannot be authorized from here"),
            "let it speak TLS and add it with `--tls`, or authorize it on its own machine",
        ));
    }
    let asked = tokio::time::timeout(PATIENCE, async {
        let info = client.info().await?;
        Ok::<_, runbeam_sdk::Error>((info, client.is_integration_enabled().await?))
    });
    findings.push(match asked.await {
        Ok(Ok((info, true))) => Finding::good(
            GATEWAY,
            format!("`{label}` at {address} runs Harmony {}", info.version),
        ),
        Ok(Ok((_, false))) => Finding::fault(
            GATEWAY,
            "integration-disabled",
            format!("the Runbeam integration of `{label}` is off, so that it takes no token"),
            gateway_calls::how_to_enable(instance),
        ),
        Ok(Err(error)) => refused(&error, label, &address),
        Err(_) => unreachable(label, &address, "it does not answer in time"),
    });
    findings
}

fn refused(error: &runbeam_sdk::Error, label: &str, address: &str) -> Finding {
    match error.kind() {
        ErrorKind::Unreachable => unreachable(label, address, "nothing answers there"),
        ErrorKind::Untrusted => Finding::fault(
            GATEWAY,
            "gateway-untrusted",
            format!("`{label}` cannot prove who it is at {address}"),
            "name the certificate authority that signed its certificate with `runbeam config:set ca-file FILE`",
        ),
        ErrorKind::NotFound => Finding::fault(
            GATEWAY,
            "management-off",
            format!("`{label}` at {address} has no management API where it is looked for"),
            "enable management in its config.toml, or correct `--path-prefix` with `runbeam harmony:add`",
        ),
        _ => Finding::fault(
            GATEWAY,
            "not-a-gateway",
            format!("what answers at {address} is not the management API of a gateway: {error}"),
            "correct the address with `runbeam harmony:add`",
        ),
    }
}

fn unreachable(label: &str, address: &str, why: &str) -> Finding {
    Finding::fault(
        GATEWAY,
        "gateway-unreachable",
        format!("`{label}` cannot be reached at {address}: {why}"),
        "start it, or correct its address with `runbeam harmony:add`; `runbeam harmony:remove` takes it off the list",
    )
}

/// The machine tokens of gateways that run on this machine.
async fn tokens(session: &Session) -> Vec<Finding> {
    let Ok(store) = Store::from_env() else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(session.settings.home.path())
        .into_iter()
        .flatten();
    let names = entries.flatten().filter(|entry| entry.path().is_dir());
    let instances = names.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.parse::<InstanceId>().ok()
    });
    let mut findings = Vec::new();
    for instance in instances {
        let looked = tokio::time::timeout(PATIENCE, of_instance(&store, &instance)).await;
        findings.extend(looked.ok().flatten());
    }
    findings
}

async fn of_instance(store: &Store, instance: &InstanceId) -> Option<Finding> {
    let entry = EntryName::machine_token();
    if !store.list(instance).await.ok()?.contains(&entry) {
        return None;
    }
    let renew = "authorize the gateway again with `runbeam harmony:authorize`";
    let expiry = match token::expiry(store, instance, &entry).await {
        Ok(expiry) => expiry?,
        Err(failure) => {
            let why = failure.causes().join("; ");
            return Some(Finding::fault(
                TOKEN,
                "machine-token-unreadable",
                format!("the token of `{instance}` cannot be read: {why}"),
                format!("set the key that it was sealed with, or {renew}"),
            ));
        }
    };
    let left = expiry.saturating_duration_since(SystemClock.now());
    let when = spoken_time::relative(expiry);
    Some(if left.is_zero() {
        let what = format!("the token of `{instance}` ended {when}");
        Finding::fault(TOKEN, "machine-token-expired", what, renew)
    } else if left < RENEWAL {
        let what = format!("the token of `{instance}` ends {when}");
        Finding::warning(TOKEN, "machine-token-ends", what, renew)
    } else {
        Finding::good(TOKEN, format!("that of `{instance}` ends {when}"))
    })
}
