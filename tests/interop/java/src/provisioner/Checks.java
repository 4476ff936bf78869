package provisioner;

import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.enums.v1.WorkflowIdConflictPolicy;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionAlreadyStarted;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowTargetOptions;
import io.temporal.client.WorkflowUpdateException;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import provisioner.FakeProvider.VMState;
import provisioner.Messages.AddNodeInput;
import provisioner.Messages.AddNodeOutput;
import provisioner.Messages.ClusterOutput;
import provisioner.Messages.DeleteNodeInput;
import provisioner.Messages.DeleteNodeOutput;
import provisioner.Messages.NodeSpec;
import provisioner.Workflows.AddNode;
import provisioner.Workflows.Cluster;
import provisioner.Workflows.DeleteNode;

/** What the workflows must have done, as seen by the client and by the provider. */
final class Checks {
  interface Check {
    void run() throws Exception;
  }

  private final WorkflowClient client;
  private final FakeProvider provider;

  Checks(WorkflowClient client, FakeProvider provider) {
    this.client = client;
    this.provider = provider;
  }

  Map<String, Check> all() {
    Map<String, Check> all = new LinkedHashMap<>();
    all.put("AddNode runs its four activities in order and retries one", this::addNode);
    all.put("a second AddNode of a node is refused while the first runs", this::addNodeTwice);
    all.put("DeleteNode terminates the AddNode that runs and undoes it", this::deleteWhileAdding);
    all.put("a broken VM fails AddNode, which undoes what it did", this::brokenVM);
    all.put("a cancelled AddNode undoes what it did", this::cancelled);
    all.put("Cluster adds a node by a child for an update, and finishes at a signal", this::cluster);
    return all;
  }

  private void addNode() {
    AddNode adding = startAdd(NodeSpec.of("java-added", 300, 300));
    expectEqual("the result", resultOf(adding, AddNodeOutput.class), new AddNodeOutput("java-added-vm-1", 2));
    List<String> names = List.of("CreateVM", "WaitForVMReady", "WaitForNodeToJoinCluster", "PublishVMJoined");
    expectEqual("activities", scheduledActivities("java-added"), names);
    expectEqual("the stage", adding.status(), Messages.JOINED);
    expectSeen("java-added", true, List.of("VMJoined"));
  }

  private void addNodeTwice() {
    NodeSpec spec = NodeSpec.of("java-twice", 1_000, 100);
    AddNode adding = startAdd(spec);
    WorkflowExecutionAlreadyStarted refused =
        expectThrown(WorkflowExecutionAlreadyStarted.class, () -> startAdd(spec));
    expectEqual("the run that is in the way", refused.getExecution(), executionOf(adding));
    resultOf(adding, AddNodeOutput.class);
    expectSeen("java-twice", true, List.of("VMJoined"));
  }

  private void deleteWhileAdding() throws InterruptedException {
    AddNode adding = startAdd(NodeSpec.of("java-deleted", 600_000, 0));
    waitForStage(adding, Messages.WAITING_FOR_VM);
    WorkflowOptions options =
        options("java-deleted", WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING);
    DeleteNode deleting = client.newWorkflowStub(DeleteNode.class, options);
    expectEqual("the result", deleting.run(new DeleteNodeInput("java-deleted")), new DeleteNodeOutput(true));
    expectStatus(adding, WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED);
    expectSeen("java-deleted", false, List.of("VMDeleted"));
  }

  private void brokenVM() {
    AddNode adding = startAdd(new NodeSpec("java-broken", 200, 0, true));
    ActivityFailure failure = expectA(ActivityFailure.class, failureOf(adding));
    expectEqual("the type", expectA(ApplicationFailure.class, failure.getCause()).getType(), "VMBroken");
    expectStatus(adding, WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED);
    expectEqual("the stage", adding.status(), Messages.UNDONE);
    expectSeen("java-broken", false, List.of());
  }

  private void cancelled() throws InterruptedException {
    AddNode adding = startAdd(NodeSpec.of("java-cancelled", 100, 600_000));
    waitForStage(adding, Messages.WAITING_FOR_CLUSTER);
    WorkflowStub.fromTyped(adding).cancel();
    expectA(CanceledFailure.class, failureOf(adding));
    expectStatus(adding, WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED);
    expectSeen("java-cancelled", false, List.of());
  }

  private void cluster() {
    WorkflowOptions options = options("java-cluster", WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL);
    Cluster cluster = client.newWorkflowStub(Cluster.class, options);
    WorkflowClient.start(cluster::run);
    NodeSpec broken = new NodeSpec("java-refused", 0, 0, true);
    WorkflowUpdateException refused = expectThrown(WorkflowUpdateException.class, () -> cluster.add(broken));
    expectEqual("the refusal", messageOf(refused.getCause()), "a broken node is not added");
    expectEqual("the answer", cluster.add(NodeSpec.of("java-child", 100, 100)), "java-child-vm-1");
    cluster.finish();
    expectEqual("the result", resultOf(cluster, ClusterOutput.class), new ClusterOutput(List.of("java-child-vm-1")));
    expectSeen("java-child", true, List.of("VMJoined"));
  }

  private AddNode startAdd(NodeSpec spec) {
    WorkflowOptions options = options(spec.nodeId(), WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL);
    AddNode adding = client.newWorkflowStub(AddNode.class, options);
    WorkflowClient.start(adding::run, new AddNodeInput(spec));
    return adding;
  }

  private static WorkflowOptions options(String workflowId, WorkflowIdConflictPolicy conflict) {
    return WorkflowOptions.newBuilder()
        .setWorkflowId(workflowId)
        .setTaskQueue(Messages.TASK_QUEUE)
        .setWorkflowIdConflictPolicy(conflict)
        .build();
  }

  private static WorkflowExecution executionOf(Object stub) {
    return WorkflowStub.fromTyped(stub).getExecution();
  }

  private static <T> T resultOf(Object stub, Class<T> type) {
    return WorkflowStub.fromTyped(stub).getResult(type);
  }

  private static Throwable failureOf(AddNode adding) {
    return expectThrown(WorkflowFailedException.class, () -> resultOf(adding, AddNodeOutput.class)).getCause();
  }

  private static String messageOf(Throwable failure) {
    return expectA(ApplicationFailure.class, failure).getOriginalMessage();
  }

  private static void waitForStage(AddNode adding, String want) throws InterruptedException {
    while (!adding.status().equals(want)) {
      Thread.sleep(50);
    }
  }

  private List<String> scheduledActivities(String workflowId) {
    return client.fetchHistory(workflowId).getEvents().stream()
        .filter(HistoryEvent::hasActivityTaskScheduledEventAttributes)
        .map(event -> event.getActivityTaskScheduledEventAttributes().getActivityType().getName())
        .toList();
  }

  /** Of the run that `adding` started: its own stub describes the workflow's latest. */
  private void expectStatus(AddNode adding, WorkflowExecutionStatus want) {
    WorkflowTargetOptions run = WorkflowTargetOptions.newBuilder().setWorkflowExecution(executionOf(adding)).build();
    expectEqual("the status", client.newUntypedWorkflowStub(run).describe().getStatus(), want);
  }

  private void expectSeen(String nodeId, boolean exists, List<String> events) {
    expectEqual(nodeId + " has a VM", provider.state(nodeId) != VMState.GONE, exists);
    expectEqual("VMs made for " + nodeId, provider.madeCount(nodeId), 1);
    expectEqual("events of " + nodeId, provider.events(nodeId), events);
  }

  private static void expectEqual(String what, Object got, Object want) {
    if (!Objects.equals(got, want)) {
      throw new AssertionError(what + ": expected " + want + ", got " + got);
    }
  }

  private static <T> T expectA(Class<T> type, Throwable got) {
    if (!type.isInstance(got)) {
      throw new AssertionError("expected " + type.getSimpleName() + ", got " + got, got);
    }
    return type.cast(got);
  }

  private static <T extends Throwable> T expectThrown(Class<T> type, Callable<?> call) {
    Object returned;
    try {
      returned = call.call();
    } catch (Exception thrown) {
      return expectA(type, thrown);
    }
    throw new AssertionError("expected " + type.getSimpleName() + ", got the answer " + returned);
  }
}
