//! Any text as a reference to a resource.

use runbeam_model::{Lookup, ResourceReference};

use crate::shows;

/// A reference is one by the documented forms alone, prints as it was written, and an error does not show it.
pub fn reference(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    match text.parse::<ResourceReference>() {
        Ok(reference) => {
            assert!(is_reference(text), "a reference is accepted that is none");
            let printed = reference.to_string();
            assert!(printed.eq_ignore_ascii_case(text));
            assert_eq!(printed.parse::<ResourceReference>().unwrap(), reference);
            let value = match reference.lookup() {
                Lookup::Id(value) | Lookup::Name(value) => value,
                _ => unreachable!("nothing else is looked up by"),
            };
            assert_eq!(text.rsplit('.').next().unwrap(), &**value);
            let parts = 1
                + usize::from(!reference.is_local()) * 2
                + usize::from(reference.team().is_some())
                + usize::from(reference.kind().is_some());
            assert_eq!(parts, text.split('.').count());
        }
        Err(error) => {
            assert!(!is_reference(text), "a reference is refused: {error}");
            // A text may hold the words that an error has by itself.
            let shown = format!("{error} {error:?}").replace("egress, pipeline, endpoint", "");
            assert!(!shows(&shown, text));
        }
    }
}

fn is_reference(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let is_by = |part: &str| part == "name" || part == "id";
    let kinds = [
        "ingress", "egress", "pipeline", "endpoint", "backend", "mesh",
    ];
    let is_kind = |part: &str| kinds.iter().any(|kind| kind.eq_ignore_ascii_case(part));
    let is_form = match parts.len() {
        1 => true,
        3 => is_by(parts[1]),
        4 => parts[2] == "id",
        5 => is_kind(parts[2]) && is_by(parts[3]),
        _ => false,
    };
    is_form
        && !text.chars().any(char::is_control)
        && parts.iter().all(|part| !part.trim().is_empty())
}
