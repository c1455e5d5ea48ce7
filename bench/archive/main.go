// Command archive makes a synthetic X archive of any size, and measures how `repazoo analyze --offline` reads it.
//
//	go run ./bench/archive -mb 2048 -o /tmp/large.zip
//	go run ./bench/archive -program bin/repazoo -read /tmp/large.zip
//
// The posts are invented, in five languages, the same ones each time; each has the fields of a real entry, so that most
// bytes are no text, as in a real archive. Measured are seconds, processor seconds of the program (user and system), MB
// a processor second and the most memory that it held. What the posts weigh unzipped counts, not the zip.
package main

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	mb := flag.Int("mb", 256, "make posts of so many MB, unzipped")
	out := flag.String("o", "", "write the archive here")
	read := flag.String("read", "", "measure the reading of this archive")
	program := flag.String("program", "bin/repazoo", "the program that reads it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case *out != "":
		err = write(ctx, *out, int64(*mb)<<20)
	case *read != "":
		err = measure(ctx, *program, *read)
	default:
		err = errors.New("give -o to make an archive, or -read to measure one")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// write makes an archive whose posts have at least so many bytes.
func write(ctx context.Context, path string, size int64) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z := zip.NewWriter(f)
	z.RegisterCompressor(zip.Deflate,
		func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	w, err := z.Create("data/account.js")
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, account); err != nil {
		return err
	}
	if w, err = z.Create("data/tweets.js"); err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 1<<20)
	fmt.Fprint(b, "window.YTD.tweets.part0 = [")
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same posts each time
	n, written := 0, int64(0)
	for ; written < size && ctx.Err() == nil; n++ {
		if n > 0 {
			fmt.Fprint(b, ",")
		}
		k, _ := fmt.Fprint(b, post(rnd, n)) // what fails here fails in Flush
		written += int64(k)
	}
	fmt.Fprint(b, "\n]")
	fmt.Printf("%d posts, %d MB\n", n, written>>20)
	return errors.Join(ctx.Err(), b.Flush(), z.Close())
}

const account = `window.YTD.account.part0 = [{"account":{"username":"large_sample","accountId":"77",
"accountDisplayName":"Large Sample","createdAt":"2009-03-01T10:00:00.000Z"}}]`

// entry is a post as X writes it, with what nobody reads.
const entry = `
  {
    "tweet" : {
      "edit_info" : {
        "initial" : {
          "editTweetIds" : [
            "%[1]d"
          ],
          "editableUntil" : "%[2]s",
          "editsRemaining" : "5",
          "isEditEligible" : true
        }
      },
      "retweeted" : false,
      "source" : "<a href=\"https://mobile.example.com\" rel=\"nofollow\">Web App</a>",
      "entities" : {
        "hashtags" : [
          {
            "text" : "%[6]s",
            "indices" : [
              "10",
              "20"
            ]
          }
        ],
        "symbols" : [ ],
        "user_mentions" : [
          {
            "name" : "Somebody Else",
            "screen_name" : "somebody_else",
            "indices" : [
              "0",
              "14"
            ],
            "id_str" : "880000000000000001",
            "id" : "880000000000000001"
          }
        ],
        "urls" : [
          {
            "url" : "https://t.co/abcdefghij",
            "expanded_url" : "https://news.example.com/a/long/path/to/an/article",
            "display_url" : "news.example.com/a/long/path",
            "indices" : [
              "50",
              "73"
            ]
          }
        ]
      },
      "display_text_range" : [
        "0",
        "120"
      ],
      "favorite_count" : "%[4]d",
      "id_str" : "%[1]d",
      "truncated" : false,
      "retweet_count" : "%[5]d",
      "id" : "%[1]d",
      "possibly_sensitive" : false,
      "created_at" : "%[3]s",
      "favorited" : false,
      "full_text" : "%[7]s",
      "lang" : "%[8]s"
    }
  }`

// post is the n-th post.
func post(rnd *rand.Rand, n int) string {
	at := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * 5 * time.Minute)
	v := voices[min(rnd.IntN(2*len(voices)), len(voices)-1)] // more than half in the last, which is English
	text := strings.NewReplacer("{n}", fmt.Sprint(rnd.IntN(1000)), "{x}", pick(rnd, v.things), "{y}", pick(rnd, v.things)).
		Replace(pick(rnd, v.texts) + " " + pick(rnd, v.texts))
	return fmt.Sprintf(entry, uint64(at.UnixMilli()-1288834974657)<<22|uint64(n&0xffff), at.Format(time.RFC3339),
		at.Format(time.RubyDate), rnd.IntN(50), rnd.IntN(9), strings.Fields(pick(rnd, v.things))[0], text, v.lang)
}

func pick(rnd *rand.Rand, of []string) string { return of[rnd.IntN(len(of))] }

// measure runs the program once and says what it took.
func measure(ctx context.Context, program, path string) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	var size uint64
	for _, f := range z.File {
		size += f.UncompressedSize64
	}
	if err := z.Close(); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "analyze", path, "--offline", "--format", "json")
	cmd.Stderr = os.Stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return err
	}
	took := time.Since(began)
	s := cmd.ProcessState
	cpu := s.UserTime() + s.SystemTime()
	mb := float64(size) / 1e6
	fmt.Printf("%.0f MB in %.1f s: %.1f s user, %.1f s system, %.1f MB a processor second, %d MiB at most, load %s\n",
		mb, took.Seconds(), s.UserTime().Seconds(), s.SystemTime().Seconds(), mb/cpu.Seconds(), peak(s), load())
	return nil
}

// peak is the most memory that the program held, in MiB.
func peak(s *os.ProcessState) int64 {
	if u, ok := s.SysUsage().(*syscall.Rusage); ok {
		return u.Maxrss >> 10
	}
	return 0
}

// load is what else the machine did in the last minute.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(b))[0]
}
