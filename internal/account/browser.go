package account

import (
	"context"
	"encoding/base64"
	"slices"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/notice"
)

// A sign-in from a browser that never signed in to an account is a notice to its owner. What tells browsers apart is a
// mark that each sign-in leaves there, in a cookie: a sealed word that is bound to the user. So no list of browsers is
// kept, and a mark is worth nothing with another user. A program that keeps no cookies is new each time.

const (
	browserWord = "signed in before"
	maxMarks    = 20  // of one browser that are looked at
	maxMark     = 300 // characters
)

func browserOf(userID string) []byte { return []byte("browser of " + userID) }

// mark is what the browser keeps that a user has just signed in from.
func (s *Service) mark(userID string) string {
	return base64.RawURLEncoding.EncodeToString(s.seal.Seal([]byte(browserWord), browserOf(userID)))
}

// knows tells whether one of the marks of a browser is of this user.
func (s *Service) knows(userID string, marks []string) bool {
	return slices.ContainsFunc(marks[:min(len(marks), maxMarks)], func(mark string) bool {
		if len(mark) > maxMark {
			return false
		}
		box, err := base64.RawURLEncoding.DecodeString(mark)
		if err != nil {
			return false
		}
		word, err := s.seal.Open(box, browserOf(userID))
		return err == nil && string(word) == browserWord
	})
}

// greet tells the owner of an account of a browser that had not signed in before. The first sign-in of all is no news.
func (s *Service) greet(ctx context.Context, tx db.Tx, in SignedIn, marks []string) error {
	if in.New || s.knows(in.UserID, marks) {
		return nil
	}
	return notice.Write(ctx, tx, notice.Fact{UserID: in.UserID, Kind: notice.NewBrowser, Subject: in.Tokens.SessionID})
}
