package fibonacco

import "context"

// SetupState is how far a new installation is.
type SetupState struct {
	NeedsUser bool // nobody can sign in yet: the setup code lets the first person in
	Done      bool // somebody has been through it, or there is nothing to go through
}

// SetupService leads a new installation to its first user. Its code is printed where the server
// starts, the same on every node and after every restart, and is good once.
type SetupService interface {
	SetupState(ctx context.Context) (SetupState, error)
	// CreateFirstUser makes an admin and signs them in. Invalid names each bad field, "code" among
	// them; TooMany after ten wrong codes in fifteen minutes; Conflict when there is somebody already.
	CreateFirstUser(ctx context.Context, code string, u User, password string) (*SignedIn, error)
	// FinishSetup ends it. Doing it again changes nothing.
	FinishSetup(ctx context.Context) error
}
