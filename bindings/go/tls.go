//go:build cgo

package attestor

import (
	"crypto/tls"
	"crypto/x509"
)

// VerifyConnection judges the X.509-SVID of the peer of a TLS connection, client or server, after the
// handshake; before its end it is [ArgumentInvalid], because the peer has proved nothing yet. A resumed session
// is judged like a new one. A peer without a certificate is refused with [ChainEmpty]. The rest is as for
// [Verifier.Verify].
//
// crypto/tls itself verifies nothing of an SVID: a server sets [tls.RequireAnyClientCert], a client
// InsecureSkipVerify, and both [Verifier.PeerVerifier]. A client's policy says x509.eku server or both.
func (v *Verifier) VerifyConnection(state tls.ConnectionState, opts ...VerifyOption) (*Identity, error) {
	if !state.HandshakeComplete {
		return nil, errOption("the TLS handshake is not complete")
	}
	return v.judge(presentedInTLS(state.PeerCertificates), opts)
}

// PeerVerifier makes a function for [tls.Config.VerifyConnection]: it ends the handshake, resumed ones too, if
// the peer's X.509-SVID is refused or if authorize, which may be nil, returns an error.
//
// The function runs before the peer has proved that it has the key: anybody can present the certificates of
// another. What authorize is told may therefore keep a peer out and nothing else. The proof is the end of the
// handshake; [Verifier.VerifyConnection] then gives the identity. Likewise [WithReceipts] records refusals
// only.
func (v *Verifier) PeerVerifier(authorize func(*Identity) error, opts ...VerifyOption) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		q := presentedInTLS(state.PeerCertificates)
		q.provisional = true
		identity, err := v.judge(q, opts)
		if err == nil && authorize != nil {
			err = authorize(identity)
		}
		return err
	}
}

func presentedInTLS(certificates []*x509.Certificate) *question {
	chain := make([][]byte, len(certificates))
	for i, certificate := range certificates {
		chain[i] = certificate.Raw
	}
	return &question{possession: tlsHandshake, chain: chain}
}
