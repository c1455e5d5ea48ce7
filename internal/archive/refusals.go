package archive

import (
	"archive/zip"
	"compress/flate"
	"context"
	"errors"
	"io"

	"github.com/repazoo/repazoo/internal/fault"
)

// Every sentence a person can get about an archive, in one place. None holds text of a post.

const askAgain = " Ask X for a new archive, and give the .zip exactly as you downloaded it."

func cannotOpen(err error) error {
	return fault.ArchiveUnreadable.Saying("The file cannot be opened. Check that it exists and that you may read it.").Because(err)
}

func isFolder() error {
	return fault.ArchiveUnreadable.Saying("This is a folder. Give the .zip file that X let you download.")
}

func notZip(err error) error {
	return fault.ArchiveUnreadable.Saying("This file is not a complete zip file." + askAgain).Because(err)
}

func pathTrick() error {
	return fault.ArchiveUnreadable.Saying("The zip holds a file name that points outside of it, which X never writes." + askAgain)
}

func tooManyEntries() error {
	return fault.ArchiveUnreadable.Saying("The zip lists more files than an X archive can have." + askAgain)
}

func noAccount() error {
	return fault.ArchiveUnreadable.Saying("There is no data/account.js in this zip, so it is not an X archive, or only a piece of one." + askAgain)
}

func manyAccounts() error {
	return fault.ArchiveUnreadable.Saying("The zip holds more than one archive. Give one archive at a time, as you downloaded it from X.")
}

func noPosts() error {
	return fault.ArchiveUnreadable.Saying("This archive has an account but no file of posts (data/tweets.js)." + askAgain)
}

func encrypted() error {
	return fault.ArchiveUnreadable.Saying("The zip is protected by a password. Give the file as you downloaded it from X, without one.")
}

func unknownMethod(p part) error {
	return fault.ArchiveUnreadable.Saying("%s is packed in a way X does not use."+askAgain, p.base())
}

func twice(p part) error {
	return fault.ArchiveUnreadable.Saying("The zip holds %s twice, and nobody can tell which one is right."+askAgain, p.base())
}

func bomb(p part) error {
	return fault.ArchiveUnreadable.Saying("%s would unpack to far more than posts can need; it looks like a zip bomb, so it was not read.", p.base())
}

func wrongPrefix(p part) error {
	return fault.ArchiveUnreadable.Saying("%s does not begin as X begins it (window.YTD.%s.part0 = [), so it was not read."+askAgain, p.base(), p.inner)
}

func cutShort(p part, err error) error {
	return fault.ArchiveUnreadable.Saying("%s ends in the middle: the download was probably cut short."+askAgain, p.base()).Because(err)
}

func damaged(p part, err error) error {
	return fault.ArchiveUnreadable.Saying("%s is damaged inside the zip and cannot be unpacked."+askAgain, p.base()).Because(err)
}

func unreadable(p part, err error) error {
	return fault.ArchiveUnreadable.Saying("Reading %s from the disk failed. Copy the archive to a healthy disk and try again.", p.base()).Because(err)
}

func badJSON(p part, n int) error {
	return fault.ArchiveUnreadable.Saying("%s holds broken JSON after %d good entries."+askAgain, p.base(), n)
}

func tooLong(p part, n int) error {
	return fault.ArchiveUnreadable.Saying("%s holds an entry larger than %d KiB after %d good ones, which no post of X is."+askAgain, p.base(), maxElement>>10, n)
}

func badID(p part, n int) error {
	return fault.ArchiveUnreadable.Saying("%s holds an entry without a numeric id after %d good ones."+askAgain, p.base(), n)
}

func badDate(p part, n int) error {
	return fault.ArchiveUnreadable.Saying("%s holds a date that cannot be read after %d good entries."+askAgain, p.base(), n)
}

func badAccount(p part) error {
	return fault.ArchiveUnreadable.Saying("%s does not tell the account's id and name as X writes them."+askAgain, p.base())
}

func stopped(err error) error {
	return fault.ArchiveUnreadable.Saying("Reading the archive was stopped before its end.").Because(err)
}

// readFailed tells what an error met while inflating a part means.
func readFailed(p part, err error) error {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	switch {
	case corrupt, errors.Is(err, zip.ErrChecksum), errors.Is(err, zip.ErrFormat), errors.Is(err, zip.ErrAlgorithm):
		return damaged(p, err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return cutShort(p, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return stopped(err)
	}
	return unreadable(p, err)
}
