package archive

import (
	"archive/zip"
	"compress/flate"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"github.com/repazoo/repazoo/internal/deflate64"
	"github.com/repazoo/repazoo/internal/fault"
)

// Every sentence a person can get about an archive, in one place. None holds text of a post.
//
// What is wrong with one part makes no refusal: it is told as the reason for which the part was skipped, and refuses
// the archive only where no post could be read.

const askAgain = " Ask X for a new archive, and give the .zip exactly as you downloaded it."

func cannotOpen(err error) error {
	return fault.ArchiveUnreadable.Saying("The file cannot be opened. Check that it exists and that you may read " +
		"it.").Because(err)
}

func notZip(err error) error {
	return fault.ArchiveUnreadable.Saying("This file is not a complete zip file." + askAgain).Because(err)
}

func tooManyEntries() error {
	return fault.ArchiveUnreadable.Saying("There are more files in it than an X archive can have." + askAgain)
}

func manyAccounts() error {
	return fault.ArchiveUnreadable.Saying(
		"There are archives of more than one account in it. Give the archive of one account at a time, as you downloaded " +
			"it from X.")
}

func noPosts() error {
	return fault.ArchiveUnreadable.Saying("There is no file of posts in it (data/tweets.js), so it is not an X archive, " +
		"or only a part of one without posts." + askAgain)
}

func encrypted() error {
	return fault.ArchiveUnreadable.Saying("The zip is protected by a password. Give the file as you downloaded it from " +
		"X, without one.")
}

func takeItOut(it item) error {
	return fault.ArchiveUnreadable.Saying("it is a zip inside the zip that is too large to open there; take it out and " +
		"give it by itself")
}

func unknownMethod(p part) error {
	return fault.ArchiveUnreadable.Saying("%s is packed in a way X does not use."+askAgain, p.base())
}

func bomb(p part) error {
	return fault.ArchiveUnreadable.Saying("%s would unpack to far more than posts can need; it looks like a zip bomb, "+
		"so it was not read.", p.base())
}

func wrongPrefix(p part) error {
	return fault.ArchiveUnreadable.Saying("%s does not begin as X begins it, so it was not read."+askAgain, p.base())
}

func cutShort(p part, err error) error {
	return fault.ArchiveUnreadable.Saying("%s ends in the middle: the download was probably cut short."+askAgain,
		p.base()).Because(err)
}

func damaged(p part, err error) error {
	return fault.ArchiveUnreadable.Saying("%s is damaged and cannot be unpacked."+askAgain, p.base()).Because(err)
}

func badTable(p part, err error) error {
	return fault.ArchiveUnreadable.Saying("%s is no table that can be read."+askAgain, p.base()).Because(err)
}

func badAbout(p part) error {
	return fault.ArchiveUnreadable.Saying("%s does not tell what X writes there."+askAgain, p.base())
}

// nothingLeft refuses an archive of which no post could be read, for what was wrong with it first.
func nothingLeft(first Skip) error {
	return fault.ArchiveUnreadable.Saying("No post could be read. %s"+askAgain, first)
}

// errOutside marks failures that are not the archive's: of the disk, or of whoever stopped the reading.
var errOutside = errors.New("archive: reading failed")

func unreadable(p part, err error) error {
	return fault.ArchiveUnreadable.Saying("Reading %s from the disk failed. Copy the archive to a healthy disk and try "+
		"again.", p.base()).
		Because(errors.Join(errOutside, err))
}

func stopped(err error) error {
	return fault.ArchiveUnreadable.Saying("Reading the archive was stopped before its " +
		"end.").Because(errors.Join(errOutside, err))
}

// readFailed tells what an error met while reading a part means. A fault stays what it is.
func readFailed(p part, err error) error {
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	_, table := errors.AsType[*csv.ParseError](err)
	switch {
	case table, errors.Is(err, errLongRow):
		return badTable(p, err)
	case corrupt, errors.Is(err, zip.ErrChecksum), errors.Is(err, zip.ErrFormat), errors.Is(err, zip.ErrAlgorithm),
		errors.Is(err, deflate64.ErrCorrupt):
		return damaged(p, err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return cutShort(p, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return stopped(err)
	}
	return unreadable(p, err)
}

// because is the reason that a refusal gives for a part, without its name and without what to do.
func because(err error) string {
	why := strings.TrimSuffix(fault.From(err).Message, askAgain)
	_, why, found := strings.Cut(why, " ")
	if !found {
		return otherReason
	}
	return "it " + strings.TrimSuffix(why, ".")
}
