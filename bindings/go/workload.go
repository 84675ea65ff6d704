//go:build cgo

package attestor

// #cgo noescape attestor_go_passport_mint
// #cgo nocallback attestor_go_passport_mint
// #cgo noescape attestor_go_passport_thumbprint
// #cgo nocallback attestor_go_passport_thumbprint
// #cgo noescape attestor_go_possession_message
// #cgo nocallback attestor_go_possession_message
// #include "shim.h"
import "C"

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
)

// MintPassport signs a passport: for agents and their tests. A control plane never does.
func MintPassport(key ed25519.PrivateKey, claims PassportClaims) (string, error) {
	seed, err := seedOf(key)
	if err != nil {
		return "", err
	}
	if len(claims.Audiences) > maxTexts {
		return "", errOption("audiences: more than 64")
	}
	c := C.attestor_passport_claims{
		struct_size: C.sizeof_attestor_passport_claims,
		expires_at:  C.int64_t(claims.ExpiresAt.Unix()),
	}
	if !claims.IssuedAt.IsZero() {
		c.issued_at = C.int64_t(claims.IssuedAt.Unix())
		if c.issued_at <= 0 {
			return "", errOption("issued_at: before 1970")
		}
	}
	c.id, c.id_len = optionalData(optional{claims.ID, claims.ID != ""})
	var audiences texts
	for _, audience := range claims.Audiences {
		audiences.add(audience)
	}
	all, lens := audiences.data()
	seedData, seedLen := bytesData(seed)
	passport, err := written(make([]byte, 1024), func(buf *C.uint8_t, size C.size_t) C.attestor_go_written {
		return C.attestor_go_passport_mint(c, all, lens, C.size_t(len(claims.Audiences)), seedData, seedLen, buf, size)
	})
	return string(passport), err
}

// PassportThumbprint is the RFC 7638 thumbprint of a passport key, base64url: what a policy pins, and what
// stands behind urn:attestor:jkt: in the audience of a credential that is bound to the passport.
func PassportThumbprint(key ed25519.PrivateKey) (string, error) {
	seed, err := seedOf(key)
	if err != nil {
		return "", err
	}
	data, size := bytesData(seed)
	thumbprint, err := written(make([]byte, 64), func(buf *C.uint8_t, room C.size_t) C.attestor_go_written {
		return C.attestor_go_passport_thumbprint(data, size, buf, room)
	})
	return string(thumbprint), err
}

func seedOf(key ed25519.PrivateKey) ([]byte, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, errOption("key: not an Ed25519 private key")
	}
	return key[:ed25519.SeedSize], nil
}

// SignChallenge proves possession of an X.509-SVID's key: for workloads, the other side of
// [Verifier.VerifyChallenge]. The challenge is the host's, at least 16 bytes; audience names the host;
// passport is the one that goes with the chain, or empty. The signature is as JWS has it: PS256, ES256, ES384,
// ES512 or EdDSA, by the key.
func SignChallenge(signer crypto.Signer, challenge []byte, audience, passport string) ([]byte, error) {
	if signer == nil {
		return nil, errOption("the signer is nil")
	}
	message, err := possessionMessage(challenge, audience, passport)
	if err != nil {
		return nil, err
	}
	switch key := signer.Public().(type) {
	case *rsa.PublicKey:
		return sign(signer, message, &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256})
	case *ecdsa.PublicKey:
		return signECDSA(signer, key.Curve, message)
	case ed25519.PublicKey:
		return sign(signer, message, crypto.Hash(0))
	default:
		return nil, errOption("the key is of a type that proofs do not have")
	}
}

func possessionMessage(challenge []byte, audience, passport string) ([]byte, error) {
	data, size := bytesData(challenge)
	to, toLen := stringData(audience)
	with, withLen := textBytes(passport)
	message := make([]byte, C.ATTESTOR_POSSESSION_MESSAGE_LEN)
	out, _ := bytesData(message)
	report := C.attestor_go_possession_message(data, size, to, toLen, with, withLen, out)
	return message, callError(&report)
}

// sign signs the message, or its digest if opts name a hash.
func sign(signer crypto.Signer, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if hash := opts.HashFunc(); hash != 0 {
		digest := hash.New()
		digest.Write(message)
		message = digest.Sum(nil)
	}
	signature, err := signer.Sign(rand.Reader, message, opts)
	if err != nil {
		return nil, fmt.Errorf("attestor: signing the challenge: %w", err)
	}
	return signature, nil
}

// signECDSA writes the signature as r and s of the curve's size (RFC 7518 section 3.4).
func signECDSA(signer crypto.Signer, curve elliptic.Curve, message []byte) ([]byte, error) {
	var hash crypto.Hash
	switch curve {
	case elliptic.P256():
		hash = crypto.SHA256
	case elliptic.P384():
		hash = crypto.SHA384
	case elliptic.P521():
		hash = crypto.SHA512
	default:
		return nil, errOption("the key is on a curve that proofs do not have")
	}
	der, err := sign(signer, message, hash)
	if err != nil {
		return nil, err
	}
	var signature struct{ R, S *big.Int }
	size := (curve.Params().BitSize + 7) / 8
	rest, err := asn1.Unmarshal(der, &signature)
	if err != nil || len(rest) != 0 || !fits(signature.R, size) || !fits(signature.S, size) {
		return nil, errors.New("attestor: signing the challenge: the signer's signature is not of its key")
	}
	raw := make([]byte, 2*size)
	signature.R.FillBytes(raw[:size])
	signature.S.FillBytes(raw[size:])
	return raw, nil
}

func fits(n *big.Int, size int) bool {
	return n.Sign() > 0 && n.BitLen() <= 8*size
}
