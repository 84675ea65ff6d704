//go:build cgo

package attestor

import (
	"crypto"
	"crypto/elliptic"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
)

var tlsVersions = map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

// connected is what both ends of a handshake on the loopback came to.
type connected struct {
	server, client       tls.ConnectionState
	serverErr, clientErr error
}

// connect shakes hands and passes one byte, with which the session tickets come.
func connect(t *testing.T, server, client *tls.Config) connected {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var ends connected
	done := make(chan struct{})
	go func() {
		defer close(done)
		socket, err := listener.Accept()
		if err != nil {
			ends.serverErr = err
			return
		}
		conn := tls.Server(socket, server)
		defer conn.Close()
		if ends.serverErr = conn.Handshake(); ends.serverErr == nil {
			_, ends.serverErr = conn.Write([]byte{1})
		}
		ends.server = conn.ConnectionState()
	}()
	socket, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn := tls.Client(socket, client)
	defer conn.Close()
	if ends.clientErr = conn.Handshake(); ends.clientErr == nil {
		_, ends.clientErr = io.ReadFull(conn, make([]byte, 1))
	}
	ends.client = conn.ConnectionState()
	<-done
	return ends
}

func pair(chain [][]byte, key crypto.Signer) []tls.Certificate {
	if chain == nil {
		return nil
	}
	return []tls.Certificate{{Certificate: chain, PrivateKey: key}}
}

// ends are the configurations of a server and a client with SVIDs of an authority.
func ends(t *testing.T, trusted *authority, version uint16) (server, client *tls.Config) {
	t.Helper()
	serverKey, clientKey := newKey(t, elliptic.P256()), newKey(t, elliptic.P256())
	server = &tls.Config{
		MinVersion: version, MaxVersion: version, ClientAuth: tls.RequireAnyClientCert,
		Certificates: pair(trusted.issue(t, serverKey), serverKey),
	}
	client = &tls.Config{
		MinVersion: version, MaxVersion: version, InsecureSkipVerify: true,
		Certificates: pair(trusted.issue(t, clientKey), clientKey),
	}
	return server, client
}

func TestVerifyConnection(t *testing.T) {
	for name, version := range tlsVersions {
		trusted := newAuthority(t)
		verifier, _ := x509Verifier(t, trusted)
		server, client := ends(t, trusted, version)
		ends := connect(t, server, client)
		if ends.serverErr != nil || ends.clientErr != nil {
			t.Fatalf("%s: %v, %v", name, ends.serverErr, ends.clientErr)
		}
		for end, state := range map[string]tls.ConnectionState{"server": ends.server, "client": ends.client} {
			identity, err := verifier.VerifyConnection(state, At(issued))
			if err != nil || identity.ID != agent || identity.Kind != KindX509SVID {
				t.Errorf("%s: the %s's peer: %v, %v", name, end, identity, err)
			}
		}
		if identity, err := verifier.VerifyConnection(ends.server, Audience("other"), At(issued)); err != nil || identity.ID != agent {
			t.Errorf("%s: an audience of ours: %v", name, err)
		}
		if _, err := verifier.VerifyConnection(ends.server, Audience("billing"), At(issued)); !errors.Is(err, AudienceMismatch) {
			t.Errorf("%s: an audience not ours: %v", name, err)
		}
		ends.server.HandshakeComplete = false
		if _, err := verifier.VerifyConnection(ends.server, At(issued)); !errors.Is(err, ArgumentInvalid) {
			t.Errorf("%s: a handshake under way: %v", name, err)
		}
	}
	verifier, _ := x509Verifier(t, newAuthority(t))
	if _, err := verifier.VerifyConnection(tls.ConnectionState{}); !errors.Is(err, ArgumentInvalid) {
		t.Errorf("no connection: %v", err)
	}
}

// A server that sets no PeerVerifier has a finished handshake with a stranger; VerifyConnection says so.
func TestStrangersAreRefusedAfterTheHandshake(t *testing.T) {
	for name, version := range tlsVersions {
		trusted := newAuthority(t)
		verifier, _ := x509Verifier(t, trusted)
		server, _ := ends(t, trusted, version)
		_, stranger := ends(t, newAuthority(t), version)
		ends := connect(t, server, stranger)
		if ends.serverErr != nil {
			t.Fatalf("%s: %v", name, ends.serverErr)
		}
		if identity, err := verifier.VerifyConnection(ends.server, At(issued)); identity != nil || !errors.Is(err, ChainUntrusted) {
			t.Errorf("%s: %v", name, err)
		}
		server.ClientAuth = tls.RequestClientCert
		stranger.Certificates = nil
		ends = connect(t, server, stranger)
		if ends.serverErr != nil {
			t.Fatalf("%s: %v", name, ends.serverErr)
		}
		if identity, err := verifier.VerifyConnection(ends.server, At(issued)); identity != nil || !errors.Is(err, ChainEmpty) {
			t.Errorf("%s: without a certificate: %v", name, err)
		}
	}
}

func TestPeerVerifier(t *testing.T) {
	for name, version := range tlsVersions {
		trusted := newAuthority(t)
		verifier, _ := x509Verifier(t, trusted)
		server, client := ends(t, trusted, version)
		var asked []string
		authorize := func(identity *Identity) error {
			asked = append(asked, identity.ID)
			return nil
		}
		server.VerifyConnection = verifier.PeerVerifier(authorize, At(issued))
		client.VerifyConnection = verifier.PeerVerifier(nil, At(issued))
		if ends := connect(t, server, client); ends.serverErr != nil || ends.clientErr != nil {
			t.Fatalf("%s: %v, %v", name, ends.serverErr, ends.clientErr)
		}
		if len(asked) != 1 || asked[0] != agent {
			t.Errorf("%s: asked about %q", name, asked)
		}

		_, stranger := ends(t, newAuthority(t), version)
		if ends := connect(t, server, stranger); !errors.Is(ends.serverErr, ChainUntrusted) || ends.clientErr == nil {
			t.Errorf("%s: a stranger: %v, %v", name, ends.serverErr, ends.clientErr)
		}
		server.ClientAuth = tls.RequestClientCert
		stranger.Certificates = nil
		if ends := connect(t, server, stranger); !errors.Is(ends.serverErr, ChainEmpty) {
			t.Errorf("%s: without a certificate: %v", name, ends.serverErr)
		}
		if len(asked) != 1 {
			t.Errorf("%s: asked about %q", name, asked)
		}
		refused := errors.New("not this one")
		server.VerifyConnection = verifier.PeerVerifier(func(*Identity) error { return refused }, At(issued))
		if ends := connect(t, server, client); !errors.Is(ends.serverErr, refused) || ends.clientErr == nil {
			t.Errorf("%s: authorize said no: %v, %v", name, ends.serverErr, ends.clientErr)
		}
	}
}

// A certificate is public: presenting another's gets as far as the question, and no further.
func TestStolenCertificate(t *testing.T) {
	for name, version := range tlsVersions {
		trusted := newAuthority(t)
		verifier, _ := x509Verifier(t, trusted)
		server, thief := ends(t, trusted, version)
		thief.Certificates = pair(trusted.issue(t, newKey(t, elliptic.P256())), newKey(t, elliptic.P256()))
		path := filepath.Join(t.TempDir(), "log.jsonl")
		log := openLog(t, path)
		asked := 0
		authorize := func(*Identity) error { asked++; return nil }
		server.VerifyConnection = verifier.PeerVerifier(authorize, At(issued), WithReceipts(log, nil))
		ends := connect(t, server, thief)
		if ends.serverErr == nil || errors.Is(ends.serverErr, ErrDenied) {
			t.Errorf("%s: crypto/tls did not refuse: %v", name, ends.serverErr)
		}
		if identity, err := verifier.VerifyConnection(ends.server, At(issued)); identity != nil || !errors.Is(err, ErrMisuse) {
			t.Errorf("%s: %v", name, err)
		}
		if asked > 1 {
			t.Errorf("%s: asked %d times", name, asked)
		}
		if receipts, err := os.ReadFile(path); err != nil || len(receipts) != 0 {
			t.Errorf("%s: an allow was recorded: %s", name, receipts)
		}
	}
}

func TestResumedSessionsAreJudged(t *testing.T) {
	for name, version := range tlsVersions {
		trusted := newAuthority(t)
		verifier, store := x509Verifier(t, trusted)
		server, client := ends(t, trusted, version)
		client.ClientSessionCache, client.ServerName = tls.NewLRUClientSessionCache(1), "server"
		server.VerifyConnection = verifier.PeerVerifier(nil, At(issued))
		for _, resumed := range []bool{false, true} {
			ends := connect(t, server, client)
			if ends.serverErr != nil || ends.server.DidResume != resumed {
				t.Fatalf("%s: resumed %t, %v", name, ends.server.DidResume, ends.serverErr)
			}
			if identity, err := verifier.VerifyConnection(ends.server, At(issued)); err != nil || identity.ID != agent {
				t.Errorf("%s: resumed %t: %v", name, resumed, err)
			}
		}
		if err := store.Deny(DenyEntry{Kind: DenyTrustDomain, Source: domain, Field: DenySub, Value: agent}, At(issued)); err != nil {
			t.Fatal(err)
		}
		if ends := connect(t, server, client); !errors.Is(ends.serverErr, OverlayDenied) {
			t.Errorf("%s: denied since: %v", name, ends.serverErr)
		}
	}
}
