package provisioner;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import provisioner.Messages.NodeSpec;

/** VMs in memory, and counts of what was done with them, for the checks. Every method is idempotent by node id. */
final class FakeProvider {
  enum VMState {
    BOOTING,
    READY,
    JOINED,
    BROKEN,
    GONE
  }

  /** Times are milliseconds since the epoch. */
  private record VM(String id, NodeSpec spec, long bootsAt, long joinsAt) {}

  private final Map<String, VM> vms = new HashMap<>();
  private final Map<String, Integer> madeCounts = new HashMap<>();
  private final Map<String, List<String>> published = new HashMap<>();

  synchronized String createVM(NodeSpec spec) {
    VM existing = vms.get(spec.nodeId());
    if (existing != null) {
      return existing.id();
    }
    int made = madeCounts.merge(spec.nodeId(), 1, Integer::sum);
    long bootsAt = System.currentTimeMillis() + spec.bootMs();
    VM vm = new VM(spec.nodeId() + "-vm-" + made, spec, bootsAt, bootsAt + spec.joinMs());
    vms.put(spec.nodeId(), vm);
    return vm.id();
  }

  synchronized VMState state(String nodeId) {
    VM vm = vms.get(nodeId);
    long now = System.currentTimeMillis();
    if (vm == null) {
      return VMState.GONE;
    }
    if (now < vm.bootsAt()) {
      return VMState.BOOTING;
    }
    if (vm.spec().isBroken()) {
      return VMState.BROKEN;
    }
    return now < vm.joinsAt() ? VMState.READY : VMState.JOINED;
  }

  synchronized boolean deleteVM(String nodeId) {
    return vms.remove(nodeId) != null;
  }

  synchronized void publish(String nodeId, String event) {
    List<String> events = published.computeIfAbsent(nodeId, key -> new ArrayList<>());
    if (events.isEmpty() || !events.get(events.size() - 1).equals(event)) {
      events.add(event);
    }
  }

  synchronized int madeCount(String nodeId) {
    return madeCounts.getOrDefault(nodeId, 0);
  }

  synchronized List<String> events(String nodeId) {
    return List.copyOf(published.getOrDefault(nodeId, List.of()));
  }
}
