//! Generation of RSA-2048 keys (RFC 8017, section 3), which `ring` can use but not make.

use std::{
    convert::Infallible,
    num::NonZero,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use crypto_bigint::{
    BoxedUint, ConcatenatingMul, Resize,
    rand_core::{TryCryptoRng, TryRng},
};
use crypto_primes::{
    Flavor,
    hazmat::{SetBits, SmallFactorsSieveFactory},
    is_prime, sieve_and_find,
};
use ring::{
    rsa::{KeyPairComponents, PublicKeyComponents},
    signature::RsaKeyPair,
};

use crate::random;

const PRIME_BITS: u32 = 1024;
const PUBLIC_EXPONENT: u64 = 65_537;

/// Searching costs a core for some 30 ms; more threads than this only take cores away from others.
const MAX_SEARCHERS: usize = 8;

/// The two numbers from which all others of a key follow, with the most significant byte first.
pub(crate) type Primes = [Vec<u8>; 2];

/// Makes a fresh key of 2048 bits with the public exponent 65537.
pub(crate) fn generate() -> (RsaKeyPair, Primes) {
    loop {
        let (p, q) = two_primes();
        // A pair without inverses or one that `ring` refuses has no measurable chance; another search costs nothing.
        if let Some(key) = key_pair(&p, &q) {
            return (key, [p, q].map(|prime| prime.to_be_bytes().to_vec()));
        }
    }
}

/// The key of two primes that [`generate`] gave, or `None` for other numbers.
pub(crate) fn from_primes([p, q]: &Primes) -> Option<RsaKeyPair> {
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, PRIME_BITS).ok();
    key_pair(&number(p)?, &number(q)?)
}

/// Derives the numbers of the Chinese remainder theorem (RFC 8017, section 3.2) and checks them with `ring`.
fn key_pair(p: &BoxedUint, q: &BoxedUint) -> Option<RsaKeyPair> {
    // `ring` relies on p > q without checking it.
    let (p, q) = if p > q { (p, q) } else { (q, p) };
    let one = BoxedUint::one_with_precision(PRIME_BITS);
    let p_minus_1 = p.wrapping_sub(&one).to_nz().into_option()?;
    let q_minus_1 = q.wrapping_sub(&one).to_nz().into_option()?;

    let modulus = p.concatenating_mul(q);
    let order = p_minus_1.as_ref().concatenating_mul(q_minus_1.as_ref());
    let exponent = BoxedUint::from(PUBLIC_EXPONENT).resize(2 * PRIME_BITS);
    let private = exponent
        .invert_mod(&order.to_nz().into_option()?)
        .into_option()?;
    let q_inverse = q.invert_odd_mod(&p.to_odd().into_option()?).into_option()?;

    RsaKeyPair::from_components(&KeyPairComponents {
        public_key: PublicKeyComponents {
            n: modulus.to_be_bytes_trimmed_vartime(),
            e: exponent.to_be_bytes_trimmed_vartime(),
        },
        d: private.to_be_bytes_trimmed_vartime(),
        p: p.to_be_bytes_trimmed_vartime(),
        q: q.to_be_bytes_trimmed_vartime(),
        dP: private
            .rem_vartime(&p_minus_1)
            .to_be_bytes_trimmed_vartime(),
        dQ: private
            .rem_vartime(&q_minus_1)
            .to_be_bytes_trimmed_vartime(),
        qInv: q_inverse.to_be_bytes_trimmed_vartime(),
    })
    .ok()
}

/// Lets every core search until there are two primes.
///
/// One core per prime would wait for the slower of two searches whose lengths vary widely.
fn two_primes() -> (BoxedUint, BoxedUint) {
    let searchers = thread::available_parallelism()
        .map_or(2, NonZero::get)
        .min(MAX_SEARCHERS);
    let done = AtomicBool::new(false);
    let (sender, primes) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..searchers {
            let (sender, done) = (sender.clone(), &done);
            scope.spawn(move || search(&sender, done));
        }
        let pair = first_two_distinct(&primes);
        done.store(true, Ordering::Relaxed);
        pair
    })
}

fn first_two_distinct(primes: &mpsc::Receiver<BoxedUint>) -> (BoxedUint, BoxedUint) {
    let mut first = None;
    loop {
        // The senders live as long as the search, so there is always a next prime.
        let Ok(prime) = primes.recv() else { continue };
        match first.take() {
            Some(other) if other != prime => return (other, prime),
            _ => first = Some(prime),
        }
    }
}

fn search(primes: &mpsc::Sender<BoxedUint>, done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        // Two leading ones in both primes make a modulus of exactly 2048 bits.
        let found = SmallFactorsSieveFactory::new(Flavor::Any, PRIME_BITS, SetBits::TwoMsb)
            .and_then(|sieve| {
                sieve_and_find(&mut SystemSource, sieve, |_, candidate| {
                    done.load(Ordering::Relaxed) || is_usable(candidate)
                })
            });
        if let Ok(Some(prime)) = found {
            // Once the pair is complete nobody listens any more, and what ended the search is no prime.
            let _ = primes.send(prime);
        }
    }
}

/// A prime whose predecessor has no factor in common with the public exponent.
fn is_usable(candidate: &BoxedUint) -> bool {
    is_prime(Flavor::Any, candidate) && {
        let predecessor = candidate.wrapping_sub(BoxedUint::one());
        BoxedUint::from(PUBLIC_EXPONENT)
            .to_nz()
            .into_option()
            .is_some_and(|exponent| bool::from(predecessor.rem_vartime(&exponent).is_nonzero()))
    }
}

/// The operating system's generator in the shape that the search wants.
struct SystemSource;

impl TryRng for SystemSource {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(random::bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(random::bytes()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        random::fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for SystemSource {}
