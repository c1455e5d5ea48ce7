// Packs the type of PDF reports. A module of its own, so that it brings nothing into the program.
module github.com/repazoo/repazoo/tools/fonts

go 1.26.0

require (
	github.com/andybalholm/brotli v1.3.0
	github.com/go-text/typesetting v0.3.0
	golang.org/x/text v0.43.0
)

require golang.org/x/image v0.23.0 // indirect
