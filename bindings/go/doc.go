// Package attestor decides offline, in process, whether a workload is what it claims to be.
//
// A [BundleStore] caches the trust bundles the host feeds it, a policy document says who may enter, and a
// [Verifier] judges against both: SPIFFE JWT-SVIDs and OIDC tokens ([Verifier.Verify]), passports with or
// without them ([Verifier.Admit]), and X.509-SVIDs with proof of their key ([Verifier.VerifyConnection] in TLS,
// [Verifier.VerifyChallenge] elsewhere). Nothing here opens a socket or starts a goroutine; a
// [ReceiptLog], if the host opens one, is the only file.
//
//	store := attestor.NewBundleStore()
//	defer store.Close()
//	if err := store.Put("example.org", bundle); err != nil { ... }
//
//	verifier, err := attestor.NewVerifier(store, policy)
//	if err != nil { ... }
//	defer verifier.Close()
//
//	identity, err := verifier.Verify(token)
//	if err != nil { ... } // nobody enters
//
// # Errors
//
// A nil error is the only acceptance. Any other outcome has one [Reason] and one of three classes, told
// apart with [errors.Is]: [ErrDenied] (the credential is refused), [ErrUnavailable] (our own trust material
// is missing or too old) and [ErrMisuse] (the host has a defect). Reasons are targets of errors.Is as well:
//
//	errors.Is(err, attestor.TokenExpired)
//
// Neither an error nor any other value of this package holds bytes of a refused credential.
//
// # Feeds
//
// Trust material ages: past its soft age it is due, and at its hard age it is no longer used. The host puts it again,
// or lends the store a [Feed] for each source, which [BundleStore.Refresh] calls when it is due, and a verification
// with [Refreshing] when a key is missing.
//
// # Receipts
//
// With [WithReceipts] every verdict is recorded before it is given, and an allow that cannot be is [ErrReceipt].
//
// # Concurrency
//
// Stores and verifiers may be used from any number of goroutines. Close may be called while others are
// inside a call: those finish, later ones get [ErrClosed].
//
// # Building
//
// The package needs cgo and links a static library that is part of the module; see the README for other
// ways. Without cgo it compiles, and every call returns [ErrCGORequired].
package attestor
