//! The self-test: a published signature per curve, which has to be taken, and its neighbours, which have not.

use super::ecdsa::{Base, Table};
use super::lanes::InLanes;
use crate::crypto::Curve;
use crate::crypto::lanes::Vectors;
use ring::digest::{SHA256, SHA384, SHA512, digest};

/// RFC 6979 appendices A.2.5 to A.2.7, message "sample" with the hash that JOSE pairs with the curve: x, y, r, s.
const P256_SAMPLE: [&str; 4] = [
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
];
const P384_SAMPLE: [&str; 4] = [
    "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13",
    "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
    "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46",
    "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
];
const P521_SAMPLE: [&str; 4] = [
    "01894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd371123d46e45db6b5d5370a7f20fb633155d38ffa16d2bd761dcac474b9a2f5023a4",
    "00493101c962cd4d2fddf782285e64584139c2f91b47f87ff82354d6630f746a28a0db25741b5b34a828008b22acc23f924faafbd4d33f81ea66956dfeaa2bfdfcf5",
    "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa",
    "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a",
];

/// Bits of a window that make the tables small and use all lanes.
const WINDOW: usize = 5;

/// Whether a table takes the signature, and refuses others.
pub(super) fn holds<C: InLanes<N>, const N: usize>(vectors: Option<Vectors>) -> bool {
    let (sample, hash) = match C::CURVE {
        Curve::P256 => (P256_SAMPLE, &SHA256),
        Curve::P384 => (P384_SAMPLE, &SHA384),
        Curve::P521 => (P521_SAMPLE, &SHA512),
    };
    let [x, y, r, s] = sample.map(bytes);
    let base = Base::<C, N>::new(vectors, WINDOW);
    let table = Table::with_window(&base, &x, &y, WINDOW);
    let (good, bad) = ([&r[..], &s].concat(), [&s[..], &r].concat());
    let of_sample = digest(hash, b"sample");
    let of_other = digest(hash, b"simple");
    table.verify(of_sample.as_ref(), &good).is_ok()
        && table.verify(of_sample.as_ref(), &bad).is_err()
        && table.verify(of_other.as_ref(), &good).is_err()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit =
        |byte: &u8| char::from(*byte).to_digit(16).and_then(|value| u8::try_from(value).ok()).unwrap_or(0);
    hex.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |value, byte| value << 4 | digit(byte))).collect()
}
