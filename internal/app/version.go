package app

import (
	"cmp"
	_ "embed"
	"runtime/debug"
	"strings"
)

// What a builder says with -ldflags "-X …/internal/app.linkedCommit=…": an image is built without .git.
var linkedVersion, linkedCommit string

// release is the newest version of CHANGELOG.md; a test compares the two.
//
//go:embed version.txt
var release string

// archived is the commit that a tarball was made from: git archive writes it here (.gitattributes).
//
//go:embed commit.txt
var archived string

// Version is the version and the commit of this build, however it was built: by make, by a plain go build in a
// checkout, from a tarball of the sources, or as an image. The commit ends in -dirty when files were changed.
func Version() (version, commit string) {
	version = cmp.Or(linkedVersion, strings.TrimSpace(release))
	info, _ := debug.ReadBuildInfo()
	return version, cmp.Or(linkedCommit, stamped(info), exported(archived), "unknown")
}

// stamped is the commit that go build found in the checkout.
func stamped(info *debug.BuildInfo) string {
	if info == nil {
		return ""
	}
	var commit, dirty string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	if commit == "" {
		return ""
	}
	return commit + dirty
}

// exported is what git archive wrote; in a checkout the placeholder still stands there.
func exported(text string) string {
	if text = strings.TrimSpace(text); strings.HasPrefix(text, "$") {
		return ""
	}
	return text
}
