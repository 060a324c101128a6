//! Any two texts as names of instances and entries.

use std::fmt::Debug;
use std::path::{Component, Path};

use runbeam_store::{EntryName, Error, ErrorKind, InstanceId};

/// A name that is accepted is one plain component of a path on every system, and no two of them are one there.
pub fn instance_ids(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let (first, second) = text.split_once('\n').unwrap_or((text, ""));
    check::<InstanceId>([first, second], '.');
    check::<EntryName>([first, second], '-');
    // An entry is a file in the directory of its instance, and no instance is such a file.
    if let (Ok(entry), Ok(instance)) = (EntryName::try_from(first), InstanceId::try_from(second)) {
        assert_ne!(format!("{entry}.json"), instance.as_str());
    }
}

fn check<N>(texts: [&str; 2], beside: char)
where
    N: for<'a> TryFrom<&'a str, Error = Error> + AsRef<str> + Debug + PartialEq,
{
    let [first, second] = texts.map(|text| match N::try_from(text) {
        Ok(name) => {
            check_name(name.as_ref(), text, beside);
            Some(name)
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidName);
            None
        }
    });
    if let (Some(first), Some(second)) = (first, second) {
        let is_one_file = folded(first.as_ref()) == folded(second.as_ref());
        assert_eq!(first == second, is_one_file);
        assert_eq!(first == second, texts[0] == texts[1]);
    }
}

fn check_name(name: &str, text: &str, beside: char) {
    assert_eq!(name, text);
    assert!((1..=64).contains(&name.len()));
    let is_plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_') || c == beside;
    assert!(name.chars().all(is_plain), "{name}");
    let components: Vec<_> = Path::new(name).components().collect();
    assert_eq!(components, [Component::Normal(name.as_ref())]);
    let stem = name.split('.').next().unwrap_or_default();
    let is_device = ["con", "prn", "aux", "nul"].contains(&stem)
        || stem.len() == 4
            && (stem.starts_with("com") || stem.starts_with("lpt"))
            && stem.ends_with(|c: char| c.is_ascii_digit());
    assert!(!is_device, "{name}");
}

/// What the file systems of Windows and macOS make of a name.
fn folded(name: &str) -> String {
    name.trim_end_matches(['.', ' ']).to_lowercase()
}
