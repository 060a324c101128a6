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
    lifetime: Option<SignedDuration>,
}

impl SanctumSpec {
    /// A token of the default user with all abilities (`*`), which never expires.
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

    /// A token that expires this long after its issue.
    #[must_use]
    pub const fn with_lifetime(mut self, lifetime: SignedDuration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }
}

/// The right of a user, and of no more than the user's team.
#[derive(Clone, Debug)]
pub(crate) struct SanctumToken {
    pub(crate) id: u64,
    pub(crate) user: User,
    pub(crate) abilities: Abilities,
    pub(crate) issued_at: Timestamp,
    /// `None` for a token that never expires.
    pub(crate) expires_at: Option<Timestamp>,
}

/// The right of one gateway, for thirty days.
#[derive(Clone, Debug)]
pub(crate) struct MachineToken {
    pub(crate) gateway_id: String,
    pub(crate) team_id: String,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// A token at the only moment at which it is known in full.
pub(crate) struct Issued<T> {
    pub(crate) secret: String,
    pub(crate) digest: Digest,
    pub(crate) token: T,
}

/// All opaque tokens that were issued.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) sanctum: HashMap<Digest, SanctumToken>,
    pub(crate) machine: HashMap<Digest, MachineToken>,
    /// The highest id of a Sanctum token.
    last_id: u64,
}

impl Tokens {
    /// Issues `{id}|{secret}`, of which the digest of the part after the bar is kept.
    pub(crate) fn issue_sanctum(
        &mut self,
        spec: SanctumSpec,
        default_user: &User,
        now: Timestamp,
    ) -> Issued<SanctumToken> {
        let id = self.last_id + 1;
        let secret = random::alphanumeric(40);
        let token = SanctumToken {
            id,
            user: spec.user.unwrap_or_else(|| default_user.clone()),
            abilities: spec.abilities.map_or(Abilities::All, Abilities::Only),
            issued_at: now,
            expires_at: spec.lifetime.map(|lifetime| later(now, lifetime)),
        };
        let digest = Digest::of(&secret);
        self.add_sanctum(digest, token.clone());
        Issued {
            secret: format!("{id}|{secret}"),
            digest,
            token,
        }
    }

    pub(crate) fn add_sanctum(&mut self, digest: Digest, token: SanctumToken) {
        self.last_id = self.last_id.max(token.id);
        self.sanctum.insert(digest, token);
    }

    pub(crate) fn sanctum(&self, id: &str, secret: &str, now: Timestamp) -> Option<&SanctumToken> {
        self.sanctum
            .get(&Digest::of(secret))
            .filter(|token| id.parse() == Ok(token.id))
            .filter(|token| token.expires_at.is_none_or(|end| now < end))
    }

    /// Ends a Sanctum token and gives the digest under which it was kept.
    pub(crate) fn revoke_sanctum(&mut self, id: u64) -> Option<Digest> {
        let digest = self
            .sanctum
            .iter()
            .find_map(|(digest, token)| (token.id == id).then_some(*digest))?;
        self.sanctum.remove(&digest);
        Some(digest)
    }

    /// Issues another machine token for a gateway; earlier ones stay as they are.
    pub(crate) fn issue_machine(
        &mut self,
        gateway_id: &str,
        team_id: &str,
        lifetime: SignedDuration,
        now: Timestamp,
    ) -> Issued<MachineToken> {
        let secret = format!("mt_{}", random::hex::<24>());
        let token = MachineToken {
            gateway_id: gateway_id.into(),
            team_id: team_id.into(),
            issued_at: now,
            expires_at: later(now, lifetime),
        };
        let digest = Digest::of(&secret);
        self.machine.insert(digest, token.clone());
        Issued {
            secret,
            digest,
            token,
        }
    }

    pub(crate) fn machine(&self, secret: &str, now: Timestamp) -> Option<&MachineToken> {
        self.machine
            .get(&Digest::of(secret))
            .filter(|token| now < token.expires_at)
    }

    /// Ends all machine tokens of a gateway: their digests, and how many of them were still alive.
    pub(crate) fn revoke_machine(
        &mut self,
        gateway_id: &str,
        now: Timestamp,
    ) -> (Vec<Digest>, usize) {
        let mut living = 0;
        let ended = self
            .machine
            .extract_if(|_, token| token.gateway_id == gateway_id)
            .map(|(digest, token)| {
                living += usize::from(now < token.expires_at);
                digest
            })
            .collect();
        (ended, living)
    }
}

pub(crate) fn later(now: Timestamp, lifetime: SignedDuration) -> Timestamp {
    now.saturating_add(lifetime).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn machine(tokens: &mut Tokens, gateway: &str, now: Timestamp) -> String {
        tokens
            .issue_machine(gateway, "t", MACHINE_TOKEN_LIFETIME, now)
            .secret
    }

    #[test]
    fn a_machine_token_lives_thirty_days_and_no_second_longer() {
        let mut tokens = Tokens::default();
        let issued = tokens.issue_machine("g", "t", MACHINE_TOKEN_LIFETIME, NOW);
        let end = NOW + MACHINE_TOKEN_LIFETIME;
        assert_eq!(issued.token.expires_at, end);
        let alive = |now| tokens.machine(&issued.secret, now).is_some();
        assert!(alive(end - SignedDuration::from_nanos(1)));
        assert!(!alive(end));
    }

    #[test]
    fn revoking_counts_the_living_of_one_gateway() {
        let mut tokens = Tokens::default();
        machine(&mut tokens, "g", NOW);
        let later = NOW + MACHINE_TOKEN_LIFETIME;
        let living = machine(&mut tokens, "g", later);
        let other = machine(&mut tokens, "h", later);
        let (ended, counted) = tokens.revoke_machine("g", later);
        assert_eq!((ended.len(), counted), (2, 1));
        assert!(tokens.machine(&living, later).is_none());
        assert!(tokens.machine(&other, later).is_some());
        assert_eq!(tokens.revoke_machine("g", later).1, 0);
    }

    #[test]
    fn a_sanctum_token_needs_its_own_id() {
        let mut tokens = Tokens::default();
        let user = User::first();
        tokens.issue_sanctum(SanctumSpec::new(), &user, NOW);
        let issued = tokens.issue_sanctum(SanctumSpec::new(), &user, NOW).secret;
        let (id, secret) = issued.split_once('|').unwrap();
        assert_eq!((id, secret.len()), ("2", 40));
        assert!(tokens.sanctum("2", secret, NOW).is_some());
        assert!(tokens.sanctum("1", secret, NOW).is_none());
        assert!(tokens.sanctum("2", "", NOW).is_none());
    }

    #[test]
    fn a_sanctum_token_may_have_a_date_and_may_be_revoked() {
        let mut tokens = Tokens::default();
        let hour = SignedDuration::from_hours(1);
        let spec = SanctumSpec::new().with_lifetime(hour);
        let issued = tokens.issue_sanctum(spec, &User::first(), NOW).secret;
        let (id, secret) = issued.split_once('|').unwrap();
        let last = NOW + hour - SignedDuration::from_nanos(1);
        assert!(tokens.sanctum(id, secret, last).is_some());
        assert!(tokens.sanctum(id, secret, NOW + hour).is_none());
        assert!(tokens.revoke_sanctum(1).is_some());
        assert!(tokens.revoke_sanctum(1).is_none());
        assert!(tokens.sanctum(id, secret, NOW).is_none());
        let next = tokens.issue_sanctum(SanctumSpec::new(), &User::first(), NOW);
        assert_eq!(next.token.id, 2, "an id is never given twice");
    }

    #[test]
    fn no_secret_is_kept() {
        let mut tokens = Tokens::default();
        let sanctum = tokens
            .issue_sanctum(SanctumSpec::new(), &User::first(), NOW)
            .secret;
        let machine = machine(&mut tokens, "g", NOW);
        let kept = format!("{tokens:?}");
        assert!(!kept.contains(sanctum.split_once('|').unwrap().1));
        assert!(!kept.contains(&machine));
    }
}
