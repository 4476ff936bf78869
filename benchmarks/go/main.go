// Load as users of Go make it: the official Go SDK, client and worker in one process, workflows of one activity.
//
//	go run . -address 127.0.0.1:7233 [-workflows 400] [-one-at-a-time 100]
//
// The same load as benchmarks/_sdk_load.py makes in Python, for about half the CPU. Prints one line of JSON, the fields of
// `Load` there; exit code 1, and no such line, if a workflow fails or answers wrongly.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// pollers of workflow tasks, and as many of activity tasks: as the Python SDK has them by default.
const pollers = 5

func main() {
	address := flag.String("address", "127.0.0.1:7233", "of the server")
	workflows := flag.Int("workflows", 400, "to run, many in flight")
	oneAtATime := flag.Int("one-at-a-time", 100, "to run after them, one after the other")
	flag.Parse()
	measured, err := run(*address, *workflows, *oneAtATime)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(measured)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address string, workflows, oneAtATime int) (load, error) {
	logger := log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	connection, err := client.Dial(client.Options{HostPort: address, Logger: logger})
	if err != nil {
		return load{}, err
	}
	defer connection.Close()

	queue := "go-" + uuid.NewString()[:8]
	worker.SetStickyWorkflowCacheSize(1000)
	w := worker.New(connection, queue, worker.Options{
		MaxConcurrentWorkflowTaskPollers: pollers,
		MaxConcurrentActivityTaskPollers: pollers,
	})
	w.RegisterWorkflow(Greet)
	w.RegisterActivity(greet)
	if err := w.Start(); err != nil {
		return load{}, err
	}
	defer w.Stop()
	return (&driver{client: connection, queue: queue}).measure(context.Background(), workflows, oneAtATime)
}

// Greet is the workflow that is driven.
func Greet(ctx workflow.Context, name string) (string, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	var greeting string
	err := workflow.ExecuteActivity(ctx, greet, name).Get(ctx, &greeting)
	return greeting, err
}

func greet(_ context.Context, name string) (string, error) {
	return "hello " + name, nil
}
