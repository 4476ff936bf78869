package provisioner;

import io.temporal.client.WorkflowClient;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import provisioner.Checks.Check;

/**
 * The node provisioner with the official Java SDK.
 *
 * <pre>java -cp ... provisioner.Main 127.0.0.1:7233 [180]</pre>
 *
 * The second argument lets worker and client stand idle for so many seconds before the checks, for their connection to
 * be found alive afterwards.
 *
 * <p>Starts a worker, runs all checks at once and prints a line for each. Exit code 0: every check holds.
 */
public final class Main {
  private static final Duration LIMIT = Duration.ofSeconds(45); // for all checks together

  public static void main(String[] arguments) throws InterruptedException {
    long idleMs = arguments.length > 1 ? Math.round(1_000 * Double.parseDouble(arguments[1])) : 0;
    WorkflowServiceStubs service =
        WorkflowServiceStubs.newServiceStubs(
            WorkflowServiceStubsOptions.newBuilder().setTarget(arguments[0]).build());
    WorkflowClient client = WorkflowClient.newInstance(service);
    FakeProvider provider = new FakeProvider();
    WorkerFactory factory = startWorker(client, provider);
    Thread.sleep(idleMs);
    boolean allHold = runAll(new Checks(client, provider).all());
    factory.shutdownNow();
    service.shutdownNow();
    System.exit(allHold ? 0 : 1);
  }

  private static WorkerFactory startWorker(WorkflowClient client, FakeProvider provider) {
    WorkerFactory factory = WorkerFactory.newInstance(client);
    Worker worker = factory.newWorker(Messages.TASK_QUEUE);
    worker.registerWorkflowImplementationTypes(
        Workflows.AddNodeRun.class, Workflows.DeleteNodeRun.class, Workflows.ClusterRun.class);
    worker.registerActivitiesImplementations(new Activities.OnFakes(provider));
    factory.start();
    return factory;
  }

  private static boolean runAll(Map<String, Check> checks) {
    ExecutorService threads = Executors.newCachedThreadPool();
    Map<String, Future<?>> running = new LinkedHashMap<>();
    checks.forEach((name, check) -> running.put(name, threads.submit(() -> {
      check.run();
      return null;
    })));
    long deadline = System.nanoTime() + LIMIT.toNanos();
    boolean allHold = true;
    for (Map.Entry<String, Future<?>> each : running.entrySet()) {
      allHold &= holds(each.getKey(), each.getValue(), deadline);
    }
    return allHold;
  }

  private static boolean holds(String name, Future<?> running, long deadline) {
    try {
      running.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (Exception failure) {
      System.err.println("FAILED " + name);
      failure.printStackTrace();
      return false;
    }
    System.out.println("ok     " + name);
    return true;
  }

  private Main() {}
}
