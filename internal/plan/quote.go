package plan

// Quote is an invoice that Stripe would make.
type Quote struct {
	Due, Total int64 // cents to pay then, and in all
	Off, Tax   int64 // what discounts take off, and the tax within
	Currency   string
	Lines      []QuoteLine
	TaxUnknown bool // tax comes on top, once it is known where the person lives
}

// QuoteLine is one line of such an invoice.
type QuoteLine struct {
	What  string
	Cents int64 // below zero for a credit
}
