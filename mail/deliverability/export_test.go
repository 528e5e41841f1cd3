package deliverability

import "context"

// CheckMails is the part of Check that reads mails.
func CheckMails(s Setup) []Finding { return checkMails(context.Background(), nil, s) }
