//! What a file system survives, by its kind.

use std::path::Path;

use crate::Lifetime;

/// `statfs(2)`: `TMPFS_MAGIC`, `RAMFS_MAGIC`, `OVERLAYFS_SUPER_MAGIC`.
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
const LAYERS_OF_A_CONTAINER: u64 = 0x794c_7630;

/// What is not there yet would be where its closest directory is. A file system that does not tell is taken for a
/// disk.
pub(super) fn lifetime_at(path: &Path) -> Lifetime {
    let kind = path
        .ancestors()
        .find_map(|ancestor| rustix::fs::statfs(ancestor).ok())
        .map(|status| of_kind(status.f_type));
    match kind {
        Some(kind) if IN_MEMORY.contains(&kind) => Lifetime::Boot,
        Some(LAYERS_OF_A_CONTAINER) => Lifetime::Container,
        _ => Lifetime::Durable,
    }
}

/// The type of the field differs among architectures, and is signed on some.
fn of_kind(kind: impl TryInto<i64>) -> u64 {
    let kind = kind.try_into().unwrap_or_default();
    u64::try_from(kind & 0xffff_ffff).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_from_a_disk() {
        if Path::new("/dev/shm").is_dir() {
            assert_eq!(lifetime_at(Path::new("/dev/shm/not/there")), Lifetime::Boot);
        }
        let kind = rustix::fs::statfs("/proc").unwrap().f_type;
        assert_eq!(
            of_kind(kind),
            0x9fa0,
            "that of proc, as a check of the reading"
        );
    }
}
