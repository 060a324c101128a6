//! The names of an object, to tell whether one stands twice.

use std::borrow::Cow;
use std::collections::HashSet;

/// More names than most objects have, and few enough to be compared one by one.
const FEW: usize = 12;

/// Names without a copy of any; those of a usual object cost no memory from the heap either.
pub(super) struct Names<'a> {
    few: [Cow<'a, str>; FEW],
    count: usize,
    more: Option<HashSet<Cow<'a, str>>>,
}

impl Default for Names<'_> {
    fn default() -> Self {
        Self {
            few: [const { Cow::Borrowed("") }; FEW],
            count: 0,
            more: None,
        }
    }
}

impl<'a> Names<'a> {
    /// Adds a name, and says whether it is new.
    pub(super) fn insert(&mut self, name: Cow<'a, str>) -> bool {
        if self.few[..self.count].contains(&name) {
            return false;
        }
        if self.count < FEW {
            self.few[self.count] = name;
            self.count += 1;
            return true;
        }
        self.more.get_or_insert_default().insert(name)
    }
}
