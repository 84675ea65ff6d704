"""Test-only: tokens of an issuer that does not exist, and its public keys; no private key was kept.

Unless its comment says otherwise, a token is for `AUDIENCE`, was issued 10 seconds before `CLOCK`, when its
end user authenticated, expires at `EXPIRES`, and carries `NONCE` and the hash of `ACCESS_TOKEN`. Each `kid`
is the key's thumbprint.
"""

CLOCK = 1_800_000_000
EXPIRES = CLOCK + 3600
ISSUER = "https://issuer.test"
OTHER_ISSUER = "https://other.test"
AUDIENCE = "orders"
SUBJECT = "alice"
IDENTITY = f"oidc:{ISSUER}:{SUBJECT}"
NONCE = "n-0S6_WzA2Mj"
ACCESS_TOKEN = "an access token"
THUMBPRINT = "c-3Dn9pGQYeY7ZVOtNjtFOaOgfuLvcQr20js9AFhK7o"
POLICY = {
    "version": 1,
    "attestors": [{"id": "login", "kind": "oidc", "audiences": [AUDIENCE], "issuer": ISSUER}],
}

# A P-256 and an Ed25519 key.
JWKS = """{
  "keys": [
    {
      "crv": "P-256",
      "kty": "EC",
      "x": "n5vq7tC_p-FjQGCPlHpAH0mge_q0gPfvyCDVn3G4Ulk",
      "y": "No06u03gcC9tYnb-oECaviyj8yV6sPRKGycCehQUUdM",
      "kid": "c-3Dn9pGQYeY7ZVOtNjtFOaOgfuLvcQr20js9AFhK7o",
      "use": "sig"
    },
    {
      "crv": "Ed25519",
      "kty": "OKP",
      "x": "RSecOiafXxG348vo4lpkkZdcgjMiJj7o3qibU2YCgN8",
      "kid": "oULHBwbqHR6B_KI7Yw0l1G37XkeVbeaRqF21NnloJwI",
      "use": "sig"
    }
  ]
}
"""
# The P-256 key.
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEn5vq7tC/p+FjQGCPlHpAH0mge/q0
gPfvyCDVn3G4Ulk2jTq7TeBwL21idv6gQJq+LKPzJXqw9EobJwJ6FBRR0w==
-----END PUBLIC KEY-----
"""

# ES256.
TOKEN = (
    b"eyJhbGciOiJFUzI1NiIsImtpZCI6ImMtM0RuOXBHUVllWTdaVk90Tmp0Rk9hT2dmdUx2Y1FyMjBqczlBRmhLN28iLCJ0eXAi"
    b"OiJKV1QifQ.eyJhdF9oYXNoIjoiRlBsY00tMVVYaWl2T1lvenBVcnA3USIsImF1ZCI6Im9yZGVycyIsImF1dGhfdGltZSI6M"
    b"Tc5OTk5OTk5MCwiZXhwIjoxODAwMDAzNjAwLCJpYXQiOjE3OTk5OTk5OTAsImlzcyI6Imh0dHBzOi8vaXNzdWVyLnRlc3QiL"
    b"CJub25jZSI6Im4tMFM2X1d6QTJNaiIsInN1YiI6ImFsaWNlIn0.HzSnODtAG7vkvehD9kqS5z8ZDP4m7R3-02eZUgzCLFEnj"
    b"TRBZaJ36NB3CoIKFqZ_vHq-TDCtWyjARAc-BTyfDA"
)
# EdDSA.
EDDSA_TOKEN = (
    b"eyJhbGciOiJFZERTQSIsImtpZCI6Im9VTEhCd2JxSFI2Ql9LSTdZdzBsMUczN1hrZVZiZWFScUYyMU5ubG9Kd0kiLCJ0eXAi"
    b"OiJKV1QifQ.eyJhdF9oYXNoIjoiOVVMOEJ4Nm83NFgzX0E2WFc1aUs0LUxtTUhXMGlKTUxaMllOTmQyejFrYyIsImF1ZCI6I"
    b"m9yZGVycyIsImF1dGhfdGltZSI6MTc5OTk5OTk5MCwiZXhwIjoxODAwMDAzNjAwLCJpYXQiOjE3OTk5OTk5OTAsImlzcyI6I"
    b"mh0dHBzOi8vaXNzdWVyLnRlc3QiLCJub25jZSI6Im4tMFM2X1d6QTJNaiIsInN1YiI6ImFsaWNlIn0.OnOuXAdggk3pab6ej"
    b"oYQB54Ug_pH85fkYubk6i2Op9u-ERL0OPwu85Ym_xCCZjA8uLeIvJ8PGwr4dAK31QKDCQ"
)
# ES256, with another nonce.
OTHER_NONCE_TOKEN = (
    b"eyJhbGciOiJFUzI1NiIsImtpZCI6ImMtM0RuOXBHUVllWTdaVk90Tmp0Rk9hT2dmdUx2Y1FyMjBqczlBRmhLN28iLCJ0eXAi"
    b"OiJKV1QifQ.eyJhdF9oYXNoIjoiRlBsY00tMVVYaWl2T1lvenBVcnA3USIsImF1ZCI6Im9yZGVycyIsImF1dGhfdGltZSI6M"
    b"Tc5OTk5OTk5MCwiZXhwIjoxODAwMDAzNjAwLCJpYXQiOjE3OTk5OTk5OTAsImlzcyI6Imh0dHBzOi8vaXNzdWVyLnRlc3QiL"
    b"CJub25jZSI6InNvbWVib2R5LWVsc2UtcyIsInN1YiI6ImFsaWNlIn0.YXyBKpG8bihdNuEpVLmARh1y5fYLGo1QMYyNW1S-x"
    b"1ZUZngRk3akiZh2YOjSjgHeD_oBlVauvb_no6VVLDj7OA"
)
# ES256, the end user authenticated an hour before CLOCK.
STALE_TOKEN = (
    b"eyJhbGciOiJFUzI1NiIsImtpZCI6ImMtM0RuOXBHUVllWTdaVk90Tmp0Rk9hT2dmdUx2Y1FyMjBqczlBRmhLN28iLCJ0eXAi"
    b"OiJKV1QifQ.eyJhdF9oYXNoIjoiRlBsY00tMVVYaWl2T1lvenBVcnA3USIsImF1ZCI6Im9yZGVycyIsImF1dGhfdGltZSI6M"
    b"Tc5OTk5NjQwMCwiZXhwIjoxODAwMDAzNjAwLCJpYXQiOjE3OTk5OTk5OTAsImlzcyI6Imh0dHBzOi8vaXNzdWVyLnRlc3QiL"
    b"CJub25jZSI6Im4tMFM2X1d6QTJNaiIsInN1YiI6ImFsaWNlIn0.awrE0HoeXs0R3P5yNXmNmyPAiwzZl7QHXq8YmAju-bqdg"
    b"RDlPQikozMEPdmxoFOaJtiLq2CTowcHSdl8l3j1dw"
)
# ES256, with the hash of another access token.
OTHER_HASH_TOKEN = (
    b"eyJhbGciOiJFUzI1NiIsImtpZCI6ImMtM0RuOXBHUVllWTdaVk90Tmp0Rk9hT2dmdUx2Y1FyMjBqczlBRmhLN28iLCJ0eXAi"
    b"OiJKV1QifQ.eyJhdF9oYXNoIjoid1FGa1V0TVMzbWNHWllrcmtQOHRVdyIsImF1ZCI6Im9yZGVycyIsImF1dGhfdGltZSI6M"
    b"Tc5OTk5OTk5MCwiZXhwIjoxODAwMDAzNjAwLCJpYXQiOjE3OTk5OTk5OTAsImlzcyI6Imh0dHBzOi8vaXNzdWVyLnRlc3QiL"
    b"CJub25jZSI6Im4tMFM2X1d6QTJNaiIsInN1YiI6ImFsaWNlIn0.cu27QSRCU50_mP2PlgsYk9WKyweU46os4pb_XytMA8H2B"
    b"k1MkhwjOyj340wehO_X-0iKoay254dWK3s5HXQFXQ"
)
# ES256, from OTHER_ISSUER.
OTHER_ISSUER_TOKEN = (
    b"eyJhbGciOiJFUzI1NiIsImtpZCI6ImMtM0RuOXBHUVllWTdaVk90Tmp0Rk9hT2dmdUx2Y1FyMjBqczlBRmhLN28iLCJ0eXAi"
    b"OiJKV1QifQ.eyJhdF9oYXNoIjoiRlBsY00tMVVYaWl2T1lvenBVcnA3USIsImF1ZCI6Im9yZGVycyIsImF1dGhfdGltZSI6M"
    b"Tc5OTk5OTk5MCwiZXhwIjoxODAwMDAzNjAwLCJpYXQiOjE3OTk5OTk5OTAsImlzcyI6Imh0dHBzOi8vb3RoZXIudGVzdCIsI"
    b"m5vbmNlIjoibi0wUzZfV3pBMk1qIiwic3ViIjoiYWxpY2UifQ.1saqoQPR76YkPJ64anZWSQDMO-wrn9pXqbk24VQ5oiXPPB"
    b"bZSjs25C78qNkVUPQzNYzbJ2c5KCHRfHq7qTryFQ"
)
# ES256, from an issuer that is named like a trust domain: `example.org`.
DOMAIN_ISSUER_TOKEN = (
    b"eyJhbGciOiJFUzI1NiIsImtpZCI6ImMtM0RuOXBHUVllWTdaVk90Tmp0Rk9hT2dmdUx2Y1FyMjBqczlBRmhLN28iLCJ0eXAi"
    b"OiJKV1QifQ.eyJhdF9oYXNoIjoiRlBsY00tMVVYaWl2T1lvenBVcnA3USIsImF1ZCI6Im9yZGVycyIsImF1dGhfdGltZSI6M"
    b"Tc5OTk5OTk5MCwiZXhwIjoxODAwMDAzNjAwLCJpYXQiOjE3OTk5OTk5OTAsImlzcyI6ImV4YW1wbGUub3JnIiwibm9uY2UiO"
    b"iJuLTBTNl9XekEyTWoiLCJzdWIiOiJhbGljZSJ9.Ow5PXvQ5edtMs5BobNaCTJHKyvpycvdfYWzB5b6g97bc9dtRYOV8_men"
    b"KdV2XJSy5nP5qzhrA_8K2saLenR4vg"
)
