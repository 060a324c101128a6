//! Keys whose modulus shows the mark of a flawed generator (ROCA, CVE-2017-15361): they can be factored.

/// The primes of the generator's primorial, from which its moduli take their mark.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether `modulus` is a power of 65537 modulo each of the primes. A sound modulus is so by chance once in
/// about 2^27.
pub(super) fn is_marked(modulus: &[u8]) -> bool {
    let (first, words) = modulus.as_rchunks::<4>();
    let first = first
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    PRIMES.iter().all(|&prime| {
        let divisor = u64::from(prime);
        let remainder = words.iter().fold(first % divisor, |sum, word| {
            (sum << 32 | u64::from(u32::from_be_bytes(*word))) % divisor
        });
        u32::try_from(remainder).is_ok_and(|remainder| is_power_of_65537(remainder, prime))
    })
}

fn is_power_of_65537(value: u32, prime: u32) -> bool {
    let step = |power: u32| power * (65537 % prime) % prime;
    let mut power = step(1);
    while power != value {
        if power == 1 {
            return false;
        }
        power = step(power);
    }
    true
}
