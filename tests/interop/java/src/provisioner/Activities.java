package provisioner;

import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.activity.ActivityInterface;
import io.temporal.failure.ApplicationFailure;
import java.util.Set;
import provisioner.FakeProvider.VMState;
import provisioner.Messages.CreateVMOutput;
import provisioner.Messages.DeleteVMOutput;
import provisioner.Messages.NodeSpec;
import provisioner.Messages.PublishOutput;
import provisioner.Messages.WaitOutput;

/** Each does one thing to the world, through the provider. The SDK names them by their methods: CreateVM, ... */
@ActivityInterface
public interface Activities {
  CreateVMOutput createVM(NodeSpec spec);

  WaitOutput waitForVMReady(String nodeId);

  WaitOutput waitForNodeToJoinCluster(String nodeId);

  /** Fails on each first attempt, so that the server has something to retry. */
  PublishOutput publishVMJoined(String nodeId);

  DeleteVMOutput deleteVM(String nodeId);

  void publishVMDeleted(String nodeId);

  /** On VMs in memory. */
  final class OnFakes implements Activities {
    private static final long POLL_INTERVAL_MS = 100;

    private final FakeProvider provider;

    OnFakes(FakeProvider provider) {
      this.provider = provider;
    }

    @Override
    public CreateVMOutput createVM(NodeSpec spec) {
      return new CreateVMOutput(provider.createVM(spec));
    }

    @Override
    public WaitOutput waitForVMReady(String nodeId) {
      return waitFor(nodeId, Set.of(VMState.READY, VMState.JOINED));
    }

    @Override
    public WaitOutput waitForNodeToJoinCluster(String nodeId) {
      return waitFor(nodeId, Set.of(VMState.JOINED));
    }

    @Override
    public PublishOutput publishVMJoined(String nodeId) {
      int attempt = Activity.getExecutionContext().getInfo().getAttempt();
      if (attempt == 1) {
        throw ApplicationFailure.newFailure("the event bus is busy", "Busy");
      }
      provider.publish(nodeId, "VMJoined");
      return new PublishOutput(attempt);
    }

    @Override
    public DeleteVMOutput deleteVM(String nodeId) {
      return new DeleteVMOutput(provider.deleteVM(nodeId));
    }

    @Override
    public void publishVMDeleted(String nodeId) {
      provider.publish(nodeId, "VMDeleted");
    }

    /** Poll until the VM is as wanted. Heartbeats with the number of polls; the next attempt counts on from there. */
    private WaitOutput waitFor(String nodeId, Set<VMState> wanted) {
      ActivityExecutionContext context = Activity.getExecutionContext();
      int pollCount = context.getHeartbeatDetails(Integer.class).orElse(0);
      while (true) {
        pollCount += 1;
        context.heartbeat(pollCount); // throws when the activity is cancelled
        VMState state = provider.state(nodeId);
        if (wanted.contains(state)) {
          return new WaitOutput(pollCount);
        }
        if (state == VMState.BROKEN || state == VMState.GONE) {
          throw ApplicationFailure.newNonRetryableFailure("the VM is " + state, "VMBroken");
        }
        sleep();
      }
    }

    private static void sleep() {
      try {
        Thread.sleep(POLL_INTERVAL_MS);
      } catch (InterruptedException interrupted) {
        throw Activity.wrap(interrupted); // the worker is shutting down
      }
    }
  }
}
