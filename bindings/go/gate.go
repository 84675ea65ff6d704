package attestor

import "strings"

// GateAction is what the [RotationGate] does about an update that one of its rules finds suspicious.
type GateAction uint32

// The actions of a [RotationGate]; 0 is the rule's default.
const (
	// GateOff does nothing.
	GateOff GateAction = 1
	// GateWarn takes the update, and [SlotInfo] says so.
	GateWarn GateAction = 2
	// GateHold takes what the update removes, and holds back what it adds: the Put fails.
	GateHold GateAction = 3
)

// RotationGate is what a store does about suspicious updates; [Force] takes one nevertheless.
type RotationGate struct {
	// Rollback is for a spiffe_sequence that goes back: [BundleRollback]. Held by default.
	Rollback GateAction
	// Rekeyed is for a known kid with another key: [BundleRekeyed]. Held by default.
	Rekeyed GateAction
	// Replaced is for an update with not one key of the slot: [BundleReplaced]. Warned about by default.
	Replaced GateAction
}

// Finding is a set of what the [RotationGate] found in an update.
type Finding uint32

// The members of a [Finding].
const (
	// FindingRollback is a spiffe_sequence that went back.
	FindingRollback Finding = 1 << iota
	// FindingRekeyed is a known kid with another key.
	FindingRekeyed
	// FindingReplaced is an update with not one key of the slot.
	FindingReplaced
)

// String is the names of the findings; empty for none.
func (f Finding) String() string {
	var names []string
	for _, known := range []struct {
		finding Finding
		name    string
	}{{FindingRollback, "rollback"}, {FindingRekeyed, "rekeyed"}, {FindingReplaced, "replaced"}} {
		if f&known.finding != 0 {
			names = append(names, known.name)
		}
	}
	return strings.Join(names, ",")
}
