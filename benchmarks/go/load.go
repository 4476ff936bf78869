package main

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
)

const (
	inFlight    = 50
	warmUpCount = 20
)

// load is what the client saw. Latencies are of whole workflows, from start to result, in milliseconds.
type load struct {
	WorkflowsPerS    float64   `json:"workflows_per_s"`
	InFlightMs       []float64 `json:"in_flight_ms"`
	OneAtATimeMs     []float64 `json:"one_at_a_time_ms"`
	CPUMsPerWorkflow float64   `json:"cpu_ms_per_workflow"` // of this process, while many were in flight
}

type driver struct {
	client client.Client
	queue  string
}

func (d *driver) measure(ctx context.Context, workflows, oneAtATime int) (load, error) {
	if _, err := d.inLanes(ctx, min(warmUpCount, workflows)); err != nil {
		return load{}, err
	}
	began, cpuMs := time.Now(), processCPUMs()
	inFlightMs, err := d.inLanes(ctx, workflows)
	if err != nil {
		return load{}, err
	}
	measured := load{
		WorkflowsPerS:    float64(workflows) / time.Since(began).Seconds(),
		InFlightMs:       inFlightMs,
		OneAtATimeMs:     make([]float64, oneAtATime),
		CPUMsPerWorkflow: (processCPUMs() - cpuMs) / float64(workflows),
	}
	for i := range measured.OneAtATimeMs {
		if measured.OneAtATimeMs[i], err = d.one(ctx); err != nil {
			return load{}, err
		}
	}
	return measured, nil
}

// one runs one workflow, checks its result, and returns how long it took in milliseconds.
func (d *driver) one(ctx context.Context) (float64, error) {
	began := time.Now()
	options := client.StartWorkflowOptions{ID: "go-" + uuid.NewString(), TaskQueue: d.queue}
	started, err := d.client.ExecuteWorkflow(ctx, options, Greet, "world")
	if err != nil {
		return 0, err
	}
	var result string
	if err := started.Get(ctx, &result); err != nil {
		return 0, err
	}
	if result != "hello world" {
		return 0, fmt.Errorf("expected \"hello world\", got %q", result)
	}
	return time.Since(began).Seconds() * 1000, nil
}

// inLanes runs count workflows, inFlight at a time; the first error ends it.
func (d *driver) inLanes(ctx context.Context, count int) ([]float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	waiting := make(chan int, count)
	for i := range count {
		waiting <- i
	}
	close(waiting)

	ms := make([]float64, count)
	var lanes sync.WaitGroup
	for range inFlight {
		lanes.Go(func() {
			for i := range waiting {
				var err error
				if ms[i], err = d.one(ctx); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	lanes.Wait()
	return ms, context.Cause(ctx)
}

// processCPUMs is the CPU time of this process so far, of user and kernel, in milliseconds.
func processCPUMs() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // cannot be for RUSAGE_SELF
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6
}
