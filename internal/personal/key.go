package personal

import "strings"

// minKey is the shortest run without a blank that can hold a key, in bytes.
const minKey = 20

// keyForm is the key of one service: what it begins with, the signs and the least length
// of the rest.
type keyForm struct {
	head  string
	signs signs
	least int
}

// signs are what a key is made of.
type signs uint8

const (
	upper signs = 1 << iota
	lowerCase
	numbers
	dash  // - and _
	dots  // . and the signs of base 64: + / =
	alnum = upper | lowerCase | numbers
	hex   = numbers | lowerCase
	wide  = alnum | dash
)

// keyForms are the keys of services, as each documents them.
var keyForms = []keyForm{
	{"AKIA", upper | numbers, 16},
	{"ASIA", upper | numbers, 16}, // Amazon
	{"ghp_", alnum, 30},
	{"gho_", alnum, 30},
	{"ghu_", alnum, 30},
	{"ghs_", alnum, 30},
	{"ghr_", alnum, 30},
	{"github_pat_", wide, 22},
	{"glpat-", wide, 18}, // GitLab
	{"xoxb-", wide, 16},
	{"xoxp-", wide, 16},
	{"xoxa-", wide, 16},
	{"xoxr-", wide, 16},
	{"xoxs-", wide, 16},
	{"xapp-", wide, 16}, // Slack
	{"AIza", wide, 30},
	{"ya29.", wide, 30},
	{"GOCSPX-", wide, 20}, // Google
	{"sk_live_", wide, 16},
	{"rk_live_", wide, 16},
	{"sk_test_", wide, 16},
	{"rk_test_", wide, 16},
	{"whsec_", alnum | dots, 20}, // Stripe
	{"sk-ant-", wide, 16},
	{"sk-", wide, 20},
	{"gsk_", alnum, 30},
	{"r8_", alnum, 30},
	{"hf_", alnum, 28},
	{"pplx-", alnum, 30}, // models
	{"SG.", wide | dots, 40},
	{"key-", hex, 32},
	{"xkeysib-", wide, 40},
	{"re_", wide, 24}, // mail services
	{"SK", hex, 32},
	{"AC", hex, 32}, // Twilio
	{"npm_", alnum, 30},
	{"pypi-", wide, 40},
	{"dckr_pat_", wide, 20},
	{"rubygems_", hex, 40}, // registries
	{"dop_v1_", hex, 40},
	{"dor_v1_", hex, 40},
	{"pul-", hex, 40},
	{"hvs.", wide, 20},
	{"dapi", hex, 32},
	{"FlyV1", wide | dots, 40}, // clouds
	{"shpat_", alnum, 30},
	{"shpca_", alnum, 30},
	{"shppa_", alnum, 30},
	{"shpss_", alnum, 30},
	{"sq0atp-", wide, 20},
	{"sq0csp-", wide, 40}, // shops
	{"EAA", alnum, 60},
	{"AAAAAAAAAAAAAAAAAAAAA", alnum | dots, 20}, // Meta, X
	{"lin_api_", alnum, 30},
	{"ntn_", alnum, 30},
	{"secret_", alnum, 40},
	{"figd_", wide, 30},
	{"ATATT3x", wide | dots, 60},
	{"pat-na1-", wide, 30},
	{"NRAK-", alnum, 25},
	{"sntrys_", wide | dots, 40},
	{"glc_", alnum | dots, 30},
	{"glsa_", wide, 30},
	{"sbp_", hex, 40},
	{"PMAK-", wide, 40},
	{"AGE-SECRET-KEY-1", upper | numbers, 50},
	{"rpz_", upper | numbers, 39},
}

// keysBy finds the forms by their first two bytes.
var keysBy = func() map[string][]keyForm {
	m := map[string][]keyForm{}
	for _, k := range keyForms {
		m[k.head[:2]] = append(m[k.head[:2]], k)
	}
	return m
}()

// keys finds the keys and tokens of services, private keys, and the addresses of wallets.
func (s *scan) keys() {
	s.privateKeys()
	done := 0
	for i := range s.tokens {
		t := s.tokens[i]
		if t.inLink || t.from < done || t.kind != word && t.kind != digits || s.glued(i) &&
			!s.isOneOf(i-1, "=:\"'`([{<,;|/&") {
			continue
		}
		if end := s.keyAt(t.from); end > 0 {
			s.add(Key, t.from, end, genuine(s.s[t.from:end]), Proven)
			done = end
		} else if end := s.walletAt(t.from); end > 0 {
			s.add(Wallet, t.from, end, false, Likely)
			done = end
		} else if end := s.labelledKey(i); end > 0 {
			s.add(Key, t.from, end, genuine(s.s[t.from:end]), Likely)
			done = end
		}
	}
}

// keyAt is the end of the key that begins at a byte, or 0.
func (s *scan) keyAt(from int) int {
	text := s.s[from:]
	if len(text) < minKey {
		return 0
	}
	for _, k := range keysBy[text[:2]] {
		if !strings.HasPrefix(text, k.head) {
			continue
		}
		if end := s.run(from+len(k.head), k.signs); end-from-len(k.head) >= k.least &&
			(len(k.head) > 3 || mixed(s.s[from:end])) {
			return trimKey(s.s, from, end)
		}
	}
	if strings.HasPrefix(text, "eyJ") {
		return s.webToken(from)
	}
	return s.botToken(from)
}

// trimKey takes back a full stop that ends the sentence.
func trimKey(text string, from, end int) int {
	for end > from && (text[end-1] == '.' || text[end-1] == '/') {
		end--
	}
	return end
}

// run is where the signs that begin at from end.
func (s *scan) run(from int, of signs) int {
	start := from
	for from < len(s.s) && of.has(s.s[from]) {
		from++
	}
	s.steps += from - start
	return from
}

func (of signs) has(c byte) bool {
	switch {
	case c >= '0' && c <= '9':
		return of&numbers != 0
	case c >= 'a' && c <= 'z':
		return of&lowerCase != 0
	case c >= 'A' && c <= 'Z':
		return of&upper != 0
	case c == '-' || c == '_':
		return of&dash != 0
	case c == '.' || c == '+' || c == '/' || c == '=' || c == '%':
		return of&dots != 0
	}
	return false
}

// webToken is the end of a JSON web token: three parts of base 64, the first two of which
// begin as an object does. Where none is, none is looked for before the end of the run.
func (s *scan) webToken(from int) int {
	if from < s.noTokenTo {
		return 0
	}
	end := s.run(from, wide)
	if end-from < 10 || !strings.HasPrefix(s.s[end:], ".eyJ") {
		s.noTokenTo = end
		return 0
	}
	second := s.run(end+1, wide)
	if second < len(s.s) && s.s[second] == '.' {
		return s.run(second+1, wide)
	}
	return second
}

// botToken is the end of the token of a Telegram or Discord bot, or 0.
func (s *scan) botToken(from int) int {
	const longest = 80
	id := s.run(from, numbers)
	if n := id - from; n >= 8 && n <= 10 && id < len(s.s) && s.s[id] == ':' {
		if end := s.run(id+1, wide); end-id-1 >= 34 && end-id < longest {
			return end
		}
		return 0
	}
	if strings.IndexByte("MNO", s.s[from]) < 0 {
		return 0
	}
	parts, end := [3]int{}, from
	for i := range parts {
		start := end
		for end < len(s.s) && end-start < longest && wide.has(s.s[end]) {
			end++
		}
		parts[i] = end - start
		if i < 2 {
			if end >= len(s.s) || s.s[end] != '.' {
				return 0
			}
			end++
		}
	}
	if parts[0] >= 23 && parts[0] <= 28 && parts[1] == 6 && parts[2] >= 27 {
		return end
	}
	return 0
}

// walletAt is the end of the address of a wallet, or 0. A private key in the form that
// wallets import is a key, see genuine.
func (s *scan) walletAt(from int) int {
	const longest = 90
	end := from
	for end < len(s.s) && end-from < longest && alnum.has(s.s[end]) {
		end++
	}
	run := s.s[from:end]
	switch {
	case len(run) == 42 && strings.HasPrefix(run, "0x"):
	case len(run) >= 42 && len(run) <= 62 && strings.HasPrefix(run, "bc1"):
	case len(run) >= 26 && len(run) <= 35 && (run[0] == '1' || run[0] == '3') && mixed(run):
	default:
		return 0
	}
	return end
}

// labelledKey is the end of a run that is called a key: "API key: 9f8e…".
func (s *scan) labelledKey(i int) int {
	from := s.tokens[i].from
	if from < s.noLabelTo || s.cues&keyCue == 0 || s.before(i, 3)&keyCue == 0 {
		return 0
	}
	end := s.run(from, wide|dots)
	s.noLabelTo = end
	end = trimKey(s.s, from, end)
	if run := s.s[from:end]; len(run) >= 16 && mixed(run) {
		return end
	}
	return 0
}

// mixed reports whether a run has letters and digits, as words have not.
func mixed(run string) bool {
	return strings.ContainsAny(run, "0123456789") && strings.ContainsAny(strings.ToLower(run),
		"abcdefghijklmnopqrstuvwxyz")
}

// genuine reports whether a key is one, and no placeholder such as sk_live_xxxxxxxx.
func genuine(key string) bool {
	lower := strings.ToLower(key)
	for _, w := range []string{"example", "your", "xxxxx", "redacted", "placeholder", "....", "00000000", "changeme"} {
		if strings.Contains(lower, w) {
			return false
		}
	}
	return distinct(key) >= 8
}

// distinct counts the different bytes of the end of a key.
func distinct(key string) int {
	var seen [256]bool
	n := 0
	for i := len(key) / 3; i < len(key); i++ {
		if !seen[key[i]] {
			seen[key[i]] = true
			n++
		}
	}
	return n
}

// privateKeys finds keys in PEM, from their first line to their last, or to the end of the text.
func (s *scan) privateKeys() {
	const begin, end = "-----BEGIN ", "-----END "
	for at := 0; ; {
		i := strings.Index(s.s[at:], begin)
		if i < 0 {
			return
		}
		from := at + i
		at = from + len(begin)
		if title := s.s[at:min(at+40, len(s.s))]; !strings.Contains(title, "PRIVATE KEY") {
			continue
		}
		to := len(s.s)
		if i := strings.Index(s.s[at:], end); i >= 0 {
			to = min(at+i+len(end)+40, len(s.s))
			if i := strings.Index(s.s[at+i+len(end):to], "-----"); i >= 0 {
				to = strings.Index(s.s[at:], end) + at + len(end) + i + len("-----")
			}
		}
		s.add(Key, from, to, true, Proven)
		at = to
	}
}
