package notice

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/riverqueue/river"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/repazoo/repazoo/internal/db"
)

// From a notice to the endpoints of its user:
//
//  1. [Write] queues a SpreadJob with the row, in the same transaction.
//  2. Service.Spread writes a delivery, with its job, for each endpoint that hears of the kind.
//  3. Service.Deliver makes one try and notes what came of it. What failed is tried again for about a day; the row counts
//     the tries, so that a process that dies between two of them changes nothing.
//  4. An endpoint that has not answered for days is switched off, which is a notice itself.

const (
	tryTime   = 10 * time.Second    // for one try, from looking the name up to the answer's status
	inTurn    = 2 * time.Second     // before a delivery looks again whether its user has less under way
	giveUp    = 3 * 24 * time.Hour  // of failures, after which the end of a delivery switches its endpoint off
	userAgent = "Repazoo-Webhook/1" // version of the request's shape
)

// waits are between one try and the next: close together at first, 23 hours and a half in all.
func waits() []time.Duration {
	return []time.Duration{
		5 * time.Second, 5 * time.Minute, 25 * time.Minute, 2 * time.Hour, 4 * time.Hour, 7 * time.Hour, 10 * time.Hour,
	}
}

// SpreadJob asks for a notice to be told to the endpoints of its user.
type SpreadJob struct {
	NoticeID string `json:"notice_id"`
}

// Kind names the job in the queue.
func (SpreadJob) Kind() string { return "notice_spread" }

// InsertOpts puts the job in the queue of its kind.
func (SpreadJob) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: db.Housekeeping} }

// DeliverJob asks for one delivery to be made.
type DeliverJob struct {
	DeliveryID string `json:"delivery_id"`
	Round      int    `json:"round"` // how often it was asked for again; an older job has nothing to do
}

// Kind names the job in the queue.
func (DeliverJob) Kind() string { return "webhook_deliver" }

// InsertOpts puts the job in the queue of its kind.
func (DeliverJob) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: db.Webhooks} }

type deliverWorker struct {
	river.WorkerDefaults[DeliverJob]
	s *Service
}

// Work makes one try, and has itself woken for the next.
func (w *deliverWorker) Work(ctx context.Context, j *river.Job[DeliverJob]) error {
	again, err := w.s.Deliver(ctx, j.Args.DeliveryID, j.Args.Round)
	if err == nil && again > 0 {
		return river.JobSnooze(again)
	}
	return err
}

// Timeout bounds one try with what is written around it.
func (w *deliverWorker) Timeout(*river.Job[DeliverJob]) time.Duration { return time.Minute }

// AddWorkers registers the jobs of this package.
func (s *Service) AddWorkers(w *river.Workers) {
	river.AddWorker(w, &deliverWorker{s: s})
	db.Work(w, func(ctx context.Context, j SpreadJob) error { return s.Spread(ctx, j.NoticeID) })
	db.Work(w, func(ctx context.Context, j MailJob) error { return s.Mail(ctx, j.NoticeID) })
	db.Work(w, func(ctx context.Context, j ConfirmJob) error { return s.AskToConfirm(ctx, j.UserID) })
}

// Spread writes a delivery for each endpoint that hears of the notice. It may be repeated, and does nothing for a
// notice that is gone.
func (s *Service) Spread(ctx context.Context, noticeID string) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := db.One(ctx, tx, scanOwned, `SELECT `+columns+`, user_id FROM notices WHERE id = $1`, noticeID)
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if s.c.Mailer != nil {
			if err := tx.Enqueue(ctx, MailJob{NoticeID: n.ID}); err != nil {
				return err
			}
		}
		endpoints, err := db.All(ctx, tx, scanEndpoint, `SELECT `+endpointColumns+` FROM webhook_endpoints
			WHERE user_id = $1 AND disabled_at IS NULL ORDER BY id`, n.userID)
		if err != nil {
			return err
		}
		body, err := payload(n.Notice)
		for _, e := range endpoints {
			if err != nil {
				return err
			}
			if e.hears(n.Kind) {
				_, err = queue(ctx, tx, delivery{db.NewID(), n.userID, e.ID, &n.ID, n.Kind, "msg_" + n.ID, body})
			}
			if errors.Is(err, db.ErrNotFound) { // it was told before
				err = nil
			}
		}
		return err
	})
}

// owned is a notice with whose it is.
type owned struct {
	Notice
	userID string
}

func scanOwned(r db.Rows, n *owned) error {
	return n.scan(r, &n.userID)
}

// due is a delivery that waits, with where it goes.
type due struct {
	Delivery
	user, endpoint, message, payload, url string
	sealed                                []byte
	since                                 *time.Time // the endpoint fails since
	off                                   bool       // the endpoint is switched off
}

func scanDue(r db.Rows, v *due) error {
	var disabled *time.Time
	err := r.Scan(&v.ID, (*string)(&v.Kind), &v.Attempts, &v.user, &v.endpoint, &v.message, &v.payload, &v.url,
		&v.sealed, &v.since, &disabled)
	v.off = disabled != nil && v.Kind != Test
	return err
}

// Deliver makes one try at a delivery and notes what came of it. It returns when to come back; 0 is never: it was
// delivered, given up, or asked for anew in a later round. An error is trouble of our own, and nothing was noted.
func (s *Service) Deliver(ctx context.Context, id string, round int) (again time.Duration, err error) {
	v, err := db.ReadOne(ctx, s.c.DB, db.System, scanDue,
		`SELECT d.id, d.kind, d.attempts, d.user_id, d.endpoint_id, d.message_id, d.payload,
		e.url, e.secret, e.failing_since, e.disabled_at FROM webhook_deliveries d
			JOIN webhook_endpoints e ON e.id = d.endpoint_id
		WHERE d.id = $1 AND d.round = $2 AND d.status = 'waiting'`, id, round)
	if errors.Is(err, db.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if !s.flights.begin(v.user) {
		return inTurn, nil
	}
	defer s.flights.end(v.user)
	if v.off {
		return 0, s.note(ctx, v, round, result{trouble: "the webhook is switched off"}, 0)
	}
	secret, err := s.c.Seal.Open(v.sealed, []byte(v.endpoint))
	if err != nil {
		return 0, err
	}
	got := s.send(ctx, v, string(secret))
	if ctx.Err() != nil { // this process is going; the next one tries
		return 0, ctx.Err()
	}
	if !got.good() && v.Attempts < len(waits()) && !got.gone() && v.Kind != Test {
		again = waits()[v.Attempts]
	}
	if s.c.Hooked != nil {
		s.c.Hooked(got.class())
	}
	if !got.good() { // its owner reads the same on the page of the webhook
		s.c.Log.InfoContext(ctx, "a webhook was not delivered", "delivery", v.ID, "kind", v.Kind, "cause", got.trouble,
			"again_in", again)
	}
	return again, s.note(ctx, v, round, got, again)
}

// result is what came of a try.
type result struct {
	code    int    // 0 without an answer
	trouble string // "" when it was delivered
}

// class is the answer's status as a label.
func (r result) class() string {
	if r.code < 100 || r.code > 599 {
		return "none"
	}
	return strconv.Itoa(r.code/100) + "xx"
}

func (r result) good() bool { return r.trouble == "" }

// gone is how an endpoint says that it does not want to hear any more.
func (r result) gone() bool { return r.code == http.StatusGone }

// note writes down what came of a try, and what it means for the endpoint.
func (s *Service) note(ctx context.Context, v due, round int, got result, again time.Duration) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		now := tx.Now()
		status, next := Failed, (*time.Time)(nil)
		switch {
		case got.good():
			status = Delivered
		case again > 0:
			status, next = Waiting, new(now.Add(again))
		}
		n, err := tx.Exec(ctx, `UPDATE webhook_deliveries
			SET status = $3, attempts = attempts + 1, code = $4, trouble = $5, tried_at = $6, next_try_at = $7
			WHERE id = $1 AND round = $2 AND status = 'waiting'`, v.ID, round, status, db.OrNull(got.code), got.trouble, now,
			next)
		if err != nil || n == 0 || v.off || v.Kind == Test && !got.good() {
			return err // a test that fails says nothing of the endpoint's past
		}
		if got.good() {
			tx.Later(`UPDATE webhook_endpoints SET failing_since = NULL WHERE id = $1`, v.endpoint)
			return nil
		}
		tx.Later(`UPDATE webhook_endpoints SET failing_since = COALESCE(failing_since, $2) WHERE id = $1`, v.endpoint, now)
		if got.gone() || status == Failed && v.since != nil && now.Sub(*v.since) >= giveUp {
			return switchOff(ctx, tx, v)
		}
		return nil
	})
}

// switchOff disables an endpoint and tells its user, once.
func switchOff(ctx context.Context, tx db.Tx, v due) error {
	n, err := tx.Exec(ctx, `UPDATE webhook_endpoints SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL`,
		v.endpoint, tx.Now())
	if err != nil || n == 0 {
		return err
	}
	return Write(ctx, tx, Fact{
		UserID: v.user, Kind: EndpointOff, Subject: v.endpoint + " " +
			tx.Now().Format(time.RFC3339Nano), Data: Data{Host: Endpoint{URL: v.url}.Host()},
	})
}

// send makes the request. Nothing of the answer but its status is looked at.
func (s *Service) send(ctx context.Context, v due, secret string) result {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	req, err := s.request(ctx, v, secret)
	if err != nil {
		return result{trouble: "the request could not be made"}
	}
	res, err := s.client.Do(req)
	if err != nil {
		return result{trouble: troubleWords(err)}
	}
	res.Body.Close()
	switch {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return result{res.StatusCode, "it answered with a redirect, and those are not followed"}
	case res.StatusCode < 200 || res.StatusCode > 299:
		return result{res.StatusCode, "it answered " + strconv.Itoa(res.StatusCode)}
	}
	return result{code: res.StatusCode}
}

// request is signed for this very moment: receivers refuse what was signed long ago.
func (s *Service) request(ctx context.Context, v due, secret string) (*http.Request, error) {
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	now := s.c.DB.Now()
	signature, err := signer.Sign(v.message, now, []byte(v.payload))
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url, strings.NewReader(v.payload))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set(standardwebhooks.HeaderWebhookID, v.message)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return req, nil
}

// troubleWords says why there was no answer, without a word of the network that we are in.
func troubleWords(err error) string {
	slow, _ := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, errNotPublic):
		return "its address is not on the public internet"
	case isA[*net.DNSError](err):
		return "its name could not be found"
	case isA[*tls.CertificateVerificationError](err):
		return "its certificate is not trusted"
	case slow != nil && slow.Timeout():
		return "it did not answer within 10 seconds"
	}
	return "the connection failed"
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// newClient makes requests that reach the public internet only, follow nothing and keep nothing. It asks no proxy,
// which would be what the guard sees.
func newClient(local bool, resolver *net.Resolver) *http.Client {
	dialer := &net.Dialer{Timeout: tryTime, ControlContext: guard(local), Resolver: resolver}
	return &http.Client{
		Timeout: tryTime,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, DisableKeepAlives: true, DisableCompression: true, ResponseHeaderTimeout: tryTime,
			TLSHandshakeTimeout: tryTime, MaxResponseHeaderBytes: 16 << 10,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
