// The node provisioner in Go, with the official Go SDK: a worker, a client, and checks of what they get from a server.
//
//	go run . -address 127.0.0.1:7233 [-idle 3m]
//
// -idle lets worker and client stand idle before the checks, for their connection to be found alive afterwards.
// The same workflows, AddNode and DeleteNode on task queue node_provisioner, are in Python in
// examples/node_provisioner; here the VMs are fakes in memory. Exit code 0: every check holds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
)

func main() {
	address := flag.String("address", "127.0.0.1:7233", "of the server")
	namespace := flag.String("namespace", "default", "to work in")
	limit := flag.Duration("limit", 30*time.Second, "for all checks together")
	idle := flag.Duration("idle", 0, "before the checks")
	flag.Parse()
	if err := run(*address, *namespace, *idle, *limit); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address, namespace string, idle, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), idle+limit)
	defer cancel()
	logger := log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	connection, err := client.Dial(client.Options{HostPort: address, Namespace: namespace, Logger: logger})
	if err != nil {
		return err
	}
	defer connection.Close()

	provider := newFakeProvider()
	w := worker.New(connection, taskQueue, worker.Options{})
	w.RegisterWorkflow(AddNode)
	w.RegisterWorkflow(DeleteNode)
	w.RegisterActivity(&Activities{Provider: provider, flaky: &failOnce{}})
	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()
	time.Sleep(idle)
	return runAll(ctx, (&checks{client: connection, provider: provider}).all())
}

// runAll runs the checks side by side and prints a line for each.
func runAll(ctx context.Context, all []check) error {
	results := make([]error, len(all))
	var group sync.WaitGroup
	for i, each := range all {
		group.Add(1)
		go func() {
			defer group.Done()
			results[i] = each.run(ctx)
		}()
	}
	group.Wait()
	for i, each := range all {
		if results[i] == nil {
			fmt.Println("ok    ", each.name)
		} else {
			fmt.Println("FAILED", each.name)
			results[i] = fmt.Errorf("%s: %w", each.name, results[i])
		}
	}
	return errors.Join(results...)
}
