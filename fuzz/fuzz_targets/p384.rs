#![no_main]

attestor_fuzz::ecdsa!(p384, Es384, 48, Some(&ring::signature::ECDSA_P384_SHA384_FIXED));
