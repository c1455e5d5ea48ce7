// The bill of materials. A module of its own, so that it chooses no version for the program.
module github.com/repazoo/repazoo/tools/sbom

go 1.26.0

require (
	github.com/CycloneDX/cyclonedx-go v0.12.0
	github.com/google/licensecheck v0.3.1
)
