//! Log lines, all of them on standard error.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::args::Globals;
use crate::environment;

/// Shows what the SDK logs: warnings, or what `-v` and `-q` say, or what `RUST_LOG` says in their place.
pub(crate) fn start(globals: &Globals) {
    let level = match (globals.quiet, globals.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    // Lines of other crates are for whoever names them: those of HTTP and TLS drown ours.
    let mut ours = Targets::new()
        .with_target("runbeam", level)
        .with_default(level.min(LevelFilter::WARN));
    if globals.verbose == 0 {
        // They warn of what the operator's own addresses allow. No token is sent by what they warn of.
        for layer in ["runbeam_auth", "runbeam_http"] {
            ours = ours.with_target(layer, LevelFilter::ERROR);
        }
    }
    let filter = environment::log_filter()
        .and_then(|filter| filter.parse::<Targets>().ok())
        .unwrap_or(ours);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .compact();
    // There is no other subscriber that could be in the way.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .try_init();
}
