//! The names of an object, to tell whether one stands twice.

use std::borrow::Cow;
use std::collections::HashSet;

/// More names than most objects have, and few enough to be compared one by one.
const FEW: usize = 12;

/// Names without a copy of any; those of a usual object cost no memory from the heap either.
#[derive(Default)]
pub(super) struct Names<'a> {
    few: [&'a str; FEW],
    count: usize,
    /// The [`mark`] of each name: one that is not there is not among them.
    marks: u64,
    /// What are many, or written with escapes.
    more: Option<HashSet<Cow<'a, str>>>,
}

impl<'a> Names<'a> {
    /// Adds a name, and says whether it is new.
    pub(super) fn insert(&mut self, name: Cow<'a, str>) -> bool {
        let mark = mark(&name);
        let is_marked = self.marks & mark != 0;
        self.marks |= mark;
        if is_marked && self.has(&name) {
            return false;
        }
        match name {
            Cow::Borrowed(name) if self.count < FEW => {
                self.few[self.count] = name;
                self.count += 1;
            }
            name => {
                self.more.get_or_insert_default().insert(name);
            }
        }
        true
    }

    fn has(&self, name: &str) -> bool {
        self.few[..self.count].contains(&name)
            || self.more.as_ref().is_some_and(|more| more.contains(name))
    }
}

/// One bit of 64, by what is quickly told of a name.
fn mark(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let [first, last] = [bytes.first(), bytes.last()].map(|byte| byte.copied().unwrap_or_default());
    1 << ((usize::from(first) * 7 + usize::from(last) * 3 + name.len()) % 64)
}
