package format

// Services is every service a campaign may offer, and whether it starts by itself.
var Services = map[string]bool{
	"listing_claim": true, "appointment_booking": true, "review_automation": true,
	"coupon_campaign": true, "event_posting": true, "ai_receptionist": true,

	"invoice_automation": false, "social_automation": false, "email_campaigns": false, "loyalty_program": false,
	"sms_marketing": false, "sms_reminders": false, "calendar_sync": false, "buffer_time": false,
	"review_widget": false, "response_templates": false, "reputation_alerts": false,
	"payment_reminders": false, "late_fees": false, "payment_plans": false,
	"content_templates": false, "hashtag_research": false, "post_scheduling": false,
	"subject_line_testing": false, "segmentation": false, "automated_drip": false,
}

// Upsells is what may be offered after a service was approved.
var Upsells = map[string][]string{
	"listing_claim":       {"review_automation", "appointment_booking", "coupon_campaign"},
	"appointment_booking": {"sms_reminders", "calendar_sync", "buffer_time"},
	"review_automation":   {"review_widget", "response_templates", "reputation_alerts"},
	"invoice_automation":  {"payment_reminders", "late_fees", "payment_plans"},
	"social_automation":   {"content_templates", "hashtag_research", "post_scheduling"},
	"email_campaigns":     {"subject_line_testing", "segmentation", "automated_drip"},
}

// components is the slide components that have a layout of their own.
var components = []string{"HeroSlide", "ConceptSlide", "DataSlide", "StepSlide", "ComparisonSlide", "CTASlide"}
