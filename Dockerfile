# The image of Repazoo: one static program, root certificates and time zones, and nothing else.
#
#   docker build --build-arg COMMIT=$(git rev-parse HEAD) -t repazoo .
#   docker run --rm --read-only -p 8000:8000 repazoo       # tries it out: http://localhost:8000
#
# Tags are pinned to the minor version; whoever wants the same bytes again pins digests.

# The viewers of /docs and /redoc come from npm, pinned by their hashes.
FROM node:24 AS viewers
WORKDIR /src
COPY Makefile ./
COPY internal/httpapi/docs internal/httpapi/docs
RUN make assets

FROM golang:1.26 AS build
WORKDIR /src
RUN test -e /usr/share/zoneinfo/UTC -a -e /etc/ssl/certs/ca-certificates.crt || \
    { apt-get update && apt-get install -y --no-install-recommends ca-certificates tzdata; }
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=viewers /src/internal/httpapi/docs/vendor internal/httpapi/docs/vendor
ARG VERSION=
ARG COMMIT=
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags=grpcnotrace -ldflags "-s -w \
      -X github.com/repazoo/repazoo/internal/app.linkedVersion=$VERSION \
      -X github.com/repazoo/repazoo/internal/app.linkedCommit=$COMMIT" -o /out/repazoo ./cmd/repazoo
# The licences of every module in the program, as most of them ask.
RUN mkdir -p /out/data /out/licenses && cp LICENSE /out/licenses/ && \
    go list -deps -tags=grpcnotrace -f '{{with .Module}}{{if .Dir}}{{.Path}} {{.Dir}}{{end}}{{end}}' ./cmd/repazoo | \
    sort -u | while read -r path dir; do \
      for file in "$dir"/LICEN[CS]E* "$dir"/COPYING* "$dir"/NOTICE*; do \
        if [ -f "$file" ]; then install -D -m 644 "$file" "/out/licenses/$path/${file##*/}"; fi; \
      done; \
    done; \
    install -D -m 644 "$(go env GOROOT)/LICENSE" /out/licenses/go/LICENSE

FROM scratch
ARG VERSION=
ARG COMMIT=
LABEL org.opencontainers.image.title="Repazoo" \
      org.opencontainers.image.description="Shows people what their own X posts say about them" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /usr/share/zoneinfo /usr/share/zoneinfo
COPY --from=build /out/licenses /usr/share/licenses
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/repazoo /repazoo
# Whatever is written is written to /data: the root may be read-only. SQLite and uploads put temporary files there too.
ENV HOST=0.0.0.0 PORT=8000 DATA_DIR=/data TMPDIR=/data
VOLUME /data
WORKDIR /data
USER 65532:65532
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s --retries=3 CMD ["/repazoo", "health"]
ENTRYPOINT ["/repazoo"]
CMD ["serve"]
