package fibonacco

import "time"

// EventCategory groups events for reports (analytics_events.event_category).
type EventCategory string

// The categories.
const (
	CategoryCRM        EventCategory = "crm"
	CategoryOutbound   EventCategory = "outbound"
	CategoryEngagement EventCategory = "engagement"
	CategoryLearning   EventCategory = "learning"
	CategoryConversion EventCategory = "conversion"
	CategoryInbound    EventCategory = "inbound"
	CategoryAI         EventCategory = "ai"
	CategoryOperations EventCategory = "operations"
)

// Event is something that happened and is true. It is published in the transaction that made
// it true (queue.Publish), which stores one analytics_events row and wakes its handlers. Its
// exported fields are stored as JSON.
type Event interface {
	// Meta says where the event belongs. Type is a constant of the Go type: it must be right on
	// a zero value.
	Meta() EventMeta
}

// EventMeta is what every event says about itself.
type EventMeta struct {
	Type     string // "email.opened"
	Category EventCategory
	SMBID    int64 // 0 when none
	// CommunityID is 0 when there is none, and for events that come by the hundred thousand: they
	// carry it among their fields. Checking the reference to one much-used row would cost a fifth
	// of planning a day.
	CommunityID int64
	At          time.Time // zero means when it is published
}

// The events, in the order of a business's life.
type (
	// SMBCreated says that a business was added, by hand, API or import.
	SMBCreated struct {
		SMBID       int64 `json:"smb_id"`
		CommunityID int64 `json:"community_id"`
	}
	// SMBUpdated names the fields that became different; "deleted_at" when it was deleted, "restored"
	// when it came back.
	SMBUpdated struct {
		SMBID       int64    `json:"smb_id"`
		CommunityID int64    `json:"community_id"`
		Fields      []string `json:"fields"`
	}
	// SMBEngagementChanged says that the score moved by more than 10 points at once.
	SMBEngagementChanged struct {
		SMBID    int64 `json:"smb_id"`
		OldScore int   `json:"old_score"`
		NewScore int   `json:"new_score"`
	}
	// SMBTierChanged says that the tier moved.
	SMBTierChanged struct {
		SMBID     int64  `json:"smb_id"`
		OldTier   int    `json:"old_tier"`
		NewTier   int    `json:"new_tier"`
		Direction string `json:"direction"` // upgrade, downgrade
	}

	// CampaignSendQueued says that a programme e-mail was planned.
	CampaignSendQueued struct {
		CampaignSendID int64  `json:"campaign_send_id"`
		SMBID          int64  `json:"smb_id"`
		CommunityID    int64  `json:"community_id"`
		CampaignID     string `json:"campaign_id"`
	}
	// CampaignSendCompleted says that the provider accepted a mail, or refused it for good.
	CampaignSendCompleted struct {
		CampaignSendID int64      `json:"campaign_send_id"`
		SMBID          int64      `json:"smb_id"`
		CommunityID    int64      `json:"community_id"`
		CampaignID     string     `json:"campaign_id"`
		Status         SendStatus `json:"status"` // sent or failed
	}
	// EmailDelivered says that the receiving server took the mail.
	EmailDelivered struct {
		CampaignSendID int64 `json:"campaign_send_id"`
		SMBID          int64 `json:"smb_id"`
	}
	// EmailOpened says that the first open that is not a machine's was seen; once per send.
	EmailOpened struct {
		CampaignSendID int64     `json:"campaign_send_id"`
		SMBID          int64     `json:"smb_id"`
		CampaignID     string    `json:"campaign_id"`
		At             time.Time `json:"at"`
	}
	// EmailClicked says that a link was followed, not by a machine.
	EmailClicked struct {
		CampaignSendID int64     `json:"campaign_send_id"`
		SMBID          int64     `json:"smb_id"`
		CampaignID     string    `json:"campaign_id"`
		Link           string    `json:"link"`
		At             time.Time `json:"at"`
	}
	// EmailBounced says that the mail came back.
	EmailBounced struct {
		CampaignSendID int64  `json:"campaign_send_id"`
		SMBID          int64  `json:"smb_id"`
		BounceType     string `json:"bounce_type"`
	}
	// EmailComplained says that the recipient reported the mail as spam.
	EmailComplained struct {
		CampaignSendID int64 `json:"campaign_send_id"`
		SMBID          int64 `json:"smb_id"`
	}
	// Unsubscribed says that the recipient opted out.
	Unsubscribed struct {
		SMBID          int64  `json:"smb_id"`
		CampaignSendID int64  `json:"campaign_send_id"` // 0 when not by a mail's link
		CampaignID     string `json:"campaign_id"`
		Channel        string `json:"channel"` // email, rvm
	}
	// PreferencesChanged says that the recipient chose what to get; the fields are what holds now.
	PreferencesChanged struct {
		SMBID        int64      `json:"smb_id"`
		Unwanted     []Topic    `json:"unwanted"`
		AtMostWeekly bool       `json:"at_most_weekly"`
		PausedUntil  *time.Time `json:"paused_until"`
	}
	// ConfirmationAsked says that somebody wants mail again, or at a new address, and is to be asked
	// there to confirm it.
	ConfirmationAsked struct {
		ConfirmationID int64 `json:"confirmation_id"`
		SMBID          int64 `json:"smb_id"`
	}

	// RVMDropQueued says that a voicemail was planned.
	RVMDropQueued struct {
		RVMDropID      int64 `json:"rvm_drop_id"`
		SMBID          int64 `json:"smb_id"`
		CampaignSendID int64 `json:"campaign_send_id"`
	}
	// RVMDropDelivered says that a voicemail arrived.
	RVMDropDelivered struct {
		RVMDropID int64     `json:"rvm_drop_id"`
		SMBID     int64     `json:"smb_id"`
		At        time.Time `json:"at"`
	}
	// CallbackReceived says that an SMB called; once per call.
	CallbackReceived struct {
		CallbackID int64  `json:"callback_id"`
		SMBID      int64  `json:"smb_id"` // 0 when not known
		Intent     string `json:"intent"`
	}

	// ContentViewed says that a known SMB opened a learning page.
	ContentViewed struct {
		ViewID      int64  `json:"view_id"`
		SMBID       int64  `json:"smb_id"`
		ContentSlug string `json:"content_slug"`
	}
	// ContentCompleted says that a known SMB reached the end; once per view.
	ContentCompleted struct {
		ViewID      int64  `json:"view_id"`
		SMBID       int64  `json:"smb_id"`
		ContentSlug string `json:"content_slug"`
	}

	// ApprovalSubmitted says that an SMB said yes to a service.
	ApprovalSubmitted struct {
		ApprovalID  int64  `json:"approval_id"`
		SMBID       int64  `json:"smb_id"`
		ServiceType string `json:"service_type"`
	}
	// ApprovalProvisioned says that an approved service works.
	ApprovalProvisioned struct {
		ApprovalID  int64  `json:"approval_id"`
		SMBID       int64  `json:"smb_id"`
		ServiceType string `json:"service_type"`
	}
	// UpsellOffered says that a further service was offered.
	UpsellOffered struct {
		ApprovalID        int64  `json:"approval_id"`
		SMBID             int64  `json:"smb_id"`
		UpsellServiceType string `json:"upsell_service_type"`
	}
	// UpsellAccepted says that a further service was accepted.
	UpsellAccepted struct {
		ApprovalID          int64  `json:"approval_id"`
		SMBID               int64  `json:"smb_id"`
		UpsellServiceType   string `json:"upsell_service_type"`
		ResultingApprovalID int64  `json:"resulting_approval_id"`
	}

	// InboundEmailReceived says that a mail came in; once per mail.
	InboundEmailReceived struct {
		ConversationID int64  `json:"conversation_id"`
		SMBID          int64  `json:"smb_id"` // 0 when not known
		Intent         string `json:"intent"`
	}
	// ChatMessageReceived says that a visitor wrote in a chat.
	ChatMessageReceived struct {
		ChatMessageID int64  `json:"chat_message_id"`
		SMBID         int64  `json:"smb_id"` // 0 when not known
		SessionID     string `json:"session_id"`
	}

	// AITaskSuggested, AITaskApproved and AITaskCompleted follow one of Sarah's tasks.
	AITaskSuggested struct {
		AITaskID int64  `json:"ai_task_id"`
		SMBID    int64  `json:"smb_id"`
		TaskType string `json:"task_type"`
	}
	// AITaskApproved says that a person said yes to a task.
	AITaskApproved struct {
		AITaskID int64  `json:"ai_task_id"`
		SMBID    int64  `json:"smb_id"`
		TaskType string `json:"task_type"`
	}
	// AITaskCompleted says that a task was carried out.
	AITaskCompleted struct {
		AITaskID int64  `json:"ai_task_id"`
		SMBID    int64  `json:"smb_id"`
		TaskType string `json:"task_type"`
	}
	// AIResponseGenerated says that the model answered.
	AIResponseGenerated struct {
		SMBID int64  `json:"smb_id"`
		Kind  string `json:"kind"` // email, call, chat, task
	}
)

// Meta implements Event.
func (e SMBCreated) Meta() EventMeta {
	return EventMeta{Type: "smb.created", Category: CategoryCRM, SMBID: e.SMBID}
}

// Meta implements Event.
func (e SMBUpdated) Meta() EventMeta {
	return EventMeta{Type: "smb.updated", Category: CategoryCRM, SMBID: e.SMBID, CommunityID: e.CommunityID}
}

// Meta implements Event.
func (e SMBEngagementChanged) Meta() EventMeta {
	return EventMeta{Type: "smb.engagement_changed", Category: CategoryEngagement, SMBID: e.SMBID}
}

// Meta implements Event.
func (e SMBTierChanged) Meta() EventMeta {
	return EventMeta{Type: "smb.tier_changed", Category: CategoryEngagement, SMBID: e.SMBID}
}

// Meta implements Event.
func (e CampaignSendQueued) Meta() EventMeta {
	return EventMeta{Type: "campaign_send.queued", Category: CategoryOutbound, SMBID: e.SMBID}
}

// Meta implements Event.
func (e CampaignSendCompleted) Meta() EventMeta {
	return EventMeta{Type: "campaign_send.completed", Category: CategoryOutbound, SMBID: e.SMBID}
}

// Meta implements Event.
func (e EmailDelivered) Meta() EventMeta {
	return EventMeta{Type: "email.delivered", Category: CategoryOutbound, SMBID: e.SMBID}
}

// Meta implements Event.
func (e EmailOpened) Meta() EventMeta {
	return EventMeta{Type: "email.opened", Category: CategoryEngagement, SMBID: e.SMBID, At: e.At}
}

// Meta implements Event.
func (e EmailClicked) Meta() EventMeta {
	return EventMeta{Type: "email.clicked", Category: CategoryEngagement, SMBID: e.SMBID, At: e.At}
}

// Meta implements Event.
func (e EmailBounced) Meta() EventMeta {
	return EventMeta{Type: "email.bounced", Category: CategoryOutbound, SMBID: e.SMBID}
}

// Meta implements Event.
func (e EmailComplained) Meta() EventMeta {
	return EventMeta{Type: "email.complained", Category: CategoryOutbound, SMBID: e.SMBID}
}

// Meta implements Event.
func (e Unsubscribed) Meta() EventMeta {
	return EventMeta{Type: "email.unsubscribed", Category: CategoryEngagement, SMBID: e.SMBID}
}

// Meta implements Event.
func (e PreferencesChanged) Meta() EventMeta {
	return EventMeta{Type: "email.preferences_changed", Category: CategoryEngagement, SMBID: e.SMBID}
}

// Meta implements Event.
func (e ConfirmationAsked) Meta() EventMeta {
	return EventMeta{Type: "email.confirmation_asked", Category: CategoryEngagement, SMBID: e.SMBID}
}

// Meta implements Event.
func (e RVMDropQueued) Meta() EventMeta {
	return EventMeta{Type: "rvm_drop.queued", Category: CategoryOutbound, SMBID: e.SMBID}
}

// Meta implements Event.
func (e RVMDropDelivered) Meta() EventMeta {
	return EventMeta{Type: "rvm_drop.delivered", Category: CategoryOutbound, SMBID: e.SMBID, At: e.At}
}

// Meta implements Event.
func (e CallbackReceived) Meta() EventMeta {
	return EventMeta{Type: "callback.received", Category: CategoryInbound, SMBID: e.SMBID}
}

// Meta implements Event.
func (e ContentViewed) Meta() EventMeta {
	return EventMeta{Type: "content.viewed", Category: CategoryLearning, SMBID: e.SMBID}
}

// Meta implements Event.
func (e ContentCompleted) Meta() EventMeta {
	return EventMeta{Type: "content.completed", Category: CategoryLearning, SMBID: e.SMBID}
}

// Meta implements Event.
func (e ApprovalSubmitted) Meta() EventMeta {
	return EventMeta{Type: "approval.submitted", Category: CategoryConversion, SMBID: e.SMBID}
}

// Meta implements Event.
func (e ApprovalProvisioned) Meta() EventMeta {
	return EventMeta{Type: "approval.provisioned", Category: CategoryConversion, SMBID: e.SMBID}
}

// Meta implements Event.
func (e UpsellOffered) Meta() EventMeta {
	return EventMeta{Type: "upsell.offered", Category: CategoryConversion, SMBID: e.SMBID}
}

// Meta implements Event.
func (e UpsellAccepted) Meta() EventMeta {
	return EventMeta{Type: "upsell.accepted", Category: CategoryConversion, SMBID: e.SMBID}
}

// Meta implements Event.
func (e InboundEmailReceived) Meta() EventMeta {
	return EventMeta{Type: "inbound_email.received", Category: CategoryInbound, SMBID: e.SMBID}
}

// Meta implements Event.
func (e ChatMessageReceived) Meta() EventMeta {
	return EventMeta{Type: "chat_message.received", Category: CategoryInbound, SMBID: e.SMBID}
}

// Meta implements Event.
func (e AITaskSuggested) Meta() EventMeta {
	return EventMeta{Type: "ai_task.suggested", Category: CategoryAI, SMBID: e.SMBID}
}

// Meta implements Event.
func (e AITaskApproved) Meta() EventMeta {
	return EventMeta{Type: "ai_task.approved", Category: CategoryAI, SMBID: e.SMBID}
}

// Meta implements Event.
func (e AITaskCompleted) Meta() EventMeta {
	return EventMeta{Type: "ai_task.completed", Category: CategoryAI, SMBID: e.SMBID}
}

// Meta implements Event.
func (e AIResponseGenerated) Meta() EventMeta {
	return EventMeta{Type: "ai_response.generated", Category: CategoryAI, SMBID: e.SMBID}
}
