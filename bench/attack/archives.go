//go:build linux

package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	random "math/rand/v2"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"time"
)

// hostile are archives by what is wrong with them, all of the account xUserID.
func hostile(xUserID string) map[string][]byte {
	account := `window.YTD.account.part0 = [{"account":{"username":"gravelpit_gus","accountId":"` + xUserID +
		`","createdAt":"2019-03-01T10:00:00.000Z"}}]`
	posts := func(n int, text string) string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf(`{"tweet":{"id_str":"%d","full_text":%q,"created_at":"Sat Feb 18 12:33:11 +0000 2023"}}`,
				5000+i, text)
		}
		return "window.YTD.tweets.part0 = [" + strings.Join(all, ",") + "]"
	}
	good := pack(zip.Store, account, posts(40, "Quiet day by the river."))
	wrong := bytes.Clone(good)
	at := bytes.Index(wrong, []byte("PK\x01\x02"))           // the first entry of the directory
	binary.LittleEndian.PutUint32(wrong[at+20:], 0xfffffff0) // its compressed size
	binary.LittleEndian.PutUint32(wrong[at+24:], 7)          // and its size
	noise := make([]byte, 1<<20)
	_, _ = rand.Read(noise)
	return map[string][]byte{
		"good":                good,
		"quadratic numbers":   pack(zip.Store, account, posts(40, strings.Repeat("12345678;", 25_000/9))),
		"quadratic, deflated": pack(zip.Deflate, account, posts(40, strings.Repeat("12345678;", 50_000/9))),
		"bomb":                pack(zip.Deflate, account, "window.YTD.tweets.part0 = ["+strings.Repeat(" ", 256<<20)+"]"),
		"one endless post": pack(zip.Store, account,
			`window.YTD.tweets.part0 = [{"tweet":{"full_text":"`+strings.Repeat("a", 8<<20)),
		"nested":              pack(zip.Store, account, "window.YTD.tweets.part0 = "+strings.Repeat("[", 2<<20)),
		"truncated":           good[:len(good)*2/3],
		"without a directory": good[:len(good)-30],
		"wrong sizes":         wrong,
		"somebody else's":     pack(zip.Store, strings.ReplaceAll(account, xUserID, "999999"), posts(4, "Hello.")),
		"noise":               noise,
		"empty":               nil,
	}
}

func pack(method uint16, account, posts string) []byte {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, part := range []struct{ name, text string }{{"data/account.js", account}, {"data/tweets.js", posts}} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: part.name, Method: method})
		if err == nil {
			_, err = io.WriteString(w, part.text)
		}
		if err != nil {
			panic(err) // memory takes all
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// sendArchive uploads one hostile archive, or stalls in the middle of an upload. What is taken is analysed, and
// counted.
func sendArchive(ctx context.Context, _ *server, p *person, t *tally) error {
	if t.archives == nil {
		var linked struct {
			Data []struct {
				XUserID string `json:"x_user_id"`
			}
		}
		if err := p.get(ctx, "/auth/x/status", &linked); err != nil {
			return err
		}
		t.archives = hostile(linked.Data[0].XUserID)
		for name := range t.archives {
			t.names = append(t.names, name)
		}
	}
	name := t.names[t.sent%len(t.names)]
	if t.sent++; t.sent%5 == 0 {
		return p.stall(ctx)
	}
	status, answer, err := p.upload(ctx, t.archives[name])
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the attack is over
	}
	if err != nil {
		return fmt.Errorf("the archive %q was not answered: %w", name, err)
	}
	t.note("the archive "+name, status, answer)
	var kept struct{ ID string }
	if status == http.StatusCreated && json.Unmarshal(answer, &kept) == nil {
		t.startWith(ctx, p, `{"archive_id":"`+kept.ID+`","consent":true}`)
	}
	return nil
}

// uploadLimit is how long the program may take with an upload.
const uploadLimit = 2 * time.Minute

func (p *person) upload(ctx context.Context, file []byte) (status int, answer []byte, err error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	w, err := form.CreateFormFile("file", "archive.zip")
	if err == nil {
		_, err = w.Write(file)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		return 0, nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), uploadLimit)
	defer cancel()
	return p.call(ctx, http.MethodPost, "/api/v1/archives", body.String(), "Content-Type", form.FormDataContentType())
}

// stall begins an upload and leaves it for a while.
func (p *person) stall(ctx context.Context) error {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(p.base, "http://"))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c, "POST /api/v1/archives HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000000\r\n\r\n"+
		"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.zip\"\r\n\r\nPK", p.access())
	time.AfterFunc(time.Duration(random.Int64N(int64(20*time.Second))), func() { c.Close() }) //nolint:gosec // no secret
	return err
}
