package httpapi

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"mime/multipart"
	"net/http"
	"os"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repazoo/repazoo/internal/fault"
)

// Archives reach gigabytes, so an upload may take long, but not stall, and one user may not have many under way.
const (
	archiveTimeout = 30 * time.Minute // for the whole upload
	archiveIdle    = 30 * time.Second // without a byte of it
	pageTime       = 10 * time.Second // for the page that shows a refusal
	maxUploads     = 2                // of one user at once, in this process
)

type archiveBody struct {
	ID        string    `json:"id" format:"uuid" doc:"Give it as archive_id to POST /api/v1/analyses."`
	Handle    string    `json:"handle"`
	Posts     int       `json:"posts" doc:"How many were read from it and are kept, sealed."`
	ExpiresAt time.Time `json:"expires_at" doc:"When they are erased."`
}

// uploadOperation describes the upload; it is served outside huma, which would hold the
// whole form in memory or in files of its own.
func (a *API) uploadOperation(r route) *huma.Operation {
	o := a.operation(r)
	o.OperationID = "post-archive"
	o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {
		Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"file"},
			Properties: map[string]*huma.Schema{"file": {Type: huma.TypeString, Format: "binary"}},
		},
	}}}
	kept := huma.SchemaFromType(a.huma.OpenAPI().Components.Schemas, typeOf[archiveBody]())
	o.Responses = map[string]*huma.Response{"201": {
		Description: "Created", Content: map[string]*huma.MediaType{"application/json": {Schema: kept}},
	}}
	return &o
}

// fromPage is where the front page's form sends an archive: it is answered with pages, and the API with JSON alone.
const fromPage = "POST /archives"

func (a *API) uploadFromPage(w http.ResponseWriter, r *http.Request) {
	body, err := a.readArchive(w, r)
	if err != nil {
		a.refuseUpload(w, r, err)
		return
	}
	http.Redirect(w, r, "/?done=archive&archive="+body.ID, http.StatusSeeOther)
}

func (a *API) uploadArchive(w http.ResponseWriter, r *http.Request) {
	body, err := a.readArchive(w, r)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = jsonFormat.Marshal(w, body)
}

// refuseUpload shows the reason on the page. A body that did not arrive in time has ended the request's context, but
// not the connection, which still takes an answer.
func (a *API) refuseUpload(w http.ResponseWriter, r *http.Request, err error) {
	p := refusal(r.Context(), a.Log, err)
	maps.Copy(w.Header(), p.GetHeaders())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), pageTime)
	defer cancel()
	a.Pages.RefuseUpload(w, r.WithContext(ctx), p.Status, p.Detail)
}

// readArchive lets the upload wait in a file, because a zip's directory stands at its end.
func (a *API) readArchive(w http.ResponseWriter, r *http.Request) (*archiveBody, error) {
	user := caller(r.Context())
	if !a.uploads.begin(user) {
		return nil, fault.RateLimited.After(archiveIdle).
			Saying("You have %d uploads under way. Wait until one of them has ended, then send this one again.", maxUploads)
	}
	defer a.uploads.end(user)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(archiveTimeout + time.Minute))
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	defer context.AfterFunc(a.stopping, func() { cancel(errLeaving) })()
	body := newSlowBody(w, r.Body, cmp.Or(a.UploadIdle, archiveIdle), a.stopping)
	defer body.forget()
	r.Body = body
	part, err := filePart(w, r, a.MaxArchive)
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(a.TempDir, "archive-*.zip")
	if err != nil {
		return nil, uploadFault(err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	size, err := io.Copy(file, part)
	if err != nil {
		return nil, uploadFault(err)
	}
	body.done()
	kept, err := a.Analyses.KeepArchive(ctx, user, file, size)
	if err != nil && errors.Is(context.Cause(ctx), errLeaving) {
		err = uploadFault(errLeaving)
	}
	return &archiveBody{kept.ID, kept.Handle, kept.Posts, kept.ExpiresAt}, err
}

func filePart(w http.ResponseWriter, r *http.Request, limit int64) (*multipart.Part, error) {
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	form, err := r.MultipartReader()
	if err != nil {
		return nil, fault.ValidationFailed.Saying("Send the archive as multipart/form-data, in the field file.")
	}
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			return nil, fault.ValidationFailed.Saying("The form has no field named file.").At("body.file", "is missing")
		}
		if err != nil {
			return nil, uploadFault(err)
		}
		if part.FormName() == "file" {
			return part, nil
		}
	}
}

func uploadFault(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.PayloadTooLarge.Saying("The archive is larger than %d MiB. Analyse it with `repazoo analyze` on your "+
			"own machine instead.", tooLarge.Limit>>20)
	}
	if errors.Is(err, errLeaving) {
		return fault.Overloaded.After(archiveIdle).Saying("Repazoo is being restarted. Send the archive again in half a " +
			"minute.").Because(err)
	}
	if _, ours := errors.AsType[*fs.PathError](err); ours { // of the file that the upload waits in
		return fault.DependencyDown.After(archiveIdle).
			Saying("This server has no room for the upload just now, and its operator must act. Send it again " +
				"later.").Because(err)
	}
	if errors.Is(err, errStalled) {
		return fault.ValidationFailed.Saying("The upload stalled: nothing of it arrived for a while. Send it " +
			"again.").Because(err)
	}
	if errors.Is(err, errTooLong) {
		return fault.ValidationFailed.Saying("The upload took longer than %.0f minutes. Send it over a faster line, or "+
			"analyse "+
			"it with `repazoo analyze` on your own machine.", archiveTimeout.Minutes()).Because(err)
	}
	return fault.ValidationFailed.Saying("The upload broke off. Send it again.").Because(err)
}
