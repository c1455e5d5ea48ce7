// Package packed opens the files that the binary carries as a zip, because they are large and seldom read. People edit
// the files beside it; after a change the zip is made anew, with a line such as
//
//	//go:generate go run ../packed/pack.go lang/*.txt lang.zip
//
// in the package that embeds it. A test of that package compares the two.
package packed

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
)

// Open gives the files of a zip that is part of the program. It panics where that is none.
func Open(packed []byte) fs.FS {
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		panic(fmt.Sprintf("packed: %v", err))
	}
	return r
}
