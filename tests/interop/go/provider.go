package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Provider makes and deletes VMs. Every method is idempotent by node id.
type Provider interface {
	CreateVM(ctx context.Context, spec NodeSpec) (vmID string, err error)
	State(ctx context.Context, nodeID string) (VMState, error)
	DeleteVM(ctx context.Context, nodeID string) (wasPresent bool, err error)
	Publish(ctx context.Context, nodeID, event string) error
}

// NodeSpec says what the VM of a node is to be like.
type NodeSpec struct {
	NodeID   string
	IsBroken bool // it never boots
	BootMs   int64
	JoinMs   int64 // after the boot
}

// VMState is what can be seen of a VM from outside.
type VMState string

const (
	Booting VMState = "booting"
	Ready   VMState = "ready"
	Joined  VMState = "joined"
	Broken  VMState = "broken"
	Gone    VMState = "gone"
)

type fakeVM struct {
	id     string
	spec   NodeSpec
	bootAt time.Time
	joinAt time.Time
}

// fakeProvider keeps its VMs in memory, and counts what was done, for the checks.
type fakeProvider struct {
	mutex     sync.Mutex
	vms       map[string]fakeVM
	made      map[string]int
	published map[string][]string
}

func newFakeProvider() *fakeProvider {
	return &fakeProvider{vms: map[string]fakeVM{}, made: map[string]int{}, published: map[string][]string{}}
}

func (p *fakeProvider) CreateVM(_ context.Context, spec NodeSpec) (string, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if vm, exists := p.vms[spec.NodeID]; exists {
		return vm.id, nil
	}
	p.made[spec.NodeID]++
	boot := time.Now().Add(time.Duration(spec.BootMs) * time.Millisecond)
	vm := fakeVM{
		id:     fmt.Sprintf("%s-vm-%d", spec.NodeID, p.made[spec.NodeID]),
		spec:   spec,
		bootAt: boot,
		joinAt: boot.Add(time.Duration(spec.JoinMs) * time.Millisecond),
	}
	p.vms[spec.NodeID] = vm
	return vm.id, nil
}

func (p *fakeProvider) State(_ context.Context, nodeID string) (VMState, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	vm, exists := p.vms[nodeID]
	now := time.Now()
	switch {
	case !exists:
		return Gone, nil
	case now.Before(vm.bootAt):
		return Booting, nil
	case vm.spec.IsBroken:
		return Broken, nil
	case now.Before(vm.joinAt):
		return Ready, nil
	}
	return Joined, nil
}

func (p *fakeProvider) DeleteVM(_ context.Context, nodeID string) (bool, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	_, wasPresent := p.vms[nodeID]
	delete(p.vms, nodeID)
	return wasPresent, nil
}

func (p *fakeProvider) Publish(_ context.Context, nodeID, event string) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	events := p.published[nodeID]
	if len(events) == 0 || events[len(events)-1] != event {
		p.published[nodeID] = append(events, event)
	}
	return nil
}

// seen is what the checks compare.
func (p *fakeProvider) seen(nodeID string) (exists bool, made int, published []string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	_, exists = p.vms[nodeID]
	return exists, p.made[nodeID], append([]string{}, p.published[nodeID]...)
}
