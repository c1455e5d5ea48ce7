# The image of Repazoo: one static program, root certificates and time zones, and nothing else.
#
#   docker build --build-arg COMMIT=$(git rev-parse HEAD) -t repazoo .
#   docker run --rm --read-only -p 8000:8000 repazoo       # tries it out: http://localhost:8000
#
# Tags are pinned to the minor version; whoever wants the same bytes again pins digests.

# The viewers of /docs and /redoc and the fonts of PDF reports come from npm, pinned by their hashes.
FROM node:24 AS viewers
WORKDIR /src
COPY Makefile ./
COPY internal/httpapi/docs internal/httpapi/docs
COPY internal/typeset/fonts internal/typeset/fonts
RUN make assets fonts-fetched

FROM golang:1.26 AS build
WORKDIR /src
# As in the Makefile, so that what is in Go's cache serves both.
ENV CGO_ENABLED=0 GOFLAGS="-tags=grpcnotrace -trimpath"
RUN test -e /usr/share/zoneinfo/UTC -a -e /etc/ssl/certs/ca-certificates.crt || \
    { apt-get update && apt-get install -y --no-install-recommends ca-certificates tzdata; }
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=viewers /src/internal/httpapi/docs/vendor internal/httpapi/docs/vendor
COPY --from=viewers /src/internal/typeset/fonts/node_modules internal/typeset/fonts/node_modules
RUN go run -C tools/fonts . /src/internal/typeset/fonts
ARG VERSION=
ARG COMMIT=
RUN go build -buildvcs=false -ldflags "-s -w \
      -X github.com/repazoo/repazoo/internal/app.linkedVersion=$VERSION \
      -X github.com/repazoo/repazoo/internal/app.linkedCommit=$COMMIT" -o /out/repazoo ./cmd/repazoo
# What the program is made of, and the licence of every part, as most of them ask.
COPY --from=viewers /src/internal/httpapi/docs/node_modules/redoc internal/httpapi/docs/node_modules/redoc
COPY --from=viewers /src/internal/httpapi/docs/node_modules/swagger-ui-dist internal/httpapi/docs/node_modules/swagger-ui-dist
RUN mkdir -p /out/data && go run -C tools/sbom . --program /out/repazoo --source /src --out /out/materials

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
COPY --from=build /out/materials/licenses /usr/share/licenses
COPY --from=build /out/materials/sbom.cdx.json /usr/share/doc/repazoo/sbom.cdx.json
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
