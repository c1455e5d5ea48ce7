package httpapi

import "time"

// Examples are of nobody: the people are those of the built-in stand-in of X.
const (
	exampleUser     = "0199a3c1-7b20-7d4e-8a51-3f6a2b8c7d10"
	exampleAccount  = "0199a3c1-7b9f-7a02-b6de-91c0f4e5a2b3"
	exampleAnalysis = "0199a3d4-0c31-7f18-9e27-5b1d8c3a4f60"
	exampleEarlier  = "01994b02-6e55-7c90-8f3a-2d4c6b8a9e01"
	exampleArchive  = "0199a3cf-41aa-7e63-a0b4-7c5d9e8f1a22"
	exampleID       = "0199a3e0-92c4-7b35-8d16-4e2f6a0b9c71"
	exampleOther    = "0199a3e1-15d7-7ac8-9b40-6f1e3d5c7a82"
	exampleRequest  = "6b1f2c3d-84a5-4e96-b7c8-09d1e2f3a4b5"
	exampleFinding  = "f_3c9a1e7b5d2048"
	exampleHandle   = "gravelpit_gus"
)

// exampleTime is when the examples take place.
func exampleTime() time.Time { return time.Date(2026, time.November, 20, 9, 30, 0, 0, time.UTC) }

func exampleLater(days int) *time.Time { return new(exampleTime().AddDate(0, 0, days)) }
