//! Which addresses a client may connect to: the special-purpose address registries of IANA (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses a client may connect to.
///
/// The rule is applied to the addresses that a name leads to, after its resolution and before connecting, and the
/// connection goes to the very address that was judged: a name that leads elsewhere when it is resolved again
/// (DNS rebinding) gains nothing. An address that stands in the URL itself is judged as well.
///
/// Whatever the rule, `localhost` leads to loopback addresses alone (RFC 6761, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum AddressRule {
    /// Any address: for a URL that only the operator writes. The default.
    #[default]
    Any,
    /// Public addresses alone: for a URL, or the name in it, that somebody else has a say in.
    ///
    /// Refused are loopback, private (RFC 1918), shared (RFC 6598), link-local, unique local (RFC 4193),
    /// documentation, benchmarking, multicast, unspecified and reserved addresses, those where clouds hand out
    /// metadata, the local NAT64 prefix (RFC 8215), and everything that IPv6 embeds such an IPv4 address in:
    /// mapped and compatible addresses, NAT64 (RFC 6052), 6to4, Teredo and ISATAP.
    Public,
}

impl AddressRule {
    /// What `address` is that this rule does not permit; `None` if it is permitted.
    pub(crate) fn objection(self, address: IpAddr) -> Option<&'static str> {
        match (self, address) {
            (Self::Any, _) => None,
            (Self::Public, IpAddr::V4(address)) => special_v4(address),
            (Self::Public, IpAddr::V6(address)) => special_v6(address),
        }
    }
}

const METADATA: &str = "an address of cloud metadata";
const LOOPBACK: &str = "a loopback address";
const PRIVATE: &str = "a private address";
const LINK_LOCAL: &str = "a link-local address";
const UNSPECIFIED: &str = "an unspecified address";
const DOCUMENTATION: &str = "a documentation address";
const BENCHMARK: &str = "a benchmarking address";
const MULTICAST: &str = "a multicast address";
const RESERVED: &str = "a reserved address";

/// What kind of special-purpose address it is; `None` if it is a public one.
fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    Some(match address.octets() {
        // The second is Azure's. No registry has it: it lies among public addresses.
        [169, 254, 169, 254] | [168, 63, 129, 16] | [100, 100, 100, 200] => METADATA,
        [0, ..] => UNSPECIFIED,
        [127, ..] => LOOPBACK,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => PRIVATE,
        [100, 64..=127, ..] => "a shared address of carrier-grade NAT",
        [169, 254, ..] => LINK_LOCAL,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => DOCUMENTATION,
        [198, 18..=19, ..] => BENCHMARK,
        [224..=239, ..] => MULTICAST,
        // Protocol assignments, the withdrawn relays of 6to4, and the former class E with broadcast at its end.
        [192, 0, 0, _] | [192, 88, 99, _] | [240..=255, ..] => RESERVED,
        _ => return None,
    })
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let embedded =
        |high: u16, low: u16| special_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match address.segments() {
        // Amazon's and Google's, both among the unique local ones.
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => {
            Some(METADATA)
        }
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(UNSPECIFIED),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(LOOPBACK),
        // Mapped (RFC 4291, section 2.5.5.2) and NAT64 (RFC 6052): as good as what they embed.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            embedded(high, low)
        }
        // Compatible (RFC 4291, section 2.5.5.1): no longer assigned to anybody.
        [0, 0, 0, 0, 0, 0, high, low] => embedded(high, low).or(Some(RESERVED)),
        // Where the IPv4 address stands in these is known to their network alone.
        [0x64, 0xff9b, 1, ..] => Some("a local NAT64 address"),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => embedded(high, low),
        // Teredo (RFC 4380): its server, and the client with all bits turned over.
        [0x2001, 0, high, low, _, _, client_high, client_low] => {
            embedded(high, low).or(embedded(!client_high, !client_low))
        }
        [0x2001, 2, 0, ..] => Some(BENCHMARK),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some(DOCUMENTATION),
        [0x2001, 0..=0x1ff, ..] => Some(RESERVED),
        [0xfc00..=0xfdff, ..] => Some("a unique local address"),
        [0xfe80..=0xfebf, ..] => Some(LINK_LOCAL),
        [0xfec0..=0xfeff, ..] => Some("a site-local address"),
        [0xff00..=0xffff, ..] => Some(MULTICAST),
        // ISATAP (RFC 5214).
        [0x2000..=0x3fff, _, _, _, 0 | 0x200, 0x5efe, high, low] => embedded(high, low),
        [0x2000..=0x3fff, ..] => None,
        // Nothing else was ever assigned for everybody.
        _ => Some(RESERVED),
    }
}

#[cfg(test)]
mod tests;
