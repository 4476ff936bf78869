package provisioner;

import io.temporal.activity.ActivityCancellationType;
import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import io.temporal.failure.TemporalFailure;
import io.temporal.workflow.ChildWorkflowOptions;
import io.temporal.workflow.QueryMethod;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.UpdateMethod;
import io.temporal.workflow.UpdateValidatorMethod;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import provisioner.Messages.AddNodeInput;
import provisioner.Messages.AddNodeOutput;
import provisioner.Messages.ClusterOutput;
import provisioner.Messages.DeleteNodeInput;
import provisioner.Messages.DeleteNodeOutput;
import provisioner.Messages.NodeSpec;

/** AddNode, DeleteNode, and Cluster, which adds nodes as it is told. */
final class Workflows {
  private static final RetryOptions RETRY =
      RetryOptions.newBuilder()
          .setInitialInterval(Duration.ofMillis(100))
          .setMaximumInterval(Duration.ofSeconds(2))
          .setDoNotRetry("VMBroken")
          .build();

  private static final ActivityOptions QUICK =
      ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(10)).setRetryOptions(RETRY).build();

  /** Whoever undoes must not meet an activity that is still at work. */
  private static final ActivityOptions WAITING =
      ActivityOptions.newBuilder()
          .setStartToCloseTimeout(Duration.ofMinutes(1))
          .setHeartbeatTimeout(Duration.ofSeconds(2))
          .setCancellationType(ActivityCancellationType.WAIT_CANCELLATION_COMPLETED)
          .setRetryOptions(RETRY)
          .build();

  @WorkflowInterface
  public interface AddNode {
    @WorkflowMethod
    AddNodeOutput run(AddNodeInput input);

    @QueryMethod
    String status();
  }

  @WorkflowInterface
  public interface DeleteNode {
    @WorkflowMethod
    DeleteNodeOutput run(DeleteNodeInput input);
  }

  @WorkflowInterface
  public interface Cluster {
    @WorkflowMethod
    ClusterOutput run();

    /** Returns the id of the node's VM once it has joined. */
    @UpdateMethod
    String add(NodeSpec spec);

    @UpdateValidatorMethod(updateName = "add")
    void validateAdd(NodeSpec spec);

    @SignalMethod
    void finish();
  }

  /** What it has done is undone if it fails or is cancelled. */
  public static final class AddNodeRun implements AddNode {
    private final Activities quick = Workflow.newActivityStub(Activities.class, QUICK);
    private final Activities waiting = Workflow.newActivityStub(Activities.class, WAITING);
    private String stage = Messages.CREATING_VM;

    @Override
    public AddNodeOutput run(AddNodeInput input) {
      String nodeId = input.spec().nodeId();
      try {
        return add(input.spec());
      } catch (TemporalFailure failure) {
        // A cancelled scope starts nothing any more.
        Workflow.newDetachedCancellationScope(() -> quick.deleteVM(nodeId)).run();
        stage = Messages.UNDONE;
        throw failure;
      }
    }

    private AddNodeOutput add(NodeSpec spec) {
      String vmId = quick.createVM(spec).vmId();
      stage = Messages.WAITING_FOR_VM;
      waiting.waitForVMReady(spec.nodeId());
      // Runs from before version 1 published without waiting for the cluster. They go on to do so.
      if (Workflow.getVersion("wait-for-cluster", Workflow.DEFAULT_VERSION, 1) >= 1) {
        stage = Messages.WAITING_FOR_CLUSTER;
        waiting.waitForNodeToJoinCluster(spec.nodeId());
      }
      stage = Messages.PUBLISHING;
      int attempt = quick.publishVMJoined(spec.nodeId()).attempt();
      stage = Messages.JOINED;
      return new AddNodeOutput(vmId, attempt);
    }

    @Override
    public String status() {
      return stage;
    }
  }

  /** Undoes AddNode, as far as it came. */
  public static final class DeleteNodeRun implements DeleteNode {
    private final Activities quick = Workflow.newActivityStub(Activities.class, QUICK);

    @Override
    public DeleteNodeOutput run(DeleteNodeInput input) {
      boolean wasPresent = quick.deleteVM(input.nodeId()).wasPresent();
      quick.publishVMDeleted(input.nodeId());
      return new DeleteNodeOutput(wasPresent);
    }
  }

  /** Adds each node by a child workflow with the node's id. */
  public static final class ClusterRun implements Cluster {
    private final List<String> vmIds = new ArrayList<>();
    private boolean isFinished = false;

    @Override
    public ClusterOutput run() {
      Workflow.await(() -> isFinished && Workflow.isEveryHandlerFinished());
      return new ClusterOutput(vmIds);
    }

    @Override
    public String add(NodeSpec spec) {
      ChildWorkflowOptions options = ChildWorkflowOptions.newBuilder().setWorkflowId(spec.nodeId()).build();
      String vmId = Workflow.newChildWorkflowStub(AddNode.class, options).run(new AddNodeInput(spec)).vmId();
      vmIds.add(vmId);
      return vmId;
    }

    @Override
    public void validateAdd(NodeSpec spec) {
      if (spec.isBroken()) {
        throw new IllegalArgumentException("a broken node is not added");
      }
    }

    @Override
    public void finish() {
      isFinished = true;
    }
  }

  private Workflows() {}
}
