"""Generator of the conformance corpus."""
