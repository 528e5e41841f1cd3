package render

// For tests of the encodings by themselves.
var (
	AppendQP      = appendQP
	AppendText    = appendText
	AppendMailbox = appendMailbox
)
