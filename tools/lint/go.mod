// The checkers of "make check". A module of its own, so that they choose no version for the program.
module github.com/repazoo/repazoo/tools/lint

go 1.26.0

tool (
	golang.org/x/vuln/cmd/govulncheck
	mvdan.cc/gofumpt
)

require (
	4d63.com/gocheckcompilerdirectives v1.4.0
	codeberg.org/polyfloyd/go-errorlint v1.9.0
	github.com/ashanbrown/makezero/v2 v2.2.1
	github.com/breml/bidichk v0.3.4
	github.com/breml/errchkjson v0.4.1
	github.com/charithe/durationcheck v0.0.11
	github.com/curioswitch/go-reassign v0.3.0
	github.com/gordonklaus/ineffassign v0.2.0
	github.com/gostaticanalysis/nilerr v0.1.2
	github.com/kisielk/errcheck v1.30.0
	github.com/ldez/exptostd v0.4.5
	github.com/moricho/tparallel v0.3.2
	github.com/nishanths/predeclared v0.3.0
	github.com/sanposhiho/wastedassign/v2 v2.1.0
	github.com/sashamelentyev/usestdlibvars v1.29.0
	github.com/securego/gosec/v2 v2.29.0
	github.com/sonatard/noctx v0.5.1
	github.com/timakin/bodyclose v0.0.0-20260723120731-857993a2939c
	go.augendre.info/fatcontext v0.10.1
	golang.org/x/tools v0.52.0
	honnef.co/go/tools v0.8.2
)

require (
	github.com/ccojocar/zxcvbn-go v1.0.4 // indirect
	github.com/gostaticanalysis/analysisutil v0.7.1 // indirect
	github.com/gostaticanalysis/comment v1.5.0 // indirect
	github.com/gostaticanalysis/testutil v0.5.0 // indirect
	github.com/hashicorp/go-version v1.9.0 // indirect
	golang.org/x/exp/typeparams v0.0.0-20260811152304-ee035b5b010f // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/telemetry v0.0.0-20261010193011-f71dc92da45e // indirect
	golang.org/x/vuln v1.9.0 // indirect
	mvdan.cc/gofumpt v0.12.0 // indirect
)
