//! A year of a fleet under a virtual clock: rotations, outages, attackers, restarts. A deliberately simple oracle,
//! written from the design alone, says what must be answered at every step.
//!
//! `ATTESTOR_SIMULATION_SEEDS=n` lives n years instead of one; `ATTESTOR_SIMULATION_REPORT` names a file for the
//! last line of the report.

mod simulation {
    mod by_hand;
    mod fleet;
    mod host;
    mod lies;
    mod material;
    mod member;
    mod oracle;
    mod outages;
    mod policy;
    mod publisher;
    mod random;
    mod report;
    mod restart;
    mod wire;

    use fleet::Fleet;

    #[test]
    fn a_year_of_a_fleet() {
        let seeds = std::env::var("ATTESTOR_SIMULATION_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
        for seed in 1..=seeds {
            let (report, disagreements) = Fleet::new(seed).live();
            assert!(disagreements.is_empty(), "seed {seed}: {report}\n{}", disagreements.join("\n"));
            report.check_that_enough_happened();
            println!("{report}");
            if let Some(file) = std::env::var_os("ATTESTOR_SIMULATION_REPORT") {
                std::fs::write(file, format!("{report}\n")).expect("a file that can be written");
            }
        }
    }
}
