using System.Globalization;
using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.EndToEnd.Worker.Posix;
using FtpMount.EndToEnd.Worker.Session;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Model;

/// <summary>
/// Random operations against a model (see <see cref="FtpMount.EndToEnd.Worker.Model.ModelRun"/>). <c>FTPMOUNT_FSX_OPERATIONS</c> says how many per
/// server (20,000 by default), <c>FTPMOUNT_FSX_SEED</c> which; a failure names its seed.
/// </summary>
public sealed class ModelTests
{
    private const int LocalOperations = 20_000;
    private const int DefaultOperations = 20_000;

    /// <summary>Without a sign of progress, which comes every 100 operations.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    public static TheoryData<FtpServerKind> Servers => [.. FtpServerKinds.All];

    [Fact]
    public async Task Random_operations_on_a_local_directory_agree_with_the_model()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The operations are system calls of Linux");
        string folder = Directory.CreateTempSubdirectory("ftpmount-e2e-local-").FullName;
        try
        {
            await RunAsync(Path.Combine(folder, "run"), Path.Combine(folder, "run"), LocalOperations);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Random_operations_through_the_mount_agree_with_the_model(FtpServerKind kind)
    {
        MountProgram.SkipUnlessPresent();
        Assert.SkipUnless(FtpServerKinds.IsAvailable(kind, out string reason), reason);
        await using FtpTestServer server = await FtpTestServer.StartAsync(kind);
        await using Mount mount = await Mount.StartAsync(server);
        await RunAsync(mount.PathOf("run"), Path.Combine(server.RootDirectory, "run"), Setting("FTPMOUNT_FSX_OPERATIONS") ?? DefaultOperations);
        await mount.UnmountAsync();
    }

    private static async Task RunAsync(string directory, string serverDirectory, int operations)
    {
        int seed = Setting("FTPMOUNT_FSX_SEED") ?? Random.Shared.Next(1_000_000);
        TestContext.Current.TestOutputHelper?.WriteLine($"Seed {seed}, {operations} operations");
        await using WorkerProcess worker = WorkerProcess.Start();
        long step = 0;
        try
        {
            WorkerReply reply = await worker.CallAsync(
                new WorkerRequest
                {
                    Operation = "model",
                    Path = ((FilePath)directory).Bytes.ToArray(),
                    OtherPath = ((FilePath)serverDirectory).Bytes.ToArray(),
                    Length = operations,
                    Seed = seed,
                },
                Limit,
                progress => step = progress);
            Assert.True(reply.Actual is null, $"FTPMOUNT_FSX_SEED={seed}: {reply.Text}");
        }
        catch (WorkerHungException hung)
        {
            Assert.Fail($"FTPMOUNT_FSX_SEED={seed}: {hung.Message}, between operations {step} and {step + 100}");
        }
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? int.Parse(value, CultureInfo.InvariantCulture) : null;
}
