package claude

import (
	"errors"
	"net/http"
)

// What a model's Lifecycle says.
const (
	Active     = "active"
	Deprecated = "deprecated" // still answers
	Retired    = "retired"    // refuses
)

// Unknown tells that an error of [Client.Model] says that there is no such model.
func Unknown(err error) bool {
	f, ok := errors.AsType[*Failure](err)
	return ok && f.Status == http.StatusNotFound
}

// TellsModels tells whether the server that is asked knows the life of its models: Anthropic and the stand-in do.
// Others that speak the same API often answer to questions only.
func (c *Client) TellsModels() bool {
	host := c.Host()
	return host == "anthropic" || host == "sandbox"
}
