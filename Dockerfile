FROM golang:1.26 AS build
WORKDIR /src

COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download

COPY . .
# .git stays outside the build context, so the version has to be said:
#   docker build --build-arg VERSION="$(git describe --tags --always)" .
ARG VERSION=dev
ENV CGO_ENABLED=0
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /image/fibonacco ./cmd/fibonacco

# What a static binary still wants from a system: a user, certificates, time zones.
RUN mkdir -p /image/etc/ssl/certs /writable/data /writable/tmp \
    && echo 'fibonacco:x:65532:65532::/data:/sbin/nologin' >/image/etc/passwd \
    && echo 'fibonacco:x:65532:' >/image/etc/group \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && cp "$(go env GOROOT)/lib/time/zoneinfo.zip" /image/zoneinfo.zip

FROM scratch
COPY --from=build /image/ /
COPY --from=build --chown=65532:65532 /writable/ /

ENV ZONEINFO=/zoneinfo.zip \
    HOME=/data \
    FIBONACCO_DATA_DIR=/data \
    FIBONACCO_LISTEN=0.0.0.0:8080
USER 65532:65532
EXPOSE 8080
VOLUME /data
# The database and what else this configuration names must answer.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["/fibonacco", "doctor"]
ENTRYPOINT ["/fibonacco"]
CMD ["serve"]
