package claude

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// The two calls as they travel. Fields that are not read are left out, and unknown ones are ignored.
// Source: https://platform.claude.com/docs/en/api/messages and /models.

const (
	apiVersion     = "2023-06-01"
	maxAnswerBytes = 8 << 20
)

// refusedCall is an answer with a status of 400 or more. It holds what the provider said: [failure] takes from it what
// may be logged.
type refusedCall struct {
	status int
	header http.Header
	body   []byte
	sent   []byte // what was asked
}

func (r *refusedCall) Error() string { return fmt.Sprintf("claude: status %d", r.status) }

// call makes one attempt: in is sent as JSON, or nothing when it is nil, and out is read.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := c.request(ctx, method, path, in)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswerBytes)) // what is cut off does not parse
	if err != nil {
		return err
	}
	if h, ok := out.(*message); ok {
		h.header = res.Header
	}
	if res.StatusCode >= http.StatusBadRequest {
		return &refusedCall{res.StatusCode, res.Header, body, sentBy(req)}
	}
	return json.Unmarshal(body, out)
}

// sentBy is the body of a request that was sent.
func sentBy(req *http.Request) []byte {
	if req.GetBody == nil {
		return nil
	}
	again, err := req.GetBody()
	if err != nil {
		return nil
	}
	defer again.Close()
	sent, _ := io.ReadAll(again)
	return sent
}

func (c *Client) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var body io.Reader = http.NoBody
	if in != nil {
		sent, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(sent)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.base, "/")+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "repazoo")
	req.Header.Set("Anthropic-Version", apiVersion)
	if key := *c.key.Load(); key != "" {
		req.Header.Set("X-Api-Key", key)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}

type params struct {
	Model        string       `json:"model"`
	MaxTokens    int64        `json:"max_tokens"`
	System       []textParam  `json:"system,omitempty"`
	Messages     []turn       `json:"messages"`
	OutputConfig outputConfig `json:"output_config,omitzero"`
}

type textParam struct {
	Type         string            `json:"type"`
	Text         string            `json:"text"`
	CacheControl map[string]string `json:"cache_control,omitempty"`
}

type turn struct {
	Role    string      `json:"role"`
	Content []textParam `json:"content"`
}

type outputConfig struct {
	Effort string  `json:"effort,omitempty"`
	Format *format `json:"format,omitempty"`
}

type format struct {
	Type   string         `json:"type"`
	Schema map[string]any `json:"schema"`
}

func newParams(r Request) params {
	p := params{
		Model:        r.Model,
		MaxTokens:    r.MaxTokens,
		Messages:     []turn{{Role: "user", Content: []textParam{{Type: "text", Text: r.User}}}},
		OutputConfig: outputConfig{Effort: r.Effort},
	}
	if r.System != "" {
		p.System = []textParam{{Type: "text", Text: r.System, CacheControl: map[string]string{"type": "ephemeral"}}}
	}
	if r.Schema != nil {
		p.OutputConfig.Format = &format{Type: "json_schema", Schema: r.Schema}
	}
	return p
}

type message struct {
	header     http.Header // of the answer, which tells what the provider still allows
	Model      string      `json:"model"`
	StopReason string      `json:"stop_reason"`
	Content    []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	} `json:"content"`
	Usage struct {
		Input      int64 `json:"input_tokens"`
		Output     int64 `json:"output_tokens"`
		CacheRead  int64 `json:"cache_read_input_tokens"`
		CacheWrite int64 `json:"cache_creation_input_tokens"`
	} `json:"usage"`
}

// answer picks blocks by type: a thinking block may come first.
func (m message) answer() (Answer, error) {
	if m.StopReason == "" {
		return Answer{}, errUnreadable
	}
	var text strings.Builder
	for _, block := range m.Content {
		if block.Type == "text" {
			text.WriteString(block.Text)
		}
	}
	return Answer{Text: text.String(), Stop: m.StopReason, Usage: Usage(m.Usage), Model: m.Model}, nil
}

type model struct {
	ID        string    `json:"id"`
	Name      string    `json:"display_name"`
	Lifecycle string    `json:"lifecycle"`
	RetiresAt time.Time `json:"retires_at"`
	MaxInput  int64     `json:"max_input_tokens"`
	MaxOutput int64     `json:"max_tokens"`
}

func (m model) info() (ModelInfo, error) {
	if m.ID == "" {
		return ModelInfo{}, errUnreadable
	}
	return ModelInfo(m), nil
}
