//! Opaque tokens, kept as digests alone.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::{
    abilities::{Abilities, Ability},
    accounts::User,
    digest::Digest,
    random,
};

/// Thirty days.
pub(crate) const MACHINE_TOKEN_LIFETIME: SignedDuration = SignedDuration::from_secs(2_592_000);

/// What to issue a Sanctum token for: by default everything that the default user may do.
#[derive(Clone, Debug, Default)]
pub struct SanctumSpec {
    user: Option<User>,
    abilities: Option<Vec<Ability>>,
}

impl SanctumSpec {
    /// A token of the default user with all abilities (`*`).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A token of another user, and of that user's team.
    #[must_use]
    pub fn with_user(mut self, user: &User) -> Self {
        self.user = Some(user.clone());
        self
    }

    /// A token with these abilities alone; none at all is possible.
    #[must_use]
    pub fn with_abilities(mut self, abilities: impl IntoIterator<Item = Ability>) -> Self {
        self.abilities = Some(abilities.into_iter().collect());
        self
    }
}

/// The right of a user, and of no more than the user's team, in a token that never expires.
#[derive(Debug)]
pub(crate) struct SanctumToken {
    id: u64,
    pub(crate) user: User,
    pub(crate) abilities: Abilities,
}

/// The right of one gateway, for thirty days.
#[derive(Debug)]
pub(crate) struct MachineToken {
    gateway_id: String,
    pub(crate) team_id: String,
    expires_at: Timestamp,
}

/// A machine token at the only moment at which it is known in full.
pub(crate) struct IssuedMachineToken {
    pub(crate) secret: String,
    pub(crate) expires_at: Timestamp,
}

/// All opaque tokens that were issued.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    sanctum: HashMap<Digest, SanctumToken>,
    machine: HashMap<Digest, MachineToken>,
}

impl Tokens {
    /// Issues `{id}|{secret}`, of which the digest of the part after the bar is kept.
    pub(crate) fn issue_sanctum(&mut self, spec: SanctumSpec, default_user: &User) -> String {
        let id = self.sanctum.len() as u64 + 1;
        let secret = random::alphanumeric(40);
        let token = SanctumToken {
            id,
            user: spec.user.unwrap_or_else(|| default_user.clone()),
            abilities: spec.abilities.map_or(Abilities::All, Abilities::Only),
        };
        self.sanctum.insert(Digest::of(&secret), token);
        format!("{id}|{secret}")
    }

    pub(crate) fn sanctum(&self, id: &str, secret: &str) -> Option<&SanctumToken> {
        self.sanctum
            .get(&Digest::of(secret))
            .filter(|token| id.parse() == Ok(token.id))
    }

    /// Issues another machine token for a gateway; earlier ones stay as they are.
    pub(crate) fn issue_machine(
        &mut self,
        gateway_id: &str,
        team_id: &str,
        now: Timestamp,
    ) -> IssuedMachineToken {
        let secret = format!("mt_{}", random::hex::<24>());
        let expires_at = now
            .saturating_add(MACHINE_TOKEN_LIFETIME)
            .unwrap_or(Timestamp::MAX);
        let token = MachineToken {
            gateway_id: gateway_id.into(),
            team_id: team_id.into(),
            expires_at,
        };
        self.machine.insert(Digest::of(&secret), token);
        IssuedMachineToken { secret, expires_at }
    }

    pub(crate) fn machine(&self, secret: &str, now: Timestamp) -> Option<&MachineToken> {
        self.machine
            .get(&Digest::of(secret))
            .filter(|token| now < token.expires_at)
    }

    /// Ends all machine tokens of a gateway and says how many were still alive.
    pub(crate) fn revoke_machine(&mut self, gateway_id: &str, now: Timestamp) -> usize {
        self.machine
            .extract_if(|_, token| token.gateway_id == gateway_id)
            .filter(|(_, token)| now < token.expires_at)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Accounts;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn a_machine_token_lives_thirty_days_and_no_second_longer() {
        let mut tokens = Tokens::default();
        let issued = tokens.issue_machine("g", "t", NOW);
        let end = NOW + MACHINE_TOKEN_LIFETIME;
        assert_eq!(issued.expires_at, end);
        assert!(
            tokens
                .machine(&issued.secret, end - SignedDuration::from_nanos(1))
                .is_some()
        );
        assert!(tokens.machine(&issued.secret, end).is_none());
    }

    #[test]
    fn revoking_counts_the_living_of_one_gateway() {
        let mut tokens = Tokens::default();
        tokens.issue_machine("g", "t", NOW);
        let later = NOW + MACHINE_TOKEN_LIFETIME;
        let living = tokens.issue_machine("g", "t", later);
        let other = tokens.issue_machine("h", "t", later);
        assert_eq!(tokens.revoke_machine("g", later), 1);
        assert!(tokens.machine(&living.secret, later).is_none());
        assert!(tokens.machine(&other.secret, later).is_some());
        assert_eq!(tokens.revoke_machine("g", later), 0);
    }

    #[test]
    fn a_sanctum_token_needs_its_own_id() {
        let mut tokens = Tokens::default();
        let user = Accounts::first_user();
        tokens.issue_sanctum(SanctumSpec::new(), &user);
        let issued = tokens.issue_sanctum(SanctumSpec::new(), &user);
        let (id, secret) = issued.split_once('|').unwrap();
        assert_eq!((id, secret.len()), ("2", 40));
        assert!(tokens.sanctum("2", secret).is_some());
        assert!(tokens.sanctum("1", secret).is_none());
        assert!(tokens.sanctum("2", "").is_none());
    }

    #[test]
    fn no_secret_is_kept() {
        let mut tokens = Tokens::default();
        let sanctum = tokens.issue_sanctum(SanctumSpec::new(), &Accounts::first_user());
        let machine = tokens.issue_machine("g", "t", NOW);
        let kept = format!("{tokens:?}");
        assert!(!kept.contains(sanctum.split_once('|').unwrap().1));
        assert!(!kept.contains(&machine.secret));
    }
}
