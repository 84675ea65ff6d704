package attestor

import (
	"context"
	"fmt"
)

// Feed fetches the trust material of a source when it is due; see [BundleStore.SetFeed].
type Feed interface {
	// Fetch gets the material of source and puts it into sink, or confirms what was put before. An error, or
	// neither of both, keeps what the store holds, which ages.
	//
	// It runs within [BundleStore.Refresh], [BundleStore.RefreshSource] or a verification with [Refreshing], and
	// gets the context of that call. A source is fetched by one goroutine at a time, several sources by several.
	// It must not call [runtime.Goexit]. A panic ends the fetch only, and goes on in the call as a [FeedPanic].
	Fetch(ctx context.Context, source Source, sink *Sink) error
}

// FeedFunc is a function as a [Feed].
type FeedFunc func(ctx context.Context, source Source, sink *Sink) error

// Fetch calls the function.
func (f FeedFunc) Fetch(ctx context.Context, source Source, sink *Sink) error {
	return f(ctx, source, sink)
}

// RefreshReport is what a refresh came to.
type RefreshReport struct {
	// Succeeded counts the feeds that put or confirmed something.
	Succeeded int
	// Failed counts the feeds that did not.
	Failed int
	// Busy counts the sources that were due and that another goroutine was fetching.
	Busy int
	// Errors is why feeds failed; nil if none did.
	Errors map[Source]error
}

// FeedPanic is the panic of a [Feed], as it goes on in the call that fetched.
type FeedPanic struct {
	// Source is what was fetched.
	Source Source
	// Value is what the feed panicked with.
	Value any
	// Stack is where.
	Stack []byte
}

// Error tells the value and the stack.
func (p *FeedPanic) Error() string {
	return fmt.Sprintf("the feed of %v panicked: %v\n\n%s", p.Source, p.Value, p.Stack)
}

// Unwrap is the value, if that is an error.
func (p *FeedPanic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}
