package stripe

var baseRoutes = []apiRoute{
	{"POST /v1/customers", "email name description address[country] address[line1] address[city] address[postal_code] " +
		"address[state] metadata[] expand[]", (*request).createCustomer},
	{"GET /v1/customers", "email limit starting_after expand[]", (*request).listCustomers},
	{"GET /v1/customers/search", "query limit page expand[]", (*request).searchCustomers},
	{"GET /v1/customers/{id}", "expand[]", (*request).retrieveCustomer},
	{"DELETE /v1/customers/{id}", "", (*request).deleteCustomer},
	{"GET /v1/payment_methods/{id}", "expand[]", (*request).retrieveMethod},
	{"POST /v1/payment_methods/{id}/attach", "customer expand[]", (*request).attachMethod},
	{"GET /v1/prices", "active product limit starting_after lookup_keys[] expand[]", (*request).listPrices},
	{"GET /v1/prices/{id}", "expand[]", (*request).retrievePrice},
	{"POST /v1/subscriptions", "customer items[][price] items[][quantity] default_payment_method payment_behavior " +
		termsParams + " metadata[] expand[]", (*request).createSubscription},
	{"GET /v1/subscriptions", "customer status limit starting_after expand[]", (*request).listSubscriptions},
	{"GET /v1/subscriptions/{id}", "expand[]", (*request).retrieveSubscription},
	{
		"POST /v1/subscriptions/{id}",
		"cancel_at cancel_at_period_end default_payment_method items[][id] items[][price] items[][quantity] " +
			"payment_behavior proration_behavior proration_date discounts[][promotion_code] discounts[][discount] " +
			"automatic_tax[enabled] metadata[] expand[]", (*request).updateSubscription,
	},
	{"DELETE /v1/subscriptions/{id}", "cancellation_details[comment] expand[]", (*request).cancelSubscription},
	{"GET /v1/invoices", "customer subscription status limit starting_after expand[]", (*request).listInvoices},
	{"GET /v1/invoices/{id}", "expand[]", (*request).retrieveInvoice},
	{"POST /v1/invoices/{id}/void", "expand[]", (*request).voidInvoice},
	{
		"POST /v1/invoices/create_preview",
		"customer subscription currency preview_mode automatic_tax[enabled] discounts discounts[][promotion_code] " +
			"discounts[][discount] subscription_details[trial_end] subscription_details[items][][id] " +
			"subscription_details[items][][price] subscription_details[items][][quantity] " +
			"subscription_details[proration_behavior] subscription_details[proration_date] expand[]", (*request).previewInvoice,
	},
	{"POST /v1/subscription_schedules", "from_subscription expand[]", (*request).createSchedule},
	{"GET /v1/subscription_schedules/{id}", "expand[]", (*request).retrieveSchedule},
	{
		"POST /v1/subscription_schedules/{id}",
		"end_behavior proration_behavior phases[][start_date] phases[][end_date] phases[][duration][interval] " +
			"phases[][duration][interval_count] phases[][items][][price] phases[][items][][quantity] " +
			"phases[][default_payment_method] phases[][discounts][][discount] phases[][proration_behavior] " +
			"default_settings[default_payment_method] expand[]", (*request).updateSchedule,
	},
	{"POST /v1/subscription_schedules/{id}/release", "expand[]", (*request).releaseSchedule},
	{"POST /v1/billing_portal/sessions", "customer return_url configuration expand[]", (*request).createPortal},
	{
		"POST /v1/checkout/sessions",
		"mode customer line_items[][price] line_items[][quantity] success_url cancel_url client_reference_id " +
			sessionParams + " metadata[] subscription_data[metadata][] expand[]", (*request).createSession,
	},
	{"GET /v1/checkout/sessions", "customer status limit starting_after expand[]", (*request).listSessions},
	{"GET /v1/checkout/sessions/{id}", "expand[]", (*request).retrieveSession},
	{"POST /v1/checkout/sessions/{id}/expire", "expand[]", (*request).expireSession},
	{"GET /v1/events", "type types[] created[gte] created[gt] limit starting_after expand[]", (*request).listEvents},
	{"GET /v1/events/{id}", "expand[]", (*request).retrieveEvent},
}
