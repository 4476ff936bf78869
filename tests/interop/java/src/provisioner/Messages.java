package provisioner;

import java.util.List;

/** What workflows and activities are given and give back, and names. Public: the proxies of the SDK use them. */
public final class Messages {
  static final String TASK_QUEUE = "node_provisioner";

  static final String CREATING_VM = "creating VM";
  static final String WAITING_FOR_VM = "waiting for VM";
  static final String WAITING_FOR_CLUSTER = "waiting for cluster";
  static final String PUBLISHING = "publishing";
  static final String JOINED = "joined";
  static final String UNDONE = "undone";

  /** `joinMs` counts from the boot; a broken VM never boots. */
  public record NodeSpec(String nodeId, long bootMs, long joinMs, boolean isBroken) {
    static NodeSpec of(String nodeId, long bootMs, long joinMs) {
      return new NodeSpec(nodeId, bootMs, joinMs, false);
    }
  }

  public record AddNodeInput(NodeSpec spec) {}

  public record AddNodeOutput(String vmId, int publishAttempt) {}

  public record DeleteNodeInput(String nodeId) {}

  public record DeleteNodeOutput(boolean hadVm) {}

  public record ClusterOutput(List<String> vmIds) {}

  public record CreateVMOutput(String vmId) {}

  public record WaitOutput(int pollCount) {}

  public record PublishOutput(int attempt) {}

  public record DeleteVMOutput(boolean wasPresent) {}

  private Messages() {}
}
