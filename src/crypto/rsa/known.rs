//! One good signature for each modulus length and padding, to try a machine with: from Wycheproof's files
//! `rsa_signature_*_sha256` and `rsa_pss_*_sha256_mgf1_32`, the first test of each, over the empty message.

/// In base64url; the exponent is 65537.
pub(super) struct Known {
    pub(super) modulus: &'static str,
    pub(super) rs256: &'static str,
    pub(super) ps256: &'static str,
}

pub(super) const KNOWN: [Known; 3] = [
    Known {
        modulus: "orRRoH0KpfluRVZxUTVQUUqKW0YuvvcXCU-h_ugiJOY3-XRtP3yv0xh42AMltu9aFwD2WQO0aUKeidbqyIRQl7WrOTGJ25JR\
            LtincRoSU_rNIPecFegkfz0-QuRuSMmOJUov6XZTE6A-_48X4aApOXofomqNzib0kO2BKZYV2YFMItphBCjgnH2WWFlCZvXA\
            IdD87KCNlFoSvoLeTR7Oa0wDFFtdNJXU7VQR64eNrwX9evw-Ca2g8RJkIvWQl1oZaYFvSGmLy7obTZyuedRg2Pn4Xnl1AF2b\
            wixOWsD3waRdElaaYoB9O5oC5aUw53MGb0U9H1tMLpz3ggKD90K51Q",
        rs256: "hA9drFMQbdH5xXIZIkz1EokpDELyBGaHW6joMKxWkOVBU2_MirA7cx-Cv2bYPxlOfhgLOWPsei8_eQSnzkmu1H2k1LeUIer5\
            N9MBs-aWFpKXt5fDLAdqEr5N4LWOADxRIwUahKEMYvjawvQqhkAAjrPHzM1nYP9bUbaJdjkiWChF8Ej7gVDlp6bKLszHvchT\
            Sa1bJsUhN6efo_5cKatc12FQEyGcGUG2cI6cPCP-_1_rrwyOvKV1C1Tj5umaPodrOW8nhgt_PsTpGRcDxjMtlE9vaXURZ2gM\
            ecT2tX8cyHVdJLbsFYzNus2yMQejPLazMlFsEydNH53Mwh3O2Gnkhg",
        ps256: "TwHgwSsIYl7KyJppIxkG7fgmOA83yVmpZpDQRjFtaP_OnVxHFpT86_xrRVNIZGiSVuT8gceOWD9nXQyUtElkdFHoG-_wGhGl\
            FtXlzj8akQQ3y4o6UJaxn7FfRSSjWyPYnNuhLPW3GqwQR7KMVi33xVQsNM4joYLPfg4jGTSxcpR5nUSHeh1o7xuPBzYZt2GO\
            a3wi2yADDZjPWR_8PU2l9YYT7NXs_DtAodAvQIkcpDaVzUwIiwWoBUyJxZWkfidIFvNThCJvdEWe5j4lob_APDYEkFUuw4ND\
            -KzlAvBlMDsAvA7DIHEbIR_ekuV_65ATw2CTQklewNfKvewh5UrMOA",
    },
    Known {
        modulus: "xv4jeSVmAjwmUofFrG9xVBwJlNEdBZ7mQDmG76IcJLUb2R2IYvnfeaTjKOPifIPfJgslqbQ0IK_8RLUejXUltvKcNypAUQRz\
            IAdSemLtgvrHP0iSqA4JaCpBpYzTRwF_O-fYATNPktkyGq_VO1G_-r_HUs_Mrgse4Dva_55CjMHBF_GslrT-I_jCPmOBGGpm\
            _VkokzmuVcS82tv_hKvapTIkDU4dKLLQSB2t07JGVXyo_hgJKBdzCznm7jeP_MhbGf_ckWqbmRprZtSpx7q19eejciEBFC56\
            QQjBXVc7FSieB-RurqB7QsKry6Mw6ZVUtGVhZbtMDbK2OToH7KV1xRqTxOFb2w90eQlEfj7-NMZ8qJVLUw5WogobbYTUXtG8\
            06pY7AbxhO5YV6qoGeHMqaJvTijWuXfTORbbmJbSUtGvp2Lih8sNOEzHW_5T9Oki0C3QpIHAQuLTBrSzwYk3HldbJeAAWhZM\
            9p3Ql25NW-R2gG6mvmCE5xq09axcGxID",
        rs256: "FX_7lCsTY7WYnsS-uT-wGH7wFt5M4FViCCXRPD2v1P_2IccZIOiEuijF6Ysyi6rCmtS_xNLK4vDsudG2yfvfw4WqVlqvbFsx\
            UOCF4DFuIdfUQKhzB05dJwDZYRFO1CBHhkekdp2DJpH3oATZNKidwknJNDNBkC1dDD0aYjABJlY0IWvqzV91aCHyHDtYEReQ\
            ZXaQkYour6noWrHuRO3T2LuJ6JKs9BG6nqru-I7KN9_72nJ1HBFzZP0bOMhA17QjGPzQEaREmu_8LeMoNtOk9wTUyK1OB4MV\
            0NF1jwmPLqdJzM5iqsWSrEBBteczugQxuIMyo5oq9_aPm7H0aaeTsoC5ZPKFzlzR_zrc19vUZKfJQU7UV5EHPwhBW-LdnwHc\
            L-yMOib-l9l3jisvzPcaHqXpzgF9LUZ3jX43u4MuvVglsyV6eFLbXLbBMrz5ujUipnCw6GZYVETtNgH9MqkigY72YRYm7uPq\
            mc_P7qpMNwVnzGXgR5vTXgkbdy10Rcre",
        ps256: "tSAGVoJjO6VMm3E7LvGc3B_PJ1uhdEwjUNpzB6IJccww7vo30WZ9I9IAAaZ08OAN9Pm54dX-frhcxFyrXdYldZ3oMBeZXJPU\
            ixJt8DqnTvh9rqDBZS3TcK1dZjWYo4PKwheiCLIsfPDkSMx64FVfiSzLje1olM-wwyjLVCvgSF2GDKdyAwgfOwTG9VxWibGm\
            axwkgZpKfqVfMuAPYazPS0EbsyCpbJkBc7Y8zXTn2n31zq8zo5qKy4moRaWUsWTsbiLM6UDrBvLUh6i8RXRFGHjCu_V9JB92\
            WG4HA79fhr7oMtBbdfq67WrMrfwews1uYZ27KbZdbm9eEYrVLYKpVdIQBezWP7OC8yu44uHlciCzRc1kIr3YSpFJXQq1d1sI\
            E57e6WDasbT_2epbJzmLWObjUhHDWBUB6Zv14_F_15OBUo0opJJ-KAgvRb-pUZ-Y6mY9yExQMXrfC9XamLAUWQEc7GGABTTd\
            WvxaVnwZ5KQA8G3udBEgg7UyJhXBRM47",
    },
    Known {
        modulus: "lWNT7LdWGUXcVUTkYCRmB4yT8oUHcB_9OeKpgTyKyHQOatYclV1ITlE7Pc6lJ-ABoBjuLCB8GAapZ2MoAjbNPIIN_3mDfJtw\
            nLS1ItPdvJGSJCJZxDvnXqJE03zPqKTHUCSiz3zHboQuppzHyhInQFsHAEc4elBo5JduS47V-arde02wJPu4172KBA2PZhDB\
            xusdS2Bt_RgiNdA2CIAwTVp1BgOvDEJLjI5tvBLDaX0tYJyXVH53Ti42LqltFpDclDIRLFNSWLPbLEwyrVENbAetB4g1eIOG\
            nvuLYpKYckhHklz0KzQ4a-cA8CkD21hSJ2vuI3CUHzl73DkF4wlkoLXnNgJwM0CWDD7WB4JjthHxl5Vf7M5LmjLkPNHS5eh8\
            TOtl7ciFOn7jHSjhblrf-4rHt2D7_GPV8XT00JNkYduxLJZKa21s7nUuX8oatKn9I43T6IYKHXY9IBn557me12ZtTgOHEPkO\
            AJO8VmmH1sAJL1cTducFs0LQZsVObiV4knuSwfCSjeROmm4fSbkHxqpPYF7Jw5jVXfgcZzc7A8yBEBYvtBf5b9MhBIZH38uz\
            kkVRFc2RLqgzUYU-ahhShGSIQq3L0l5nF0o7k7imTOLOneDoV3uLZizjLiVleCZl3Tjlu1_MT-EuQyDat3c7VFoJxtOdnbrU\
            WfIfPmJO5u0",
        rs256: "NoEFGV8NyCws036O3G3cDJg9wT3c9vnbmiS1KSHlKAMZobz3l_d0Bm1kPlyZuBHwrZ3yo_Qw9ISKA925fgbapNAd3VC_K2OJ\
            Nc0msZ1v_MuohKTny6NYMMbMXMzji8D8xOpCE0fiQXEaVRxnkjs9qvLpxRY11BbMI5OppPEI-E8mmQwR26rOp1453GCCtTnN\
            LAyN2mx4y60S4Uo1K53VySo3AthTj8zg6S4mSJ6oPXXBdKtnEhD7xsOXviFnhktRm1E20jpDY-93PrwUDh2ksKeI17HxWjAD\
            de5CsnJhZ1_fxgwpurcCLcLmJMfR8x4nisCJxYgOcBvsQfY8j4l8DOzF7_CoAdvFjX1N9uhgwg5h8x2astUOj77HRxBw2O0G\
            xMnHJctjr94MxEddPct9ytfqvYdN33KUzZ0qZrE7Y2ehTf44J9oMbIuec03uzoD9eWCc5c4KFt5mEP0EoJsLJBG64rwyIqtM\
            AoZ4ONDINGxgWJ5iBLIm77QBhB-5XaBf8ymJ75NUJblD0bXS-K9RE0kaNsYKmMkLZFMUT1_gCg3z3o0C8PWce5Tdx8iJWx3_\
            jYj2mpos-7Ve2gg3gAlQYB_J4jClUUyWdPtXbfg5HFG6D-vCnCZ0Yu1TNzJrb0DSQ619gUWeyrvQASayFC5roQ2fkDqZGNIo\
            DGPuhLRwYuE",
        ps256: "SS5guCiphHUBx_9GpKME7nv2Guh92IzVWYx2KJpwqzr7f6nvoyKKHoJiQcE8LhINIs06OKm57FgmqXEb2xGXSOD3CAzPkX6M\
            tT9vIe0Z9P-tnv2Uxm4ykiaoEe75KIFrXts7ENH0g7ZLytmwVdx46ZSRVg9ZpZgAHnagv_DdrU6_1WVJXitSOwLcgAULZNtK\
            IAtcqe_YoTOdbN_2qC3L92nTsO165T6o8XiOsCXhhqXqwC4-H7HwruwpspKcenGMMhWWCflzEJ1Kh2vOze7mxkGN8n-kbrXN\
            I44nT5SrVxyWiyxKg4zYEqqQ5GV7lcDM1o1gvX0ztuKRpqE_aOBGzUHs_Cu-NfqbSgwX2Jpwj4n5db9aXrmryBKwxJjZPS0W\
            H1x5aa-895gCnzwU78P3wmW5P9pXLSZenhFv-pQW4RGq0yBy9hlD6fB1T24RarURntCbviRQIrbov-NdzuSlPtN19UUcQ_OP\
            brVbSOOGAwz7dsQIyB9gaIbIGqzHapmXNWgkEwacwBb245DqLffo500Ij7BkOuv0iZ7oF3pKX66jiJGBYS_9_82z_GmdV466\
            OD4j4b62iCTAvH-SCvu-qM578rfDu0DzPGt8j7bPc-bi82eWafI13f6-6vqHKRhYHZnITW3Df_hZSUSdOZSYLTMsufm4rKaR\
            ZRxLY-WPazg",
    },
];
