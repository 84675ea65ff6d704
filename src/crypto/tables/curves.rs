//! The three NIST curves (FIPS 186-5, SP 800-186): order, base point, and the short way to reduce by each prime.

#![allow(clippy::cast_possible_truncation)] // a limb is the low half of a double one
#![allow(clippy::inline_always)] // parts of a product

use super::field::{Modulus, Residue};
use crate::crypto::Curve;
use crate::crypto::limbs::raw_add;

/// A curve y^2 = x^3 - 3 x + b of prime order over a prime field.
pub(super) trait Weierstrass<const N: usize>: Copy + Eq + core::fmt::Debug {
    type Prime: Modulus<N>;
    type Order: Modulus<N>;
    const CURVE: Curve;
    /// Bits of the order, and of the prime.
    const BITS: usize;
    /// Bits of a window of a key: one more is faster, and nearly doubles the table.
    const KEY_WINDOW: usize;
    /// Bits of a window of the base point, whose table all keys share.
    const BASE_WINDOW: usize;
    /// The coefficient b.
    const B: [u64; N];
    /// x and y of the base point.
    const BASE: [[u64; N]; 2];
}

/// A coordinate.
pub(super) type Element<C, const N: usize> = Residue<<C as Weierstrass<N>>::Prime, N>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct P256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct P256Prime;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct P256Order;

impl Weierstrass<4> for P256 {
    type Prime = P256Prime;
    type Order = P256Order;
    const CURVE: Curve = Curve::P256;
    const BITS: usize = 256;
    const KEY_WINDOW: usize = 7;
    const BASE_WINDOW: usize = 10;
    const B: [u64; 4] =
        [0x3bce_3c3e_27d2_604b, 0x651d_06b0_cc53_b0f6, 0xb3eb_bd55_7698_86bc, 0x5ac6_35d8_aa3a_93e7];
    const BASE: [[u64; 4]; 2] = [
        [0xf4a1_3945_d898_c296, 0x7703_7d81_2deb_33a0, 0xf8bc_e6e5_63a4_40f2, 0x6b17_d1f2_e12c_4247],
        [0xcbb6_4068_37bf_51f5, 0x2bce_3357_6b31_5ece, 0x8ee7_eb4a_7c0f_9e16, 0x4fe3_42e2_fe1a_7f9b],
    ];
}

impl Modulus<4> for P256Prime {
    const VALUE: [u64; 4] = [!0, 0xffff_ffff, 0, 0xffff_ffff_0000_0001];

    /// p is -1 modulo 2^64, so m is the low limb, and (m p + m) / 2^64 = m (2^192 - 2^160 + 2^128 + 2^32).
    #[inline(always)]
    fn divide_by_limb(t: &[u64; 4], top: u128) -> ([u64; 4], u64) {
        let m = t[0];
        let above = u128::from(m) * u128::from(Self::VALUE[3]);
        let (first, carry) = t[1].overflowing_add(m << 32);
        let (second, carry) = t[2].carrying_add(m >> 32, carry);
        let (third, carry) = t[3].carrying_add(above as u64, carry);
        let top = top + (above >> 64) + u128::from(carry);
        ([first, second, third, top as u64], (top >> 64) as u64)
    }
}

impl Modulus<4> for P256Order {
    const VALUE: [u64; 4] =
        [0xf3b9_cac2_fc63_2551, 0xbce6_faad_a717_9e84, 0xffff_ffff_ffff_ffff, 0xffff_ffff_0000_0000];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct P384;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct P384Prime;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct P384Order;

impl Weierstrass<6> for P384 {
    type Prime = P384Prime;
    type Order = P384Order;
    const CURVE: Curve = Curve::P384;
    const BITS: usize = 384;
    const KEY_WINDOW: usize = 6;
    const BASE_WINDOW: usize = 8;
    const B: [u64; 6] = [
        0x2a85_c8ed_d3ec_2aef,
        0xc656_398d_8a2e_d19d,
        0x0314_088f_5013_875a,
        0x181d_9c6e_fe81_4112,
        0x988e_056b_e3f8_2d19,
        0xb331_2fa7_e23e_e7e4,
    ];
    const BASE: [[u64; 6]; 2] = [
        [
            0x3a54_5e38_7276_0ab7,
            0x5502_f25d_bf55_296c,
            0x59f7_41e0_8254_2a38,
            0x6e1d_3b62_8ba7_9b98,
            0x8eb1_c71e_f320_ad74,
            0xaa87_ca22_be8b_0537,
        ],
        [
            0x7a43_1d7c_90ea_0e5f,
            0x0a60_b1ce_1d7e_819d,
            0xe9da_3113_b5f0_b8c0,
            0xf8f4_1dbd_289a_147c,
            0x5d9e_98bf_9292_dc29,
            0x3617_de4a_9626_2c6f,
        ],
    ];
}

impl Modulus<6> for P384Prime {
    const VALUE: [u64; 6] = [0xffff_ffff, 0xffff_ffff_0000_0000, !1, !0, !0, !0];
}

impl Modulus<6> for P384Order {
    const VALUE: [u64; 6] = [
        0xecec_196a_ccc5_2973,
        0x581a_0db2_48b0_a77a,
        0xc763_4d81_f437_2ddf,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
    ];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct P521;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct P521Prime;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct P521Order;

impl Weierstrass<9> for P521 {
    type Prime = P521Prime;
    type Order = P521Order;
    const CURVE: Curve = Curve::P521;
    const BITS: usize = 521;
    const KEY_WINDOW: usize = 6;
    const BASE_WINDOW: usize = 9;
    const B: [u64; 9] = [
        0xef45_1fd4_6b50_3f00,
        0x3573_df88_3d2c_34f1,
        0x1652_c0bd_3bb1_bf07,
        0x5619_3951_ec7e_937b,
        0xb8b4_8991_8ef1_09e1,
        0xa2da_725b_99b3_15f3,
        0x929a_21a0_b685_40ee,
        0x953e_b961_8e1c_9a1f,
        0x0051,
    ];
    const BASE: [[u64; 9]; 2] = [
        [
            0xf97e_7e31_c2e5_bd66,
            0x3348_b3c1_856a_429b,
            0xfe1d_c127_a2ff_a8de,
            0xa14b_5e77_efe7_5928,
            0xf828_af60_6b4d_3dba,
            0x9c64_8139_053f_b521,
            0x9e3e_cb66_2395_b442,
            0x858e_06b7_0404_e9cd,
            0x00c6,
        ],
        [
            0x88be_9476_9fd1_6650,
            0x353c_7086_a272_c240,
            0xc550_b901_3fad_0761,
            0x97ee_7299_5ef4_2640,
            0x17af_bd17_273e_662c,
            0x98f5_4449_579b_4468,
            0x5c8a_5fb4_2c7d_1bd9,
            0x3929_6a78_9a3b_c004,
            0x0118,
        ],
    ];
}

impl Modulus<9> for P521Prime {
    const VALUE: [u64; 9] = [!0, !0, !0, !0, !0, !0, !0, !0, 0x1ff];

    /// p is 2^521 - 1: m is the low limb, and (m p + m) / 2^64 = m 2^457.
    #[inline(always)]
    fn divide_by_limb(t: &[u64; 9], top: u128) -> ([u64; 9], u64) {
        let m = t[0];
        let (low, carry) = t[8].overflowing_add(m << 9);
        let top = top + u128::from(m >> 55) + u128::from(carry);
        ([t[1], t[2], t[3], t[4], t[5], t[6], t[7], low, top as u64], (top >> 64) as u64)
    }

    /// Factors below 2 p leave less than 4 p^2 / R + p, which is hardly above p.
    #[inline(always)]
    fn hold_product(limbs: [u64; 9], _carried: bool) -> [u64; 9] {
        limbs
    }

    /// 2^521 is 1: what lies above goes below, and what is left is hardly above p.
    #[inline(always)]
    fn hold_sum(limbs: [u64; 9], _carried: bool) -> [u64; 9] {
        let (mut out, mut above) = (limbs, [0; 9]);
        above[0] = limbs[8] >> 9;
        out[8] &= 0x1ff;
        raw_add(&out, &above).0
    }
}

impl Modulus<9> for P521Order {
    const VALUE: [u64; 9] = [
        0xbb6f_b71e_9138_6409,
        0x3bb5_c9b8_899c_47ae,
        0x7fcc_0148_f709_a5d0,
        0x5186_8783_bf2f_966b,
        0xffff_ffff_ffff_fffa,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0x01ff,
    ];
}
