package httpapi

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repazoo/repazoo/internal/fault"
)

// archiveTimeout is how long an upload may take; archives reach gigabytes.
const archiveTimeout = 30 * time.Minute

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

func (a *API) uploadArchive(w http.ResponseWriter, r *http.Request) {
	body, err := a.readArchive(w, r)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	if a.Pages != nil && strings.Contains(r.Header.Get("Accept"), "text/html") { // the form of the front page
		http.Redirect(w, r, "/?done=archive&archive="+body.ID, http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = jsonFormat.Marshal(w, body)
}

// readArchive lets the upload wait in a file, because a zip's directory stands at its end.
func (a *API) readArchive(w http.ResponseWriter, r *http.Request) (*archiveBody, error) {
	for _, extend := range []func(time.Time) error{http.NewResponseController(w).SetReadDeadline, http.NewResponseController(w).SetWriteDeadline} {
		_ = extend(time.Now().Add(archiveTimeout)) // a connection that cannot is cut off at the server's own bound
	}
	part, err := filePart(w, r, a.MaxArchive)
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(a.TempDir, "archive-*.zip")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	size, err := io.Copy(file, part)
	if err != nil {
		return nil, uploadFault(err)
	}
	kept, err := a.Analyses.KeepArchive(r.Context(), caller(r.Context()), file, size)
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
		return fault.PayloadTooLarge.Saying("The archive is larger than %d MiB. Analyse it with `repazoo analyze` on your own machine instead.", tooLarge.Limit>>20)
	}
	return fault.ValidationFailed.Saying("The upload broke off. Send it again.").Because(err)
}
