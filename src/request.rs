//! One question: may this credential enter?

use crate::clock::Now;
use crate::crypto::possession;
use crate::error::ConfigError;
use crate::trust::pem_blocks;
use core::fmt;

/// How the holder of an X.509-SVID proved that it has the leaf's key. A certificate alone is public.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Possession<'a> {
    /// The host finished a TLS handshake in which the peer presented this chain.
    TlsHandshake,
    /// The peer signed a challenge; see [`crate::possession_message`].
    SignedChallenge {
        /// At least 16 bytes, made by the host, kept by it, and used once.
        challenge: &'a [u8],
        /// The signature by the leaf's key, as JWS has it (RFC 7518, RFC 8037): PS256, ES256, ES384, ES512 or EdDSA.
        proof: &'a [u8],
    },
}

/// What the holder of an X.509-SVID signs to prove that it has the leaf's key: 64 bytes 0x20, `attestor x509 possession
/// v1`, 0x00, and the SHA-256 of the challenge, of the audience, and of the passport that goes with it or of nothing.
///
/// # Errors
/// `argument_invalid` for a challenge of less than 16 bytes.
pub fn possession_message(
    challenge: &[u8],
    audience: &str,
    passport: &[u8],
) -> Result<[u8; 188], ConfigError> {
    Ok(possession::message(challenge, audience.as_bytes(), passport)?)
}

/// The certificates of a PEM file as [`Request::x509`] takes them: DER, one after the other.
///
/// # Errors
/// `bundle_malformed`: not PEM, or a block is not a certificate; `bundle_private_key`.
pub fn chain_from_pem(text: &[u8]) -> Result<Vec<u8>, ConfigError> {
    Ok(pem_blocks(text, "CERTIFICATE")?.into_iter().flat_map(|block| block.der).collect())
}

/// One verification. Borrows everything; `Debug` shows no credential.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub(crate) credential: &'a [u8],
    pub(crate) chain: Option<&'a [u8]>,
    pub(crate) possession: Option<Possession<'a>>,
    pub(crate) audience: Option<&'a str>,
    pub(crate) passport: Option<&'a [u8]>,
    pub(crate) peer_certificate: Option<&'a [u8]>,
    pub(crate) now: Now,
    pub(crate) attestor: Option<&'a str>,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) max_age: Option<i64>,
    pub(crate) access_token: Option<&'a [u8]>,
}

impl<'a> Request<'a> {
    /// Asks about a compact JWS, byte for byte: no `Bearer `, no newline.
    pub fn new(credential: &'a [u8]) -> Self {
        Self {
            credential,
            chain: None,
            possession: None,
            audience: None,
            passport: None,
            peer_certificate: None,
            now: Now::System,
            attestor: None,
            nonce: None,
            max_age: None,
            access_token: None,
        }
    }

    /// Asks about an X.509-SVID: DER certificates one after the other, the leaf first.
    pub fn x509(chain: &'a [u8], possession: Possession<'a>) -> Self {
        Self { possession: Some(possession), ..Self::new(b"").chain(chain) }
    }

    /// A chain in place of the credential, as [`Self::x509`] takes it, whose possession nothing has proven: that is never
    /// allowed.
    #[must_use]
    pub fn chain(mut self, chain: &'a [u8]) -> Self {
        self.chain = Some(chain);
        self
    }

    /// The passport that came with the credential, or alone: a compact JWS, byte for byte.
    #[must_use]
    pub fn passport(mut self, passport: &'a [u8]) -> Self {
        self.passport = Some(passport);
        self
    }

    /// The certificate of the TLS peer, DER, for a credential that `cnf` binds to it (`x5t#S256`).
    #[must_use]
    pub fn peer_certificate(mut self, der: &'a [u8]) -> Self {
        self.peer_certificate = Some(der);
        self
    }

    /// Which of our audiences an X.509-SVID was presented to; a signed challenge covers it.
    #[must_use]
    pub fn audience(mut self, audience: &'a str) -> Self {
        self.audience = Some(audience);
        self
    }

    /// Judges at another time than the system clock's.
    #[must_use]
    pub fn at(mut self, now: Now) -> Self {
        self.now = now;
        self
    }

    /// Forces the attestor with this id instead of routing.
    #[must_use]
    pub fn attestor(mut self, id: &'a str) -> Self {
        self.attestor = Some(id);
        self
    }

    /// The nonce an ID token must carry.
    #[must_use]
    pub fn nonce(mut self, nonce: &'a str) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// How long ago, in seconds, the end user of an ID token may have authenticated.
    #[must_use]
    pub fn max_age(mut self, seconds: u32) -> Self {
        self.max_age = Some(seconds.into());
        self
    }

    /// The access token that came with an ID token; its `at_hash` is compared.
    #[must_use]
    pub fn access_token(mut self, token: &'a [u8]) -> Self {
        self.access_token = Some(token);
        self
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("credential_bytes", &self.credential.len())
            .field("chain_bytes", &self.chain.map(<[u8]>::len))
            .field("passport_bytes", &self.passport.map(<[u8]>::len))
            .field("now", &self.now)
            .field("attestor", &self.attestor)
            .finish()
    }
}
