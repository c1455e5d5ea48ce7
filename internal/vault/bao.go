package vault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openbao/openbao/api/v2"

	"github.com/repazoo/repazoo/internal/fault"
)

const (
	callTimeout = 10 * time.Second
	maxAnswer   = 1 << 20 // bytes of one answer
	field       = "value" // of a KV secret, where ours stands
)

// BaoConfig says which server has the vault, and how to sign in to it.
type BaoConfig struct {
	Address   string
	Namespace string
	CAFile    string // authorities in PEM; "" means the system's
	Mount     string // of a KV engine, version 2
	Path      string // in it, below which each secret has its name
	Login     Login
	Now       func() time.Time // nil: time.Now
}

// Bao is a vault in the KV engine of an OpenBao or HashiCorp Vault server. It is safe for
// concurrent use. It signs in with the first call, renews its token in the last third of its
// life, and signs in anew where it can when the token has ended.
type Bao struct {
	BaoConfig
	client *api.Client

	mu    sync.Mutex
	token lease
}

var segments = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$`)

// NewBao makes no call. Its error names a setting that cannot be used.
func NewBao(c BaoConfig) (*Bao, error) {
	if !segments.MatchString(c.Mount) || !segments.MatchString(c.Path) {
		return nil, fault.ValidationFailed.Saying("BAO_MOUNT and BAO_PATH must be paths like secret or apps/repazoo.")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	settings := api.NewConfig() // which reads no environment
	if settings.Error != nil {
		return nil, settings.Error
	}
	settings.Address, settings.Timeout = c.Address, callTimeout
	settings.MaxRetries, settings.MinRetryWait, settings.MaxRetryWait = 1, 100*time.Millisecond, 500*time.Millisecond
	if c.CAFile != "" {
		if err := settings.ConfigureTLS(&api.TLSConfig{CACert: c.CAFile}); err != nil {
			return nil, fault.ValidationFailed.Saying("BAO_CACERT names no file of certificates in PEM that can be " +
				"read.").Because(err)
		}
	}
	settings.HttpClient.Transport = bounded{settings.HttpClient.Transport}
	client, err := api.NewClient(settings)
	if err != nil {
		return nil, fault.ValidationFailed.Saying("BAO_ADDR is no address.").Because(err)
	}
	if c.Namespace != "" {
		client.SetNamespace(c.Namespace)
	}
	return &Bao{BaoConfig: c, client: client}, nil
}

// bounded keeps an answer from filling the memory.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Body = http.MaxBytesReader(nil, res.Body, maxAnswer)
	}
	return res, err
}

func (b *Bao) kv() *api.KVv2 { return b.client.KVv2(b.Mount) }

func (b *Bao) at(name string) string { return path.Join(b.Path, name) }

// List asks for the names, and for the version of each.
func (b *Bao) List(ctx context.Context) (all []Entry, err error) {
	var keys []string
	err = b.call(ctx, "list", func() error {
		s, err := b.client.Logical().ListWithContext(ctx, path.Join(b.Mount, "metadata", b.Path))
		keys = keysOf(s)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, name := range keys {
		e, ok, err := b.entry(ctx, name)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// keysOf leaves out folders and what has no name of ours.
func keysOf(s *api.Secret) (names []string) {
	if s == nil {
		return nil
	}
	keys, _ := s.Data["keys"].([]any)
	for _, key := range keys[:min(len(keys), maxEntries)] {
		if name, _ := key.(string); CheckName(name) == nil {
			names = append(names, name)
		}
	}
	return names
}

// entry is false for a secret whose newest version was deleted.
func (b *Bao) entry(ctx context.Context, name string) (e Entry, ok bool, err error) {
	err = b.call(ctx, "read the metadata of "+name, func() error {
		m, err := b.kv().GetMetadata(ctx, b.at(name))
		if errors.Is(err, api.ErrSecretNotFound) { // removed meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		newest, known := m.Versions[fmt.Sprint(m.CurrentVersion)]
		ok = known && !newest.Destroyed && newest.DeletionTime.IsZero()
		e = Entry{
			Name: name, Changed: newest.CreatedTime.UTC(),
			Version: fmt.Sprintf("%d-%d", m.CurrentVersion, m.CreatedTime.UnixNano()),
		}
		return nil
	})
	return e, ok, err
}

// Get reads the newest version of one secret. The server's audit log notes it.
func (b *Bao) Get(ctx context.Context, name string) (value string, err error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	err = b.call(ctx, "read "+name, func() error {
		s, err := b.kv().Get(ctx, b.at(name))
		switch {
		case errors.Is(err, api.ErrSecretNotFound), err == nil && s.Data == nil:
			return noSecret(name)
		case err != nil:
			return err
		}
		text, ok := s.Data[field].(string)
		if !ok {
			return fault.ValidationFailed.Saying("%s is on the vault server, but without a field %q that holds the value.",
				name, field)
		}
		value = text
		return CheckValue(text)
	})
	if err != nil {
		return "", err
	}
	return value, nil
}

// Set writes a new version of one secret.
func (b *Bao) Set(ctx context.Context, name, value string) error {
	if err := check(name, value); err != nil {
		return err
	}
	return b.call(ctx, "write "+name, func() error {
		_, err := b.kv().Put(ctx, b.at(name), map[string]any{field: value})
		return err
	})
}

// Remove deletes every version of one secret.
func (b *Bao) Remove(ctx context.Context, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if _, ok, err := b.entry(ctx, name); err != nil || !ok {
		return cmp.Or(err, noSecret(name))
	}
	return b.call(ctx, "remove "+name, func() error { return b.kv().DeleteMetadata(ctx, b.at(name)) })
}

// Probe asks the server about our token, which it answers only while it is not sealed and the token is good.
func (b *Bao) Probe(ctx context.Context) error {
	return b.call(ctx, "look at our own token", func() error {
		_, err := b.client.Auth().Token().LookupSelfWithContext(ctx)
		return err
	})
}

// call does something signed in, and once more when the token was refused and another can be had.
func (b *Bao) call(ctx context.Context, what string, do func() error) error {
	if err := b.signedIn(ctx); err != nil {
		return err
	}
	err := do()
	if statusOf(err) == http.StatusForbidden && b.Login.repeats() {
		b.forget()
		if err := b.signedIn(ctx); err != nil {
			return err
		}
		err = do()
	}
	return b.explain(what, err)
}

// explain says what to do about an error of the server. Its text stays out of the sentence
// and, since it is not ours, out of the log.
func (b *Bao) explain(what string, err error) error {
	if _, ours := errors.AsType[*fault.Fault](err); err == nil || ours {
		return err
	}
	switch status := statusOf(err); status {
	case 0:
		return fault.DependencyDown.Saying("The vault server at %s does not answer.", b.Address).Because(err)
	case http.StatusForbidden:
		return fault.Forbidden.Saying("The vault server at %s does not let us %s: its policy must allow it.", b.Address, what)
	case http.StatusServiceUnavailable:
		return fault.DependencyDown.Saying("The vault server at %s is sealed or not ready.", b.Address)
	default:
		return fault.DependencyDown.Saying("The vault server at %s answered with status %d when asked to %s.", b.Address,
			status, what)
	}
}

// statusOf is 0 for an error that is no answer.
func statusOf(err error) int {
	if res, ok := errors.AsType[*api.ResponseError](err); ok {
		return res.StatusCode
	}
	return 0
}

// Login is one of three ways to sign in.
type Login struct {
	Token string // is used, and renewed, but cannot be had again

	RoleID, SecretID string // an AppRole

	KubernetesRole string
	KubernetesFile string // the token of the service account, which Kubernetes replaces now and then

	Mount string // of the way; "" means approle or kubernetes
}

// repeats tells whether another token can be had.
func (l Login) repeats() bool { return l.Token == "" }

// account reads the token of the service account, which may be another one each time.
func (l Login) account() (string, error) {
	f, err := os.Open(l.KubernetesFile)
	if err != nil {
		return "", fault.DependencyDown.Saying("The token of the service account in %s cannot be read: %v.",
			l.KubernetesFile, plain(err))
	}
	defer f.Close()
	text, err := readOpen(f, l.KubernetesFile, maxFile, 0, 0) // its mode is the platform's choice
	return strings.TrimSpace(string(text)), err
}

// lease is what a token is good for.
type lease struct {
	held      bool
	renewable bool
	began     time.Time
	life      time.Duration // 0: for ever
}

func (l lease) ended(now time.Time) bool { return l.life > 0 && !now.Before(l.began.Add(l.life)) }

func (l lease) aging(now time.Time) bool {
	return l.renewable && l.life > 0 && !now.Before(l.began.Add(l.life*2/3))
}

func (b *Bao) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.token = lease{}
}

// signedIn makes sure of a token that is good for the next call.
func (b *Bao) signedIn(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.Now()
	if b.token.held && !b.token.ended(now) && b.token.aging(now) && b.renew(ctx) == nil {
		return nil
	}
	if b.token.held && !b.token.ended(now) && (!b.token.aging(now) || !b.Login.repeats()) {
		return nil
	}
	if err := b.signIn(ctx); err != nil {
		return err
	}
	return b.checkMount(ctx)
}

func (b *Bao) renew(ctx context.Context) error {
	s, err := b.client.Auth().Token().RenewSelfWithContext(ctx, 0)
	if err == nil {
		err = b.adopt(s)
	}
	return err
}

func (b *Bao) signIn(ctx context.Context) error {
	b.token = lease{}
	b.client.ClearToken()
	if b.Login.Token != "" {
		return b.useToken(ctx)
	}
	mount, body := "approle", map[string]any{"role_id": b.Login.RoleID, "secret_id": b.Login.SecretID}
	if b.Login.KubernetesRole != "" {
		account, err := b.Login.account()
		if err != nil {
			return err
		}
		mount, body = "kubernetes", map[string]any{"role": b.Login.KubernetesRole, "jwt": account}
	}
	s, err := b.client.Logical().WriteWithContext(ctx, path.Join("auth", cmp.Or(b.Login.Mount, mount), "login"), body)
	if err != nil {
		return b.refused(err)
	}
	return b.adopt(s)
}

// useToken learns how long the token that was given is good.
func (b *Bao) useToken(ctx context.Context) error {
	b.client.SetToken(b.Login.Token)
	s, err := b.client.Auth().Token().LookupSelfWithContext(ctx)
	if err != nil {
		return b.refused(err)
	}
	life, err := s.TokenTTL()
	if err != nil {
		return b.explain("sign in", err)
	}
	renewable, err := s.TokenIsRenewable()
	if err != nil {
		return b.explain("sign in", err)
	}
	b.token = lease{held: true, renewable: renewable, began: b.Now(), life: life}
	return nil
}

func (b *Bao) adopt(s *api.Secret) error {
	if s == nil || s.Auth == nil || s.Auth.ClientToken == "" {
		return fault.DependencyDown.Saying("The vault server at %s gave no token.", b.Address)
	}
	b.client.SetToken(s.Auth.ClientToken)
	b.token = lease{
		held: true, renewable: s.Auth.Renewable, began: b.Now(),
		life: time.Duration(s.Auth.LeaseDuration) * time.Second,
	}
	return nil
}

// refused is about the answer to a sign-in.
func (b *Bao) refused(err error) error {
	if status := statusOf(err); status == http.StatusForbidden || status == http.StatusBadRequest {
		return fault.Forbidden.Saying("The vault server at %s does not accept how we sign in: BAO_TOKEN, the AppRole or "+
			"the service account is unknown to it, or has ended.", b.Address)
	}
	return b.explain("sign in", err)
}

// checkMount makes sure that there is an engine of the right version: else every list would
// look empty, as if nothing had been set.
func (b *Bao) checkMount(ctx context.Context) error {
	s, err := b.client.Logical().ReadWithContext(ctx, path.Join("sys/internal/ui/mounts", b.Mount))
	if err != nil && statusOf(err) != http.StatusForbidden {
		b.token = lease{}
		return b.explain("look at its mounts", err)
	}
	if s != nil {
		if options, _ := s.Data["options"].(map[string]any); s.Data["type"] == "kv" && options["version"] == "2" {
			return nil
		}
	}
	b.token = lease{}
	return fault.Forbidden.Saying("The vault server at %s has no KV engine of version 2 at %s, or does not let us see "+
		"it: correct BAO_MOUNT, or its policy.", b.Address, b.Mount)
}
