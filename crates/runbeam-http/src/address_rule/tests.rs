//! The first and the last address of every range, and their neighbours outside.

use super::*;

#[track_caller]
fn check(expected: Option<&str>, addresses: &[&str]) {
    for address in addresses {
        let parsed: IpAddr = address.parse().unwrap();
        assert_eq!(AddressRule::Public.objection(parsed), expected, "{address}");
        assert_eq!(AddressRule::Any.objection(parsed), None, "{address}");
    }
}

#[test]
fn public_addresses_are_permitted() {
    check(
        None,
        &[
            "1.0.0.0",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::",
            "2001:200::1",
            "2001:db7:ffff::",
            "2001:db9::",
            "2606:4700:4700::1111",
            "2a00:1450:4001::200e",
            "3fff:1000::",
            // What embeds a public address is as good as that.
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "2001:0:808:808::f7f7:f7f7",
            "2606:4700::5efe:8.8.8.8",
        ],
    );
}

#[test]
fn every_special_range_is_refused_from_end_to_end() {
    check(Some(UNSPECIFIED), &["0.0.0.0", "0.255.255.255", "::"]);
    check(Some(LOOPBACK), &["127.0.0.0", "127.255.255.255", "::1"]);
    check(
        Some(PRIVATE),
        &[
            "10.0.0.0",
            "10.255.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.0",
            "192.168.255.255",
        ],
    );
    check(
        Some("a shared address of carrier-grade NAT"),
        &["100.64.0.0", "100.127.255.255"],
    );
    check(
        Some(LINK_LOCAL),
        &[
            "169.254.0.0",
            "169.254.255.255",
            "fe80::",
            "fe80::1",
            "febf:ffff::",
        ],
    );
    check(
        Some("a site-local address"),
        &["fec0::", "feff:ffff:ffff:ffff::"],
    );
    check(
        Some(METADATA),
        &[
            "169.254.169.254",
            "168.63.129.16",
            "100.100.100.200",
            "fd00:ec2::254",
            "fd20:ce::254",
        ],
    );
    check(
        Some("a unique local address"),
        &["fc00::", "fd00::1", "fdff:ffff::"],
    );
    check(
        Some(DOCUMENTATION),
        &[
            "192.0.2.0",
            "192.0.2.255",
            "198.51.100.0",
            "198.51.100.255",
            "203.0.113.0",
            "203.0.113.255",
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            "3fff::",
            "3fff:fff:ffff::",
        ],
    );
    check(
        Some(BENCHMARK),
        &[
            "198.18.0.0",
            "198.19.255.255",
            "2001:2::",
            "2001:2:0:ffff::",
        ],
    );
    check(
        Some(MULTICAST),
        &[
            "224.0.0.0",
            "239.255.255.255",
            "ff00::",
            "ff02::1",
            "ffff::",
        ],
    );
    check(
        Some(RESERVED),
        &[
            "192.0.0.0",
            "192.0.0.255",
            "192.88.99.0",
            "192.88.99.255",
            "240.0.0.0",
            "255.255.255.255",
            "100::",
            "2001:1::1",
            "2001:2:1::",
            "2001:10::",
            "2001:1ff:ffff::",
            "1fff::",
            "4000::",
            "5f00::",
            "fbff::",
            "fe00::",
            "::ffff:0:8.8.8.8",
        ],
    );
}

#[test]
fn no_spelling_of_ipv6_hides_an_ipv4_address() {
    check(
        Some(LOOPBACK),
        &[
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::127.0.0.1",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
            "2001:0:808:808::80ff:fffe",
            "2606:4700::5efe:127.0.0.1",
            "2606:4700::200:5efe:127.0.0.1",
        ],
    );
    check(
        Some(METADATA),
        &[
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
        ],
    );
    check(Some(PRIVATE), &["::ffff:10.1.2.3", "64:ff9b::192.168.0.1"]);
    check(Some(RESERVED), &["::8.8.8.8"]);
    check(
        Some("a local NAT64 address"),
        &["64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:808:808"],
    );
}
