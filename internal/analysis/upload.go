package analysis

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/repazoo/repazoo/internal/archive"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// Archive is an uploaded X archive: its posts are kept sealed, the file is not.
type Archive struct {
	ID        string
	Handle    string
	Posts     int
	ExpiresAt time.Time
}

// maxArchives bounds how many are listed.
const maxArchives = 20

// Archives lists a user's uploads that are still kept, the newest first, at most 20.
func (s *Service) Archives(ctx context.Context, userID string) ([]Archive, error) {
	return db.Read(ctx, s.c.DB, db.User(userID), func(r db.Rows, v *Archive) error {
		return r.Scan(&v.ID, &v.Handle, &v.Posts, &v.ExpiresAt)
	}, `SELECT id, handle, posts, expires_at FROM archives WHERE user_id = $1 AND expires_at > $2
		ORDER BY created_at DESC, id DESC LIMIT $3`,
		userID, s.c.DB.Now(), maxArchives)
}

// maxArchivePosts bounds what one upload keeps.
const maxArchivePosts = 200_000

// KeepArchive reads an X archive of an account the user has linked and keeps its posts.
// What of it could not be read is kept beside them, for the reports. If it cannot be read at all, nothing is kept.
func (s *Service) KeepArchive(ctx context.Context, userID string, file io.ReaderAt, size int64) (Archive, error) {
	src, err := archive.New(file, size)
	if err != nil {
		return Archive{}, err
	}
	defer src.Close()
	if err := s.mustOwn(ctx, userID, src.Account()); err != nil {
		return Archive{}, err
	}
	kept := Archive{ID: db.NewID(), Handle: src.Account().Handle}
	if kept.Posts, err = s.keepPosts(ctx, userID, kept.ID, src); err == nil {
		kept.ExpiresAt, err = s.addArchive(ctx, userID, src.Account().ID, kept, assess.UnreadOf(src))
	}
	if err != nil {
		return Archive{}, errors.Join(err, s.dropPosts(context.WithoutCancel(ctx), kept.ID))
	}
	return kept, nil
}

// mustOwn refuses the archive of an account the user has not linked: Repazoo reads only
// one's own posts.
func (s *Service) mustOwn(ctx context.Context, userID string, a archive.Account) error {
	if a.ID == "" {
		return fault.ArchiveUnreadable.Saying("This archive does not say whose it is (data/account.js is missing). " +
			"Upload the part of it that holds data/account.js, or the whole archive as X gave it to you.")
	}
	_, err := db.ReadOne(ctx, s.c.DB, db.User(userID), db.Value[string],
		`SELECT id FROM x_accounts WHERE user_id = $1 AND x_user_id = $2 AND status <> 'revoked'`, userID, a.ID)
	if errors.Is(err, db.ErrNotFound) {
		return fault.Forbidden.Saying("This archive belongs to @%s, which you have not linked. Link that X account first; "+
			"only your own posts are read.", a.Handle)
	}
	return err
}

// keepPosts stores the profile and the posts, a few thousand at a time, so that memory stays small and no
// transaction grows without bound. They become visible with the archive's own row.
func (s *Service) keepPosts(ctx context.Context, userID, id string, src *archive.Archive) (n int, err error) {
	var batch []assess.Post
	if profile, ok := assess.ProfileOf(src).Post(); ok {
		batch = append(batch, profile)
	}
	flush := func() error {
		defer func() { batch = batch[:0] }()
		return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error { return s.store(tx, userID, id, batch) })
	}
	for p, err := range src.Posts(ctx) {
		if err != nil {
			return n, err
		}
		if batch = append(batch, assess.FromArchive(p)); len(batch) >= 10*rowsAtOnce {
			if err := flush(); err != nil {
				return n, err
			}
		}
		if n++; n > maxArchivePosts {
			return n, fault.PayloadTooLarge.Saying("The archive has more than %d posts. Analyse it with `repazoo analyze` on "+
				"your own machine instead.", maxArchivePosts)
		}
	}
	return n, flush()
}

func (s *Service) addArchive(
	ctx context.Context, userID, xUserID string, a Archive, u assess.Unread,
) (expires time.Time, err error) {
	unread, err := json.Marshal(u)
	if err != nil {
		return time.Time{}, err
	}
	err = s.c.DB.InTx(ctx, db.User(userID), func(ctx context.Context, tx db.Tx) error {
		expires = tx.Now().Add(s.c.KeepFor)
		tx.Later(`INSERT INTO archives (id, user_id, x_user_id, handle, posts, unread, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			a.ID, userID, xUserID, a.Handle, a.Posts, string(unread), tx.Now(), expires)
		// an upload is a request to keep it for a while
		s.c.Accounts.Consent(ctx, tx, userID, RetentionKind, RetentionVersion)
		audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: audit.ArchiveUpload, Resource: a.ID})
		return nil
	})
	return expires, err
}

func (s *Service) dropPosts(ctx context.Context, id string) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM posts WHERE collection_id = $1`, id)
		return err
	})
}

// unreadOf is what of an upload could not be read.
func (s *Service) unreadOf(ctx context.Context, userID, archiveID string) (assess.Unread, error) {
	raw, err := db.ReadOne(ctx, s.c.DB, db.System, db.Value[string],
		`SELECT unread FROM archives WHERE user_id = $1 AND id = $2`, userID, archiveID)
	if err != nil {
		return assess.Unread{}, err
	}
	var u assess.Unread
	return u, json.Unmarshal([]byte(raw), &u)
}
