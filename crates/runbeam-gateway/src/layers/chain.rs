//! What the credentials of one request, found good or bad one after another, add up to.

use std::ops::ControlFlow;

/// What one method finds in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// No credential of its kind.
    Missing,
    /// One that is not to be trusted.
    Invalid,
    /// One that cannot be told good from bad at present.
    CannotCheck,
    /// One that is not looked at: its peer has guessed wrong too often.
    HeldBack,
    /// A good one.
    Valid,
}

/// Why a request is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denial {
    /// A credential that is required is not there.
    Missing,
    /// One that is there is not to be trusted.
    Invalid,
    CannotCheck,
    HeldBack,
}

/// The walk of one request through its chain, method by method.
///
/// An optional method and those below it, down to the next required one, are alternatives. One of them has to be met.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Whether one of the alternatives that are looked at is met.
    is_met: bool,
    has_required: bool,
    has_valid: bool,
}

impl Walk {
    /// Takes the next finding, and ends the walk where it decides.
    pub(super) fn step(&mut self, finding: Finding, is_optional: bool) -> ControlFlow<Denial> {
        match finding {
            Finding::Missing => {}
            Finding::Valid => {
                self.is_met = true;
                self.has_valid = true;
            }
            Finding::Invalid => return ControlFlow::Break(Denial::Invalid),
            Finding::CannotCheck => return ControlFlow::Break(Denial::CannotCheck),
            Finding::HeldBack => return ControlFlow::Break(Denial::HeldBack),
        }
        if !is_optional {
            self.has_required = true;
            if !std::mem::take(&mut self.is_met) {
                return ControlFlow::Break(Denial::Missing);
            }
        }
        ControlFlow::Continue(())
    }

    /// What it comes to at the end of the chain.
    pub(super) fn end(self) -> Result<(), Denial> {
        if self.has_required || self.has_valid {
            Ok(())
        } else {
            Err(Denial::Missing)
        }
    }
}

#[cfg(test)]
mod tests;
