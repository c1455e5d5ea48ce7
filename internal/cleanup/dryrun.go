package cleanup

import (
	"context"
	"slices"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/removal"
	"github.com/repazoo/repazoo/internal/xapi"
)

// DryRun looks every post of a plan up at X and freezes the plan: from then on it is about these posts with these
// texts, and signed. Nothing is deleted. It may be repeated until the deletion begins. Errors: x_budget_exceeded,
// x_unavailable.
func (s *Service) DryRun(ctx context.Context, userID, id string) (Cleanup, error) {
	c, err := s.Get(ctx, userID, id)
	if err != nil {
		return c, err
	}
	if !c.State.May(removal.Freeze) {
		return c, refused(c)
	}
	x, err := s.account(ctx, c)
	if err != nil {
		return c, err
	}
	items, err := s.Posts(ctx, userID, id)
	if err != nil {
		return c, err
	}
	for part := range slices.Chunk(open(items), xapi.MaxLookup) {
		seen, err := s.lookUp(ctx, c, s.reading(c), idsOf(part))
		if err != nil {
			return c, err
		}
		for _, it := range part {
			it.Outcome = seen.judge(it.ID, x.XUserID, "")
			it.Hash = ""
			if shown, ok := seen.at(it.ID); ok && it.Outcome == removal.Planned {
				it.Post = whole(it.Post, shown)
			}
		}
	}
	c, err = s.freeze(ctx, c, x, items)
	if err == nil {
		err = s.settle(ctx, c)
	}
	if err != nil {
		return c, err
	}
	return s.Get(ctx, userID, id)
}

// open are the items that are not done with.
func open(items []Item) []*Item {
	var left []*Item
	for i := range items {
		if !items[i].Outcome.Settled() {
			left = append(left, &items[i])
		}
	}
	return left
}

func idsOf(items []*Item) []string {
	ids := make([]string, len(items))
	for i, it := range items {
		ids[i] = it.ID
	}
	return ids
}

// account is the linked account of a plan.
func (s *Service) account(ctx context.Context, c Cleanup) (account.XAccount, error) {
	all, err := s.c.Accounts.Accounts(ctx, c.UserID)
	if err != nil {
		return account.XAccount{}, err
	}
	i := slices.IndexFunc(all, func(a account.XAccount) bool { return a.ID == c.AccountID })
	if i < 0 || all[i].Status == "revoked" {
		return account.XAccount{}, fault.Conflict.Saying("@%s is not linked to your account any more.", c.Handle)
	}
	return all[i], nil
}

func (s *Service) freeze(ctx context.Context, c Cleanup, x account.XAccount, items []Item) (Cleanup, error) {
	signature := s.sign(planOf(c, x, items))
	now := s.c.DB.Now()
	return s.act(ctx, c.UserID, c.ID, removal.Freeze,
		`, signature = $5, frozen_at = $6, expires_at = $7, backup_at = NULL, consent_at = NULL`,
		[]any{signature, now, now.Add(planLife)}, func(ctx context.Context, tx db.Tx, c Cleanup) error {
			for _, it := range items {
				sealed, err := s.sealPost(c.ID, it.Post)
				if err != nil {
					return err
				}
				done := any(nil)
				if it.Outcome.Settled() {
					done = tx.Now()
				}
				tx.Later(`UPDATE cleanup_posts SET sealed = $4, outcome = $5, done_at = COALESCE(done_at, $6)
					WHERE cleanup_id = $1 AND user_id = $2 AND post_id = $3`, c.ID, c.UserID, it.ID, sealed, string(it.Outcome), done)
			}
			audit.Record(ctx, tx, audit.Event{UserID: c.UserID, Actor: "user", Action: audit.CleanupFrozen, Resource: c.ID})
			return nil
		})
}

// planOf is what of a plan is signed: the posts that X showed with their hashes.
func planOf(c Cleanup, x account.XAccount, items []Item) removal.Plan {
	p := removal.Plan{ID: c.ID, UserID: c.UserID, Account: x.XUserID}
	for _, it := range items {
		if it.Hash != "" {
			p.Posts = append(p.Posts, removal.Post{ID: it.ID, Hash: it.Hash})
		}
	}
	return p
}

// Backup notes that the posts of a frozen plan are saved: each box opens and holds what the plan names. They are kept,
// sealed, until the plan expires, and nothing is deleted before.
func (s *Service) Backup(ctx context.Context, userID, id string) (Cleanup, error) {
	saved, err := s.Get(ctx, userID, id)
	if err != nil {
		return saved, err
	}
	if _, err := s.backup(ctx, userID, id); err != nil {
		return Cleanup{}, err
	}
	return s.act(ctx, userID, id, removal.Back, `, backup_at = COALESCE(backup_at, $5)`, []any{s.c.DB.Now()},
		func(ctx context.Context, tx db.Tx, c Cleanup) error {
			if c.signature != saved.signature { // another dry run came in between
				return justChanged()
			}
			audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: audit.CleanupBackup, Resource: id})
			return nil
		})
}

// FetchBackup gives the posts of a plan, to be written as a file, for as long as they are kept.
func (s *Service) FetchBackup(ctx context.Context, userID, id string) (removal.Backup, error) {
	return s.backup(ctx, userID, id)
}

func (s *Service) backup(ctx context.Context, userID, id string) (b removal.Backup, err error) {
	c, err := s.Get(ctx, userID, id)
	if err != nil {
		return b, err
	}
	items, err := s.Posts(ctx, userID, id)
	if err != nil {
		return b, err
	}
	x, err := s.account(ctx, c)
	if err != nil {
		return b, err
	}
	if c.FrozenAt == nil {
		return b, refused(c)
	}
	b = removal.Backup{Format: removal.BackupFormat, ID: c.ID, Account: x.XUserID, Handle: c.Handle, Made: s.c.DB.Now()}
	for _, it := range items {
		if !it.kept {
			return b, fault.NotFound.Saying("The backup of this clean-up was kept until it expired, and is erased now.")
		}
		b.Posts = append(b.Posts, it.Post)
	}
	if !s.signed(planOf(c, x, items), c.signature) {
		return b, errTampered
	}
	return b, nil
}

// errTampered stops whatever was to be done with a plan that is not as it was signed.
var errTampered = fault.Conflict.Saying("What is stored of this clean-up is not what was signed, so nothing more " +
	"is done with it. End it and begin another.")
