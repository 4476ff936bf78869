package main

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
)

const pollInterval = 100 * time.Millisecond

// Activities do one thing to the world each, through the provider. Exported methods are registered by their names.
type Activities struct {
	Provider Provider
	flaky    *failOnce
}

type CreateVMInput struct{ Spec NodeSpec }
type CreateVMOutput struct{ VMID string }

type WaitForVMReadyInput struct{ NodeID string }
type WaitForVMReadyOutput struct{ Polls int }

type WaitForNodeToJoinClusterInput struct{ NodeID string }
type WaitForNodeToJoinClusterOutput struct{ Polls int }

type PublishVMJoinedInput struct{ NodeID, VMID string }
type PublishVMJoinedOutput struct{ Attempt int32 }

type DeleteVMInput struct{ NodeID string }
type DeleteVMOutput struct{ WasPresent bool }

type PublishVMDeletedInput struct{ NodeID string }
type PublishVMDeletedOutput struct{}

func (a *Activities) CreateVM(ctx context.Context, input CreateVMInput) (CreateVMOutput, error) {
	vmID, err := a.Provider.CreateVM(ctx, input.Spec)
	return CreateVMOutput{VMID: vmID}, err
}

func (a *Activities) WaitForVMReady(ctx context.Context, input WaitForVMReadyInput) (WaitForVMReadyOutput, error) {
	polls, err := a.waitFor(ctx, input.NodeID, func(state VMState) bool { return state == Ready || state == Joined })
	return WaitForVMReadyOutput{Polls: polls}, err
}

func (a *Activities) WaitForNodeToJoinCluster(
	ctx context.Context, input WaitForNodeToJoinClusterInput,
) (WaitForNodeToJoinClusterOutput, error) {
	polls, err := a.waitFor(ctx, input.NodeID, func(state VMState) bool { return state == Joined })
	return WaitForNodeToJoinClusterOutput{Polls: polls}, err
}

// PublishVMJoined fails on the first attempt for each node, so that the server has something to retry.
func (a *Activities) PublishVMJoined(ctx context.Context, input PublishVMJoinedInput) (PublishVMJoinedOutput, error) {
	if a.flaky.failsNow(input.NodeID) {
		return PublishVMJoinedOutput{}, temporal.NewApplicationError("the event bus is busy", "Busy")
	}
	attempt := activity.GetInfo(ctx).Attempt
	return PublishVMJoinedOutput{Attempt: attempt}, a.Provider.Publish(ctx, input.NodeID, "VMJoined")
}

func (a *Activities) DeleteVM(ctx context.Context, input DeleteVMInput) (DeleteVMOutput, error) {
	wasPresent, err := a.Provider.DeleteVM(ctx, input.NodeID)
	return DeleteVMOutput{WasPresent: wasPresent}, err
}

func (a *Activities) PublishVMDeleted(ctx context.Context, input PublishVMDeletedInput) (PublishVMDeletedOutput, error) {
	return PublishVMDeletedOutput{}, a.Provider.Publish(ctx, input.NodeID, "VMDeleted")
}

// waitFor polls until the VM is as wanted. It heartbeats with the number of polls, and the next attempt counts on.
func (a *Activities) waitFor(ctx context.Context, nodeID string, isWanted func(VMState) bool) (int, error) {
	polls := 0
	if activity.HasHeartbeatDetails(ctx) {
		if err := activity.GetHeartbeatDetails(ctx, &polls); err != nil {
			return 0, err
		}
	}
	for {
		polls++
		activity.RecordHeartbeat(ctx, polls)
		state, err := a.Provider.State(ctx, nodeID)
		switch {
		case err != nil:
			return polls, err
		case isWanted(state):
			return polls, nil
		case state == Broken || state == Gone:
			return polls, temporal.NewNonRetryableApplicationError("the VM is "+string(state), "VMBroken", nil)
		}
		select {
		case <-ctx.Done():
			return polls, ctx.Err()
		case <-time.After(pollInterval):
		}
	}
}
