package httpapi

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/notice"
)

// EndpointBody is a webhook in answers. It is exported because huma describes no other embedded struct.
type EndpointBody struct {
	ID           string        `json:"id" format:"uuid"`
	URL          string        `json:"url"`
	Kinds        []notice.Kind `json:"kinds" doc:"What it hears of; empty is everything."`
	Enabled      bool          `json:"enabled" doc:"False after days without a good answer, or after a 410."`
	CreatedAt    time.Time     `json:"created_at"`
	FailingSince *time.Time    `json:"failing_since" doc:"Null when the last delivery went well."`
	DisabledAt   *time.Time    `json:"disabled_at"`
}

func newEndpointBody(e notice.Endpoint) EndpointBody {
	return EndpointBody{e.ID, e.URL, e.Kinds, e.DisabledAt == nil, e.CreatedAt, e.FailingSince, e.DisabledAt}
}

type endpointsOutput struct {
	Body struct {
		Data []EndpointBody `json:"data"`
	}
}

func (a *API) webhooks(ctx context.Context, _ *struct{}) (*endpointsOutput, error) {
	all, err := a.Notices.Endpoints(ctx, caller(ctx))
	if err != nil {
		return nil, err
	}
	out := &endpointsOutput{}
	out.Body.Data = make([]EndpointBody, len(all))
	for i, e := range all {
		out.Body.Data[i] = newEndpointBody(e)
	}
	return out, nil
}

type addEndpointInput struct {
	Body struct {
		URL   string   `json:"url" minLength:"1" maxLength:"500" doc:"https, on the public internet, port 443 or from 1024 on, without a user." example:"https://example.com/hooks/repazoo"`
		Kinds []string `json:"kinds,omitempty" maxItems:"20" doc:"Kinds of notices; everything by default."`
	}
}

type madeEndpointBody struct {
	EndpointBody
	Secret string `json:"secret" doc:"Signs what is sent, as the Standard Webhooks specification says. It is told this once."`
}

type madeEndpointOutput struct{ Body madeEndpointBody }

func (a *API) addWebhook(ctx context.Context, in *addEndpointInput) (*madeEndpointOutput, error) {
	kinds := make([]notice.Kind, len(in.Body.Kinds))
	for i, k := range in.Body.Kinds {
		kinds[i] = notice.Kind(k)
	}
	e, err := a.Notices.AddEndpoint(ctx, caller(ctx), in.Body.URL, kinds)
	return &madeEndpointOutput{madeEndpointBody{newEndpointBody(e.Endpoint), e.Secret}}, err
}

func (a *API) removeWebhook(ctx context.Context, in *idInput) (*struct{}, error) {
	return nil, a.Notices.RemoveEndpoint(ctx, caller(ctx), in.ID)
}

type endpointOutput struct{ Body EndpointBody }

func (a *API) enableWebhook(ctx context.Context, in *idInput) (*endpointOutput, error) {
	e, err := a.Notices.EnableEndpoint(ctx, caller(ctx), in.ID)
	return &endpointOutput{newEndpointBody(e)}, err
}

type deliveryBody struct {
	ID        string      `json:"id" format:"uuid"`
	Kind      notice.Kind `json:"kind"`
	Status    string      `json:"status" enum:"waiting,delivered,failed"`
	Attempts  int         `json:"attempts" doc:"Since it was last asked for."`
	Code      *int        `json:"code" doc:"The HTTP status of the last answer; null without one."`
	Trouble   *string     `json:"trouble" doc:"Why the last try failed."`
	CreatedAt time.Time   `json:"created_at"`
	TriedAt   *time.Time  `json:"tried_at"`
	NextTryAt *time.Time  `json:"next_try_at" doc:"Null unless it waits."`
}

func newDeliveryBody(d notice.Delivery) deliveryBody {
	return deliveryBody{d.ID, d.Kind, d.Status, d.Attempts, d.Code, orNull(d.Trouble), d.CreatedAt, d.TriedAt, d.NextTryAt}
}

type deliveryOutput struct{ Body deliveryBody }

func (a *API) testWebhook(ctx context.Context, in *idInput) (*deliveryOutput, error) {
	d, err := a.Notices.TestEndpoint(ctx, caller(ctx), in.ID)
	return &deliveryOutput{newDeliveryBody(d)}, err
}

type deliveriesInput struct {
	ID     string `path:"id" format:"uuid"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of an earlier answer."`
}

type deliveriesOutput struct {
	Body struct {
		Data       []deliveryBody `json:"data"`
		NextCursor *string        `json:"next_cursor" doc:"Null on the last page."`
		Total      int            `json:"total"`
	}
}

func (a *API) deliveries(ctx context.Context, in *deliveriesInput) (*deliveriesOutput, error) {
	p, err := a.Notices.Deliveries(ctx, caller(ctx), in.ID, in.Limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	out := &deliveriesOutput{}
	out.Body.Data, out.Body.NextCursor, out.Body.Total = make([]deliveryBody, len(p.Deliveries)), orNull(p.Next), p.Total
	for i, d := range p.Deliveries {
		out.Body.Data[i] = newDeliveryBody(d)
	}
	return out, nil
}

type redeliverInput struct {
	ID         string `path:"id" format:"uuid"`
	DeliveryID string `path:"delivery_id" format:"uuid"`
}

func (a *API) redeliver(ctx context.Context, in *redeliverInput) (*deliveryOutput, error) {
	d, err := a.Notices.Redeliver(ctx, caller(ctx), in.ID, in.DeliveryID)
	return &deliveryOutput{newDeliveryBody(d)}, err
}
