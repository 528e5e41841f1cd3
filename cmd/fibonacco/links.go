package main

type linksCommand struct {
	Revoke linksRevoke `cmd:"" help:"Make every link that a business was sent for its pages, approvals and receipts open nothing."`
}

type linksRevoke struct {
	SMB string `arg:"" help:"Id, uuid or e-mail address." name:"smb"`
}

func (c linksRevoke) Run(e *env) error {
	return e.with(func(a *app) error {
		id, err := a.smbID(e, c.SMB)
		if err != nil {
			return err
		}
		if err := a.approval.RevokeLinks(e.ctx, id); err != nil {
			return err
		}
		e.say("The links of business %d open nothing any more. The next mail about a service brings fresh ones.", id)
		return nil
	})
}
