// Package bounce reads the mails that come back: delivery status notifications (RFC 3464) and
// abuse reports (RFC 5965). Which mail of ours one is about is known by the address it came back
// to, which is signed (VERP); what the report says about itself is believed only as far as that.
package bounce
