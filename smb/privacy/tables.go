package privacy

// table is one that holds something about businesses.
type table struct {
	name  string
	about string // for people: what is in its file
	// of is true of the rows that are about a subject: {ids} are its businesses, {texts} the same as
	// text, {emails} and {phones} its addresses and numbers.
	of      string
	key     string // the columns that tell these rows apart, and that they are ordered by
	columns []column
	fate    fate
}

// fate is what an erasure does with the rows.
type fate int

const (
	blank fate = iota // the columns that are personal are erased
	gone              // the rows go: there is nothing else in them
	other             // the package that owns the table has a function for it (erase.go)
)

const (
	theirs    = `smb_id IN ({ids})`
	ofSends   = `campaign_send_id IN (SELECT id FROM campaign_sends WHERE smb_id IN ({ids}))`
	strangers = `smb_id IS NULL` // nobody has said yet whose it is
)

// tables is everything that is kept about a business, in the order in which a reader would ask.
var tables = []table{
	{
		name: "smbs", about: "The business itself: names, addresses, where it stands in the programme, and what it may be sent.",
		of: `id IN ({ids})`, key: "id",
		columns: columns(
			"id int, uuid uuid, community_id int, version int, created_at time, updated_at time, deleted_at time, erased_at time",
			"business_name text='Erased business', dba_name text=NULL, business_type text=NULL, category text=NULL, source text=NULL",
			"primary_contact_name text=NULL, primary_email text=NULL, primary_phone text=NULL, secondary_contacts json='[]'",
			"address text=NULL, city text=NULL, state text=NULL, zip text=NULL, coordinates point=NULL, email_key text=NULL, name_key text=NULL",
			"engagement_tier int, engagement_score int, last_email_open time, last_email_click time, last_content_view time, last_approval time",
			"total_approvals int, total_meetings int, campaign_status word, current_campaign_id word, manifest_destiny_day int",
			"manifest_destiny_start_date date, next_scheduled_send time, paused_days int, paused_on date, pause_reason text=NULL, planned_through_day int",
			"service_model text=NULL, subscription_tier text='free', services_activated json='[]', services_approved_pending json='[]'",
			"email_opted_in bool, sms_opted_in bool, rvm_opted_in bool, phone_opted_in bool, do_not_contact bool",
			"data_quality_score int, metadata json='{}'",
		),
	},
	{
		name: "smb_tags", about: "The tags that our people gave it.", of: theirs, key: "smb_id, tag", fate: gone,
		columns: columns("smb_id int, tag text=''"),
	},
	{
		name: "smb_notes", about: "What our people wrote down about it.", of: theirs, key: "id", fate: gone,
		columns: columns("id int, smb_id int, body text='', user_id staff, author staff, created_at time"),
	},
	{
		name: "smb_addresses", about: "The word by which its public pages are found.", of: theirs, key: "smb_id", fate: gone,
		columns: columns("smb_id int, slug text='', created_at time"),
	},
	{
		name: "business_links", about: "When fresh links were mailed to it, and since when older ones open nothing.", of: theirs, key: "smb_id, purpose",
		columns: columns("smb_id int, purpose word, mailed_at time, void_before time"),
	},
	{
		name: "consents", about: "Every yes and no to being reached: what was agreed to, when, and where from.", of: theirs, key: "id",
		columns: columns(
			"id int, smb_id int, channel word, granted bool, wording word, version word, source word, source_url text='', address text=''",
			"ip text='', user_agent text='', occurred_at time, recorded_by staff, created_at time",
		),
	},
	{
		name: "preferences", about: "What it chose to get less of.", of: theirs, key: "smb_id, kind", fate: gone,
		columns: columns("smb_id int, kind word, ends_at time, created_at time"),
	},
	{
		name: "confirmations", about: "Addresses at which mail was asked for on its behalf, and whether their owner confirmed it.", of: theirs, key: "id", fate: gone,
		columns: columns("id int, smb_id int, email text='', email_key text='', created_at time, expires_at time, mailed_at time, confirmed_at time"),
	},
	{
		name: "suppressions", about: "Addresses and numbers that get nothing more, and why.", key: "id", fate: other,
		of: `smb_id IN ({ids}) OR email_key IN ({emails}) OR phone IN ({phones})`,
		columns: columns(
			"id int, kind word, email_key text=NULL, phone text=NULL, hash word, reason word, source text='', smb_id int, campaign_send_id int",
			"community_id int, created_at time",
		),
	},
	{
		name: "campaign_sends", about: "Every e-mail of the programme: planned, sent, or not sent and why.", of: theirs, key: "id",
		columns: columns(
			"id int, uuid uuid, smb_id int, community_id int, campaign_id word, occurrence int, email text='', subject text=NULL",
			"scheduled_for time, sent_at time, message_id text=NULL, status word, skip_reason word, attempts int, last_error text=NULL",
			"delivered_at time, opened_at time, clicked_at time, bounced_at time, complained_at time, rvm_triggered bool, rvm_drop_id int",
			"claimed_by word, claimed_at time, campaign_version int, subject_variant int, verdict_override word, created_at time, updated_at time",
		),
	},
	{
		name: "email_events", about: "What became of those e-mails: deliveries, opens, clicks, bounces, with where they came from.", of: ofSends, key: "id",
		columns: columns(
			"id int, campaign_send_id int, event_type word, event_at time, link_clicked text=NULL, link_id int, bounce_type word, verdict word",
			"ip_address inet=NULL, user_agent text=NULL, raw_event json=NULL, rule word, method word, prefetch bool, after_delivery_ms int, created_at time, updated_at time",
		),
	},
	{
		name: "email_event_days", about: "The same of long ago, as a number a day.", of: ofSends, key: "campaign_send_id, day, event_type, verdict",
		columns: columns("campaign_send_id int, day date, event_type word, verdict word, events int"),
	},
	{
		name: "skips", about: "Steps of the programme that were due and did not happen, and why.", of: theirs, key: "id",
		columns: columns("id int, smb_id int, community_id int, campaign_id word, programme_day int, local_date date, reason word, created_at time"),
	},
	{
		name: "rvm_drops", about: "Voicemails.", of: theirs, key: "id",
		columns: columns(
			"id int, uuid uuid, smb_id int, campaign_send_id int, phone text='', script text=NULL, voice_persona word, scheduled_for time, sent_at time",
			"provider word, provider_message_id text=NULL, status word, delivered_at time, delivery_status text=NULL, callback_received bool, callback_at time",
			"callback_id int, community_id int, campaign_id word, attempts int, last_error text=NULL, counted_month word, released_at time",
			"claimed_by word, claimed_at time, key_until time, created_at time, updated_at time",
		),
	},
	{
		name: "voicemail_skips", about: "Unopened e-mails that no voicemail followed, and why.", of: theirs, key: "campaign_send_id",
		columns: columns("campaign_send_id int, smb_id int, community_id int, campaign_id word, local_date date, reason word, created_at time"),
	},
	{
		name: "voicemail_quota", about: "How many voicemails it had in a month or quarter.", of: theirs, key: "smb_id, period",
		columns: columns("smb_id int, period word, used int"),
	},
	{
		name: "notices", about: "Confirmations and reminders that were mailed.", of: theirs, key: "id",
		columns: columns(
			"id int, notice_key word, purpose word, smb_id int, recipient text='', subject text='', content json='{}', status word, attempts int",
			"last_error text=NULL, message_id text=NULL, due_at time, released_at time, sent_at time, created_at time, updated_at time",
		),
	},
	{
		name: "booking_pages", about: "Its booking page: what can be booked there, and when.", of: theirs, key: "id", fate: gone,
		columns: columns("id int, smb_id int, state word, settings json='{}', last_kind int, opened_at time, created_at time, updated_at time"),
	},
	{
		name: "bookings", about: "Appointments that its customers booked on that page.", of: theirs, key: "id",
		columns: columns(
			"id int, uuid uuid, smb_id int, first_id int, form_key word, kind text='', minutes int, starts_at time, ends_at time, state word, sequence int",
			"name text='', email text='', email_key text='', phone text='', note text='', client text='', cancelled_by word, cancelled_at time, created_at time, updated_at time",
		),
	},
	{
		name: "coupon_pages", about: "That it has coupons.", of: theirs, key: "id",
		columns: columns("id int, smb_id int, till_generation int, withdrawn_at time, created_at time, updated_at time"),
	},
	{
		name: "coupon_redemptions", about: "Coupons of it that were redeemed.", of: theirs, key: "id", fate: gone,
		columns: columns("id int, coupon_id int, smb_id int, form_key text='', customer_hash text=NULL, customer_hint text=NULL, redeemed_at time, undone_at time"),
	},
	{
		name: "coupons", about: "Its offers.", of: theirs, key: "id", fate: gone,
		columns: columns(
			"id int, smb_id int, slug text=NULL, title text='', terms text='', code text='', total_limit int, per_customer int, starts_at time, ends_at time",
			"status word, redeemed int, published_at time, created_at time, updated_at time",
		),
	},
	{
		name: "review_pages", about: "Whether its page of reviews is open.", of: theirs, key: "id",
		columns: columns("id int, smb_id int, open bool, withdrawn_at time, created_at time, updated_at time"),
	},
	{
		name: "reviews", about: "What customers said of it in public, and what it answered.", of: theirs, key: "id", fate: gone,
		columns: columns(
			"id int, smb_id int, request_id int, form_key text='', sender text=NULL, name text='', email text=NULL, stars int, body text='', status word",
			"held_reason word, held_at time, publish_at time, published_at time, response text=NULL, responded_at time, created_at time, updated_at time",
		),
	},
	{
		name: "review_requests", about: "Customers whom it had asked for a review.", of: theirs, key: "id", fate: gone,
		columns: columns(
			"id int, smb_id int, name text='', email text='', email_key text='', statement word, remind_at time, reminded_at time, answered_at time",
			"declined_at time, created_at time, updated_at time",
		),
	},
	{
		name: "callbacks", about: "Calls that came in, with what was said.", key: "id",
		of: theirs + ` OR ` + strangers + ` AND caller_phone IN ({phones})`,
		columns: columns(
			"id int, uuid uuid, smb_id int, rvm_drop_id int, caller_phone text='', called_number word, started_at time, ended_at time",
			"duration_seconds int, transcript text=NULL, summary text=NULL, intent_detected word, actions_taken json='[]', followup_email_sent bool",
			"followup_email_sent_at time, metadata json='{}', created_at time, updated_at time",
		),
	},
	{
		name: "email_conversations", about: "E-mails that came in, and the answers.", key: "id",
		of: theirs + ` OR ` + strangers + ` AND (` + ofSends + ` OR lower(from_email) IN ({emails}) OR lower(to_email) IN ({emails}))`,
		columns: columns(
			"id int, smb_id int, direction word, from_email text='', to_email text='', subject text=NULL, body text='', body_html text=NULL",
			"in_reply_to text=NULL, campaign_send_id int, intent word, sentiment word, ai_responded bool, ai_response text=NULL, created_at time, updated_at time",
		),
	},
	{
		name: "chat_messages", about: "Chats on the web pages, from their beginning.", key: "id",
		of:      theirs + ` OR ` + strangers + ` AND session_id IN (SELECT session_id FROM chat_messages WHERE ` + theirs + `)`,
		columns: columns("id int, session_id uuid, smb_id int, role word, content text='', intent word, actions_taken json='[]', created_at time, updated_at time"),
	},
	{
		name: "chat_assistants", about: "What its chat helper says first, and answers.", of: theirs, key: "id", fate: gone,
		columns: columns("id int, smb_id int, enabled bool, withdrawn bool, greeting text='', tell_street bool, questions json='[]', created_at time, updated_at time"),
	},
	{
		name: "chat_sessions", about: "The conversations with its chat helper, and how visitors can be reached.", of: theirs, key: "id",
		columns: columns("id int, session_id uuid, smb_id int, preview bool, messages int, visitor_name text='', visitor_reach text='', told_at time, started_at time"),
	},
	{
		name: "content_views", about: "Learning pages that were read.", of: theirs, key: "id",
		columns: columns(
			"id int, smb_id int, content_slug word, started_at time, completed_at time, completion_percentage int, source_campaign_id word",
			"source_url text=NULL, time_on_page_seconds int, slides_viewed json='[]', approval_clicked bool, downloaded_pdf bool, shared bool",
			"content_version int, created_at time, updated_at time",
		),
	},
	{
		name: "approvals", about: "Services that were agreed to, and by whom.", of: theirs, key: "id",
		columns: columns(
			"id int, uuid uuid, smb_id int, service_type word, task_id int, approver_name text='', approver_email text='', approver_phone text=NULL",
			"approver_role text=NULL, source_type word, source_id text=NULL, source_url text=NULL, contact_consent bool, status word, approved_at time",
			"provisioning_started_at time, provisioned_at time, processed_at time, withdrawn_at time, meeting_asked_at time, metadata json='{}'",
			"created_at time, updated_at time",
		),
	},
	{
		name: "approval_upsells", about: "Further services that were offered with those.", key: "id",
		of:      `approval_id IN (SELECT id FROM approvals WHERE smb_id IN ({ids}))`,
		columns: columns("id int, approval_id int, upsell_service_type word, offered_at time, accepted bool, accepted_at time, declined_at time, resulting_approval_id int"),
	},
	{
		name: "provisioning_tasks", about: "How those services were set up.", of: theirs, key: "id",
		columns: columns(
			"id int, approval_id int, smb_id int, service_type word, status word, priority int, started_at time, completed_at time, failed_at time",
			"failure_reason text=NULL, attempts int, due_at time, person_task_id int, result_data json='{}', created_at time, updated_at time",
		),
	},
	{
		name: "business_photos", about: "Photos on its public page.", key: "id", fate: gone,
		of:      `profile_id IN (SELECT id FROM business_profiles WHERE smb_id IN ({ids}))`,
		columns: columns("id int, profile_id int, position int, alt text='', width int, height int, content bytes='', created_at time"),
	},
	{
		name: "business_profiles", about: "What it says of itself on its public page.", of: theirs, key: "id", fate: gone,
		columns: columns(
			"id int, smb_id int, name text='', category text='', about text='', phone text='', email text='', website text='', street text='', city text=''",
			"state text='', zip text='', hide_street bool, hours json='[]', services json='[]', questions json='[]'",
			"confirmed_at time, published_at time, withdrawn_at time, created_at time, updated_at time",
		),
	},
	{
		name: "event_posters", about: "That it may post events.", of: theirs, key: "id", fate: gone,
		columns: columns("id int, smb_id int, withdrawn_at time, created_at time"),
	},
	{
		name: "community_events", about: "Its events in the calendar of its community.", of: theirs, key: "id", fate: gone,
		columns: columns(
			"id int, uuid uuid, smb_id int, title text='', about text='', place text='', audience text='', link text='', starts_at time, ends_at time",
			"over_at time, state word, sequence int, published_at time, created_at time, updated_at time",
		),
	},
	{
		name: "ai_tasks", about: "What the assistant proposed and did.", of: theirs, key: "id",
		columns: columns(
			"id int, smb_id int, task_type word, status word, input_data json='{}', output_data json='{}', suggested_at time, approved_at time",
			"executed_at time, completed_at time, created_at time, updated_at time",
		),
	},
	{
		name: "score_history", about: "The engagement score, day by day.", of: theirs, key: "smb_id, day",
		columns: columns("smb_id int, day date, score int, tier int"),
	},
	{
		name: "analytics_events", about: "What happened to or by it, as the product notes it.", of: theirs, key: "id",
		columns: columns("id int, smb_id int, community_id int, event_type word, event_category word, properties json='{}', occurred_at time, created_at time, updated_at time"),
	},
	{
		name: "merges", about: "Records that became one with it.", key: "id", fate: other,
		of: `survivor_id IN ({ids}) OR other_id IN ({ids})`,
		columns: columns(
			"id int, uuid uuid, community_id int, survivor_id int, other_id int, fields json='[]', choose json='{}', before json='{}', after json='{}'",
			"other json='{}', moved json='{}', merged_by staff, merged_at time, undo_until time, undone_by staff, undone_at time, forgotten_at time",
		),
	},
	{
		name: "duplicate_dismissals", about: "Records of which somebody said that they are not the same business.", key: "id",
		of:      `smb_id IN ({ids}) OR other_id IN ({ids})`,
		columns: columns("id int, smb_id int, other_id int, dismissed_by staff, dismissed_at time"),
	},
	{
		name: "import_changes", about: "What imported files changed of it.", of: theirs, key: "import_id, batch, smb_id", fate: gone,
		columns: columns("import_id int, batch int, smb_id int, fields json='{}', version int"),
	},
	{
		name: "audit_log", about: "What our people changed of it, and when. Who they are is left out.", key: "id", fate: other,
		of: `entity = 'smb' AND entity_id IN ({texts})`,
		columns: columns(
			"id int, at time, actor_kind word, user_id staff, token_id staff, actor_name staff, action word, entity word, entity_id word, community_id int",
			"before json='{}', after json='{}', ip staff, request_id staff",
		),
	},
}

// exceptions is the tables that name a business and are neither exported nor blanked, with why.
var exceptions = map[string]string{
	"smb_search":      "is made of the business's own columns, and goes with them",
	"smb_search_text": "is SQLite's index of smb_search",
}
