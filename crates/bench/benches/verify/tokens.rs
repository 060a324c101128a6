//! The tokens: good ones, each of its own, and four kinds of rubbish.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runbeam_emulator::{Emulator, SigningKey};

/// Eight batches, and one to begin with.
const TOKENS: usize = 257;

pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) signature: Vec<u8>,
}

impl Token {
    /// What the signature is of.
    pub(crate) fn signed(&self) -> &[u8] {
        let end = self.text.rfind('.').unwrap_or_default();
        &self.text.as_bytes()[..end]
    }

    fn new(text: String) -> Self {
        let (_, signature) = text.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        Self { text, signature }
    }
}

pub(crate) struct Tokens {
    pub(crate) good: Vec<Token>,
    pub(crate) bad_base64url: Vec<Token>,
    pub(crate) wrong_algorithm: Vec<Token>,
    pub(crate) unknown_issuer: Vec<Token>,
    pub(crate) forged: Vec<Token>,
}

impl Tokens {
    pub(crate) fn of(cloud: &Emulator) -> Self {
        let (key, stranger) = (cloud.signing_key(), SigningKey::generate());
        let (url, elsewhere) = (cloud.url(), "https://auth.example.com");
        let many =
            |make: &dyn Fn(usize) -> String| (0..TOKENS).map(|n| Token::new(make(n))).collect();
        let header = |algorithm| {
            format!(
                r#"{{"typ":"JWT","alg":"{algorithm}","kid":"{}"}}"#,
                key.key_id()
            )
        };
        let rs256 = header("RS256");
        Self {
            good: many(&|n| key.sign_raw(&rs256, &claims(&url, n))),
            bad_base64url: many(&|n| {
                key.sign_raw(&rs256, &claims(&url, n))
                    .replacen(".ey", ".e!", 1)
            }),
            wrong_algorithm: many(&|n| key.sign_raw(&header("HS256"), &claims(&url, n))),
            unknown_issuer: many(&|n| key.sign_raw(&rs256, &claims(elsewhere, n))),
            forged: many(&|n| stranger.sign_raw(&rs256, &claims(&url, n))),
        }
    }
}

/// The claims of a token of the cloud. It names no audience, because the earlier SDK refuses a token that does.
fn claims(issuer: &str, number: usize) -> String {
    format!(
        r#"{{"iss":"{issuer}","sub":"01JD0000000000000000000001","exp":4102444800,"nbf":1763798400,"iat":1763798400,"jti":"{number:032}","user":{{"id":"01JD0000000000000000000001","name":"Ines Prado","email":"ines@example.test"}},"team":{{"id":"01JD0000000000000000000002","name":"Atlantic Imaging"}}}}"#
    )
}
