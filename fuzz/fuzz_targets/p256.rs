#![no_main]

attestor_fuzz::ecdsa!(p256, Es256, 32, Some(&ring::signature::ECDSA_P256_SHA256_FIXED));
