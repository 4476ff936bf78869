package main

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

const taskQueue = "node_provisioner"

type AddNodeInput struct{ Spec NodeSpec }
type AddNodeOutput struct {
	VMID    string
	Version workflow.Version
	Publish PublishVMJoinedOutput
}
type DeleteNodeInput struct{ NodeID string }
type DeleteNodeOutput struct{ HadVM bool }

var retry = &temporal.RetryPolicy{
	InitialInterval:        100 * time.Millisecond,
	BackoffCoefficient:     2,
	MaximumInterval:        2 * time.Second,
	NonRetryableErrorTypes: []string{"VMBroken"},
}

func withOptions(ctx workflow.Context, timeout time.Duration, heartbeat time.Duration) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: timeout,
		HeartbeatTimeout:    heartbeat,
		WaitForCancellation: true, // who undoes must not meet a step that is still at work
		RetryPolicy:         retry,
	})
}

// AddNode makes a VM, waits until it is in the cluster, and tells it. What it has done is undone if it fails.
func AddNode(ctx workflow.Context, input AddNodeInput) (output AddNodeOutput, err error) {
	var activities *Activities
	nodeID := input.Spec.NodeID
	stage := "creating VM"
	if err := workflow.SetQueryHandler(ctx, "status", func() (string, error) { return stage, nil }); err != nil {
		return output, err
	}
	defer func() {
		if err != nil {
			// The context of a cancelled workflow starts nothing any more.
			detached, _ := workflow.NewDisconnectedContext(ctx)
			if _, undoErr := undo(detached, nodeID, false); undoErr != nil {
				err = undoErr
			}
			stage = "undone"
		}
	}()

	quick := withOptions(ctx, 10*time.Second, 0)
	waiting := withOptions(ctx, time.Minute, 2*time.Second)
	var created CreateVMOutput
	if err := workflow.ExecuteActivity(quick, activities.CreateVM, CreateVMInput{input.Spec}).Get(ctx, &created); err != nil {
		return output, err
	}
	stage = "waiting for VM"
	wait := WaitForVMReadyInput{nodeID}
	if err := workflow.ExecuteActivity(waiting, activities.WaitForVMReady, wait).Get(ctx, nil); err != nil {
		return output, err
	}

	// Runs from before version 1 published without waiting for the cluster. They go on to do so.
	output.Version = workflow.GetVersion(ctx, "wait-for-cluster", workflow.DefaultVersion, 1)
	if output.Version >= 1 {
		stage = "waiting for cluster"
		join := WaitForNodeToJoinClusterInput{nodeID}
		if err := workflow.ExecuteActivity(waiting, activities.WaitForNodeToJoinCluster, join).Get(ctx, nil); err != nil {
			return output, err
		}
	}
	stage = "publishing"
	publish := PublishVMJoinedInput{nodeID, created.VMID}
	if err := workflow.ExecuteActivity(quick, activities.PublishVMJoined, publish).Get(ctx, &output.Publish); err != nil {
		return output, err
	}
	stage = "joined"
	output.VMID = created.VMID
	return output, nil
}

// DeleteNode undoes AddNode, as far as it came.
func DeleteNode(ctx workflow.Context, input DeleteNodeInput) (DeleteNodeOutput, error) {
	hadVM, err := undo(ctx, input.NodeID, true)
	return DeleteNodeOutput{HadVM: hadVM}, err
}

func undo(ctx workflow.Context, nodeID string, isPublished bool) (bool, error) {
	var activities *Activities
	ctx = withOptions(ctx, 10*time.Second, 0)
	var deleted DeleteVMOutput
	if err := workflow.ExecuteActivity(ctx, activities.DeleteVM, DeleteVMInput{nodeID}).Get(ctx, &deleted); err != nil {
		return false, err
	}
	if !isPublished {
		return deleted.WasPresent, nil
	}
	publish := PublishVMDeletedInput{nodeID}
	return deleted.WasPresent, workflow.ExecuteActivity(ctx, activities.PublishVMDeleted, publish).Get(ctx, nil)
}
