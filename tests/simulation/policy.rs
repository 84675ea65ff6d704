//! The policy of the host: as a document, and as the plain rules that it stands for.

use super::oracle::{Attestor, Rules};
use serde_json::json;

/// A policy in the making.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) clock_skew: i64,
    pub(crate) audiences: Vec<String>,
    /// Groups of trust domains, each with its own `max_staleness_secs`.
    pub(crate) groups: Vec<(Vec<String>, Option<i64>)>,
    pub(crate) issuers: Vec<String>,
}

impl Plan {
    pub(crate) fn document(&self) -> Vec<u8> {
        let domains = self.groups.iter().enumerate().map(|(at, (domains, staleness))| {
            let mut attestor = json!({
                "id": format!("spiffe-{at}"), "kind": "spiffe", "audiences": self.audiences, "trust_domains": domains,
            });
            if let Some(staleness) = staleness {
                attestor["max_staleness_secs"] = json!(staleness);
            }
            attestor
        });
        let issuers = self.issuers.iter().enumerate().map(|(at, issuer)| {
            json!({"id": format!("oidc-{at}"), "kind": "oidc", "audiences": self.audiences, "issuer": issuer})
        });
        let attestors: Vec<_> = domains.chain(issuers).collect();
        json!({"version": 1, "clock_skew_secs": self.clock_skew, "attestors": attestors})
            .to_string()
            .into_bytes()
    }

    pub(crate) fn rules(&self) -> Rules {
        let attestor = |sources: &[String], max_staleness| Attestor {
            sources: sources.to_vec(),
            audiences: self.audiences.clone(),
            max_staleness,
        };
        let domains = self.groups.iter().map(|(domains, staleness)| attestor(domains, *staleness));
        let issuers = attestor(&self.issuers, None);
        Rules { clock_skew: self.clock_skew, attestors: domains.chain([issuers]).collect() }
    }
}
