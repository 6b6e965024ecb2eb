using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;

namespace FtpMount.EndToEnd.Tests.Faults;

/// <summary>A short run of <c>scripts/chaos.sh</c>: kills of the program and cuts of its sessions at random points, while programs work on the mount and know what it must hold.</summary>
public sealed class ChaosTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    public static TheoryData<string> Servers => TestServers.FtpServerKinds.IsAvailable(TestServers.FtpServerKind.PureFtpd, out _)
        ? ["vsftpd", "proftpd", "pureftpd", "openssh"]
        : ["vsftpd"];

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Nothing_is_lost_when_the_program_is_killed_and_its_sessions_are_cut_at_random(string server)
    {
        MountProgram.SkipUnlessPresent();
        Assert.SkipUnless(MountProgram.Command.Length == 1, "The program must be built by scripts/build.sh");
        ProgramResult result = await ProgramRun.RunAsync(
            Limit,
            new Dictionary<string, string> { ["FTPMOUNT"] = MountProgram.Command[0] },
            Path.Combine(MountProgram.RepositoryRoot, "scripts", "chaos.sh"),
            "--servers", server, "--seed", "1", "--cycles", "3");
        result.MustSucceed();
        Assert.Contains("nothing lost", result.Output, StringComparison.Ordinal);
    }
}
