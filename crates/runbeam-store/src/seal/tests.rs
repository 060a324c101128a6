//! Sealing and opening, and every way to tamper with a sealed secret.

use super::*;

const GENERATION: &str = "1795339200000";

struct Fixture {
    instance: InstanceId,
    entry: EntryName,
    identities: Identities,
    value: SecretBytes,
}

impl Fixture {
    fn new() -> Self {
        Self {
            instance: "gateway".parse().unwrap(),
            entry: EntryName::machine_token(),
            identities: Identities::generate(),
            value: SecretBytes::from(b"{\"machine_token\": \"mt_1\"}".to_vec()),
        }
    }

    fn place(&self) -> Place<'_> {
        Place {
            instance: &self.instance,
            entry: &self.entry,
        }
    }

    fn seal(&self) -> Vec<u8> {
        let generation = Generation::parse(GENERATION).unwrap();
        seal(&self.value, self.place(), generation, &self.identities).unwrap()
    }

    fn open(&self, sealed: &[u8]) -> Result<SecretBytes, OpenError> {
        self.open_whole(sealed).map(|opened| opened.value)
    }

    fn open_whole(&self, sealed: &[u8]) -> Result<Opened, OpenError> {
        open(sealed, self.place(), self.identities.iter())
    }
}

/// Where the stanza of the place stands: its line, and the empty line of its body.
fn stanza_range(sealed: &[u8]) -> std::ops::Range<usize> {
    let tag = b"-> runbeam-entry ";
    let start = sealed
        .windows(tag.len())
        .position(|window| window == tag)
        .unwrap();
    let line = sealed[start..].iter().position(|b| *b == b'\n').unwrap();
    assert_eq!(
        sealed[start + line + 1],
        b'\n',
        "the body of the stanza is one empty line"
    );
    start..start + line + 2
}

#[test]
fn what_was_sealed_opens() {
    let fixture = Fixture::new();
    let sealed = fixture.seal();
    assert_eq!(fixture.open(&sealed).unwrap(), fixture.value);
    assert!(sealed.starts_with(b"age-encryption.org/v1\n-> X25519 "));
    assert!(!sealed.windows(4).any(|window| window == b"mt_1"));
}

#[test]
fn any_size_opens() {
    let mut fixture = Fixture::new();
    for len in [0, 1, 4095, 4096, 4097, 65_535, 65_536] {
        fixture.value = SecretBytes::from(vec![7; len]);
        assert_eq!(fixture.open(&fixture.seal()).unwrap().len(), len);
    }
}

#[test]
fn another_place_is_told() {
    let mut fixture = Fixture::new();
    let sealed = fixture.seal();
    fixture.entry = EntryName::user_token();
    assert!(matches!(fixture.open(&sealed), Err(OpenError::Misplaced)));
    fixture.entry = EntryName::machine_token();
    fixture.instance = "gateway2".parse().unwrap();
    assert!(matches!(fixture.open(&sealed), Err(OpenError::Misplaced)));
    fixture.identities = Identities::generate();
    assert!(
        matches!(fixture.open(&sealed), Err(OpenError::Misplaced)),
        "of another instance with another key"
    );
}

#[test]
fn without_its_stanza_or_with_another_it_is_damaged() {
    let fixture = Fixture::new();
    let sealed = fixture.seal();
    let range = stanza_range(&sealed);

    let mut stripped = sealed.clone();
    stripped.drain(range.clone());
    assert!(matches!(
        fixture.open(&stripped),
        Err(OpenError::Damaged(DecryptError::InvalidMac))
    ));

    let other_place = Place {
        instance: &"gateway2".parse().unwrap(),
        entry: &fixture.entry,
    };
    let mut moved = sealed.clone();
    moved.splice(
        range.clone(),
        b"-> runbeam-entry gateway2 auth 1795339200000\n\n"
            .iter()
            .copied(),
    );
    let opened = open(&moved, other_place, fixture.identities.iter());
    assert!(matches!(
        opened,
        Err(OpenError::Damaged(DecryptError::InvalidMac))
    ));

    let mut doubled = sealed;
    let stanza = doubled[range.clone()].to_vec();
    doubled.splice(range.start..range.start, stanza);
    assert!(matches!(
        fixture.open(&doubled),
        Err(OpenError::Damaged(DecryptError::InvalidMac))
    ));
}

#[test]
fn every_cut_and_every_flipped_bit_is_an_error() {
    let fixture = Fixture::new();
    let sealed = fixture.seal();
    for len in 0..sealed.len() {
        assert!(fixture.open(&sealed[..len]).is_err(), "cut at {len}");
    }
    for position in 0..sealed.len() {
        let mut flipped = sealed.clone();
        flipped[position] ^= 1;
        assert!(fixture.open(&flipped).is_err(), "flipped at {position}");
    }
    let mut longer = sealed;
    longer.push(0);
    assert!(matches!(fixture.open(&longer), Err(OpenError::Damaged(_))));
}

#[test]
fn another_key_is_told() {
    let mut fixture = Fixture::new();
    let sealed = fixture.seal();
    fixture.identities = Identities::generate();
    assert!(matches!(fixture.open(&sealed), Err(OpenError::WrongKey)));
    assert!(matches!(
        fixture.open(b"{\"machine_token\": 1}"),
        Err(OpenError::Damaged(_))
    ));
    assert!(matches!(fixture.open(b""), Err(OpenError::Damaged(_))));
}

#[test]
fn a_file_without_a_place_opens() {
    let fixture = Fixture::new();
    let recipient = fixture.identities.recipient();
    let sealed = age::encrypt(&recipient, fixture.value.expose()).unwrap();
    assert_eq!(fixture.open(&sealed).unwrap(), fixture.value);
}

#[test]
fn the_generation_is_sealed_with_the_secret() {
    let fixture = Fixture::new();
    let sealed = fixture.seal();
    let opened = fixture.open_whole(&sealed).unwrap();
    assert_eq!(opened.generation.to_string(), GENERATION);
    assert_eq!(claimed_generation(&sealed), opened.generation);
    assert_eq!(opened.recipients, 1);

    let mut newer = sealed;
    let range = stanza_range(&newer);
    newer[range.end - 3] += 1;
    assert!(claimed_generation(&newer) > opened.generation);
    assert!(matches!(
        fixture.open(&newer),
        Err(OpenError::Damaged(DecryptError::InvalidMac))
    ));
}

#[test]
fn a_place_without_a_generation_opens_as_the_oldest() {
    struct Former;
    impl age::Recipient for Former {
        fn wrap_file_key(
            &self,
            _: &FileKey,
        ) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
            let stanza = Stanza {
                tag: PLACE_TAG.to_owned(),
                args: vec!["gateway".to_owned(), "auth".to_owned()],
                body: Vec::new(),
            };
            Ok((vec![stanza], HashSet::new()))
        }
    }
    let fixture = Fixture::new();
    let recipient = fixture.identities.recipient();
    let recipients: [&dyn age::Recipient; 2] = [&recipient, &Former];
    let mut sealed = Vec::new();
    let mut writer = Encryptor::with_recipients(recipients.into_iter())
        .unwrap()
        .wrap_output(&mut sealed)
        .unwrap();
    writer.write_all(b"former").unwrap();
    writer.finish().unwrap();
    let opened = fixture.open_whole(&sealed).unwrap();
    assert_eq!(opened.value.expose(), b"former");
    assert_eq!(opened.generation, Generation::UNNUMBERED);
    assert_eq!(claimed_generation(&sealed), Generation::UNNUMBERED);
}
