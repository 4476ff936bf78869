package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

// failOnce fails the first time it is asked about a node.
type failOnce struct{ asked sync.Map }

func (f *failOnce) failsNow(nodeID string) bool {
	_, wasAsked := f.asked.LoadOrStore(nodeID, true)
	return !wasAsked
}

type checks struct {
	client   client.Client
	provider *fakeProvider
}

type check struct {
	name string
	run  func(context.Context) error
}

func (c *checks) all() []check {
	return []check{
		{"AddNode runs its four activities in order and retries one", c.addNode},
		{"a second AddNode of a node is refused while the first runs", c.addNodeTwice},
		{"DeleteNode terminates the AddNode that runs and undoes it", c.deleteWhileAdding},
		{"a broken VM fails AddNode, which undoes what it did", c.brokenVM},
		{"a cancelled AddNode undoes what it did", c.cancelled},
	}
}

func (c *checks) addNode(ctx context.Context) error {
	run, err := c.startAdd(ctx, NodeSpec{NodeID: "go-added", BootMs: 300, JoinMs: 300})
	if err != nil {
		return err
	}
	var output AddNodeOutput
	if err := run.Get(ctx, &output); err != nil {
		return err
	}
	want := AddNodeOutput{VMID: "go-added-vm-1", Version: 1, Publish: PublishVMJoinedOutput{Attempt: 2}}
	names, err := c.scheduledActivities(ctx, run)
	return errors.Join(
		err,
		expectEqual("the result", output, want),
		expectEqual("activities", names, []string{"CreateVM", "WaitForVMReady", "WaitForNodeToJoinCluster", "PublishVMJoined"}),
		c.expectSeen("go-added", true, 1, []string{"VMJoined"}),
		c.expectStage(ctx, run, "joined"),
	)
}

func (c *checks) addNodeTwice(ctx context.Context) error {
	spec := NodeSpec{NodeID: "go-twice", BootMs: 1_000, JoinMs: 100}
	run, err := c.startAdd(ctx, spec)
	if err != nil {
		return err
	}
	_, err = c.startAdd(ctx, spec)
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if !errors.As(err, &started) {
		return fmt.Errorf("expected WorkflowExecutionAlreadyStarted, got %v", err)
	}
	return errors.Join(
		expectEqual("the run that is in the way", started.RunId, run.GetRunID()),
		run.Get(ctx, nil),
		c.expectSeen("go-twice", true, 1, []string{"VMJoined"}),
	)
}

func (c *checks) deleteWhileAdding(ctx context.Context) error {
	adding, err := c.startAdd(ctx, NodeSpec{NodeID: "go-deleted", BootMs: 600_000})
	if err != nil {
		return err
	}
	if err := c.waitForStage(ctx, adding, "waiting for VM"); err != nil {
		return err
	}
	deleting, err := c.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       "go-deleted",
		TaskQueue:                taskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
	}, DeleteNode, DeleteNodeInput{NodeID: "go-deleted"})
	if err != nil {
		return err
	}
	var output DeleteNodeOutput
	err = deleting.Get(ctx, &output)
	return errors.Join(
		err,
		expectEqual("the result", output, DeleteNodeOutput{HadVM: true}),
		c.expectStatus(ctx, adding, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED),
		c.expectSeen("go-deleted", false, 1, []string{"VMDeleted"}),
	)
}

func (c *checks) brokenVM(ctx context.Context) error {
	run, err := c.startAdd(ctx, NodeSpec{NodeID: "go-broken", IsBroken: true, BootMs: 200})
	if err != nil {
		return err
	}
	err = run.Get(ctx, nil)
	var failure *temporal.ApplicationError
	if !errors.As(err, &failure) || failure.Type() != "VMBroken" {
		return fmt.Errorf("expected the failure VMBroken, got %v", err)
	}
	return errors.Join(
		c.expectStatus(ctx, run, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED),
		c.expectSeen("go-broken", false, 1, []string{}),
		c.expectStage(ctx, run, "undone"),
	)
}

func (c *checks) cancelled(ctx context.Context) error {
	run, err := c.startAdd(ctx, NodeSpec{NodeID: "go-cancelled", BootMs: 100, JoinMs: 600_000})
	if err != nil {
		return err
	}
	if err := c.waitForStage(ctx, run, "waiting for cluster"); err != nil {
		return err
	}
	if err := c.client.CancelWorkflow(ctx, run.GetID(), run.GetRunID()); err != nil {
		return err
	}
	err = run.Get(ctx, nil)
	if !temporal.IsCanceledError(err) {
		return fmt.Errorf("expected a cancellation, got %v", err)
	}
	return errors.Join(
		c.expectStatus(ctx, run, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED),
		c.expectSeen("go-cancelled", false, 1, []string{}),
	)
}

func (c *checks) startAdd(ctx context.Context, spec NodeSpec) (client.WorkflowRun, error) {
	return c.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       spec.NodeID,
		TaskQueue:                                taskQueue,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, AddNode, AddNodeInput{Spec: spec})
}

func (c *checks) stage(ctx context.Context, run client.WorkflowRun) (string, error) {
	answer, err := c.client.QueryWorkflow(ctx, run.GetID(), run.GetRunID(), "status")
	if err != nil {
		return "", err
	}
	var stage string
	return stage, answer.Get(&stage)
}

func (c *checks) waitForStage(ctx context.Context, run client.WorkflowRun, want string) error {
	for {
		stage, err := c.stage(ctx, run)
		if err != nil || stage == want {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is still %q, expected %q: %w", run.GetID(), stage, want, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (c *checks) expectStage(ctx context.Context, run client.WorkflowRun, want string) error {
	stage, err := c.stage(ctx, run)
	return errors.Join(err, expectEqual("the stage", stage, want))
}

func (c *checks) expectStatus(ctx context.Context, run client.WorkflowRun, want enumspb.WorkflowExecutionStatus) error {
	described, err := c.client.DescribeWorkflowExecution(ctx, run.GetID(), run.GetRunID())
	if err != nil {
		return err
	}
	return expectEqual("the status", described.GetWorkflowExecutionInfo().GetStatus(), want)
}

func (c *checks) expectSeen(nodeID string, exists bool, made int, published []string) error {
	hasVM, timesMade, events := c.provider.seen(nodeID)
	return errors.Join(
		expectEqual(nodeID+" has a VM", hasVM, exists),
		expectEqual("VMs made for "+nodeID, timesMade, made),
		expectEqual("events of "+nodeID, events, published),
	)
}

func (c *checks) scheduledActivities(ctx context.Context, run client.WorkflowRun) ([]string, error) {
	names := []string{}
	events := c.client.GetWorkflowHistory(ctx, run.GetID(), run.GetRunID(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return nil, err
		}
		if scheduled := event.GetActivityTaskScheduledEventAttributes(); scheduled != nil {
			names = append(names, scheduled.GetActivityType().GetName())
		}
	}
	return names, nil
}

func expectEqual(what string, got, want any) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s: expected %v, got %v", what, want, got)
	}
	return nil
}
