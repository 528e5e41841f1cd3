package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// dockerAnswers reports whether there is a Docker engine to talk to: the client alone is
// often installed without one.
func dockerAnswers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err := docker(ctx, "version", "--format", "{{.Server.Version}}")
	return err == nil
}

// image is a server as Docker knows it.
type image struct {
	name     string
	port     int      // inside the container
	options  []string // for "docker run"
	settings []string // for the server
	answers  func(ctx context.Context, address string) error
	url      func(address string) string
}

func containPostgres(ctx context.Context, home place) (server, error) {
	return contain(ctx, image{
		name: "postgres:16-alpine", port: 5432,
		options:  []string{"--shm-size", "256m", "--env", "POSTGRES_HOST_AUTH_METHOD=trust"},
		settings: postgresSettings(home.durable),
		answers:  postgresAnswers,
		url:      postgresURL,
	})
}

func containRedis(ctx context.Context, _ place) (server, error) {
	return contain(ctx, image{
		name: "redis:7-alpine", port: 6379,
		settings: append([]string{"redis-server"}, redisSettings...),
		answers: func(ctx context.Context, address string) error {
			return redisAnswers(ctx, address, "redis_version:")
		},
		url: redisURL,
	})
}

// contain runs a throw-away container with its port on a free one of the loopback.
func contain(ctx context.Context, i image) (server, error) {
	say(true, "docker run %s", i.name)
	args := []string{
		"run", "--detach", "--rm", "--label", "fibonacco.testenv",
		"--publish", "127.0.0.1::" + strconv.Itoa(i.port),
	}
	args = append(args, i.options...)
	args = append(args, i.name)
	args = append(args, i.settings...)
	id, err := docker(ctx, args...)
	if err != nil {
		return server{}, err
	}
	stop := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if _, err := docker(ctx, "rm", "--force", "--volumes", id); err != nil {
			say(true, "%v", err)
		}
	}

	published, err := docker(ctx, "port", id, strconv.Itoa(i.port)+"/tcp")
	if err != nil {
		stop()
		return server{}, err
	}
	address, _, _ := strings.Cut(published, "\n")
	for deadline := time.Now().Add(time.Minute); ; {
		err := i.answers(ctx, address)
		if err == nil {
			return server{url: i.url(address), stop: stop}, nil
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			stop()
			return server{}, fmt.Errorf("container of %s does not answer: %w", i.name, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// docker runs the client and returns what it prints, trimmed.
func docker(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "docker", args...).Output()
	if err == nil {
		return strings.TrimSpace(string(out)), nil
	}
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return "", fmt.Errorf("docker %s: %w\n%s", args[0], err, lastLines(string(failed.Stderr), 5))
	}
	return "", fmt.Errorf("docker %s: %w", args[0], err)
}
