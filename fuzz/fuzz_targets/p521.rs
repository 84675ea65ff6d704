#![no_main]

attestor_fuzz::ecdsa!(p521, Es512, 66, None);
